import BenchmarkSupport
import Hawse

/// Prints the headline figures as Markdown: CPU time, medians over rounds, with the spread.
@main
struct Figures {
    static func main() throws {
        let quick = CommandLine.arguments.contains("--quick")
        print("| what | ns (median) | least – most |")
        print("|---|---|---|")
        if CommandLine.arguments.contains("--profile") {
            let load = try EstablishedLoad(KubeNode(services: 1000), flows: 10_000)
            row("established packet, 10000 flows", CPUClock.measure(rounds: 300, items: load.traffic.count) { load.round() })
            return
        }
        if CommandLine.arguments.contains("--ipvs") {
            try IPVSFigures.print(quick)
            return
        }
        if CommandLine.arguments.contains("--cluster") {
            try cluster()
            return
        }
        if let index = CommandLine.arguments.firstIndex(of: "--profile-of"), index + 1 < CommandLine.arguments.count {
            try profile(CommandLine.arguments[index + 1])
            return
        }
        if CommandLine.arguments.contains("--whole") {
            try wholePath(quick)
            return
        }
        if CommandLine.arguments.contains("--traced") {
            try traced()
            return
        }
        if CommandLine.arguments.contains("--growth") {
            try growth()
            return
        }
        if CommandLine.arguments.contains("--rules") {
            try rules()
            return
        }
        if CommandLine.arguments.contains("--load") {
            try load(quick)
            try loadSets()
            return
        }
        if CommandLine.arguments.contains("--change") {
            try change(quick)
            return
        }
        if CommandLine.arguments.contains("--control") {
            try control(quick)
            return
        }
        if CommandLine.arguments.contains("--first") {
            try firstPacket(quick)
            return
        }
        try established(quick)
        try overlay()
        try firstPacket(quick)
        try load(quick)
        try change(quick)
        try control(quick)
        try traced()
        try growth()
        try rules()
        memory()
    }

    static func row(_ what: String, _ figure: (median: Double, least: Double, most: Double)) {
        func text(_ value: Double) -> String { "\((value * 10).rounded() / 10)" }
        print("| \(what) | \(text(figure.median)) | \(text(figure.least)) – \(text(figure.most)) |")
    }

    static func established(_ quick: Bool) throws {
        for flows in quick ? [10_000] : [10_000, 100_000, 1_000_000] {
            for cached in [true, false] {
                let load = try EstablishedLoad(KubeNode(services: 1000), flows: flows)
                load.node.usesFlowCache = cached
                load.round()
                let figure = CPUClock.measure(rounds: flows > 100_000 ? 3 : 7, items: load.traffic.count) { load.round() }
                row("established packet, whole node, \(flows) flows, flow cache \(cached ? "on" : "off")", figure)
            }
        }
        let ipvs = try EstablishedLoad(KubeNode(services: 10, endpoints: 100, mode: .ipvs, scheduler: "mh"), flows: 10_000)
        row("established packet, IPVS mode (mh, 100 destinations), 10000 flows", CPUClock.measure(items: ipvs.traffic.count) { ipvs.round() })
    }

    static func overlay() throws {
        let plain = try EstablishedLoad(KubeNode(services: 1000), flows: 10_000, replies: false)
        row("established packet, requests only, routed", CPUClock.measure(items: plain.traffic.count) { plain.round() })
        let vxlan = try EstablishedLoad(KubeNode(services: 1000, path: .overlay), flows: 10_000, replies: false)
        row("established packet, requests only, encapsulated", CPUClock.measure(items: vxlan.traffic.count) { vxlan.round() })
    }

    static func spread(_ times: [Double], _ unit: Double) -> (median: Double, least: Double, most: Double) {
        let sorted = times.map { $0 / unit }.sorted()
        return (sorted[sorted.count / 2], sorted[0], sorted[sorted.count - 1])
    }

    static func memory() {
        guard let load = try? EstablishedLoad(KubeNode(services: 1000), flows: 100_000) else { return }
        let usage = load.node.connectionUsage
        print("| memory a connection, 100000 flows | \(usage.bytes / max(usage.count, 1)) bytes | |")
    }
}
