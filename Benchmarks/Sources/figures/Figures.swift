import BenchmarkSupport
import Hawse

#if canImport(Glibc)
import Glibc
#endif

/// Measures the headline figures: CPU time of a thread, medians over rounds, with the spread. Prints them as Markdown;
/// with `--write FOLDER` also puts them into the folder's Benchmarks.md and draws how they grow.
///
/// `--quick` measures less of each; the name of a part measures that part alone. With `--check` a ratio that is not what it
/// must be ends the program with status 1: ratios of one run hold on any machine, times do not.
@main
struct Figures {
    nonisolated(unsafe) static var report = Report()
    /// Ratios that are not what they must be.
    nonisolated(unsafe) private static var missed: [String] = []

    private static var parts: [(name: String, measure: (Bool) throws -> Void)] { [
        ("whole", established), ("overlay", { _ in try overlay() }), ("traced", { _ in try traced() }), ("first", firstPacket),
        ("ipvs", IPVSFigures.print), ("cluster", { quick in
            try cluster()
            try cluster(nodes: quick ? 500 : 5000, services: 1000)
        }), ("mixed", wholePath), ("change", change),
        ("control", control), ("load", { try load($0); try loadSets() }), ("capture", capture), ("shards", shards), ("memory", { _ in memory() }),
        ("growth", curves), ("pauses", { _ in try growth() }), ("rules", { _ in try rules() }),
    ] }

    static func main() throws {
        let words = CommandLine.arguments.dropFirst().map { $0.hasPrefix("--") ? String($0.dropFirst(2)) : $0 }
        if words.first == "profile" { return try profile() }
        if words.first == "profile-of", words.count == 2 { return try profile(words[1]) }
        if words.first == "export", words.count == 2 { return try export(to: words[1]) }
        if words.first == "export-first", words.count == 3, let services = Int(words[2]) {
            return try exportFirst(to: words[1], services: services)
        }
        let quick = words.contains("quick")
        let chosen = parts.filter { words.contains($0.name) }
        for part in chosen.isEmpty ? parts.filter({ $0.name != "ipvs" && $0.name != "cluster" }) : chosen {
            report.header(part.name, ["what", "median", "least – most", "must", "goal"])
            try part.measure(quick)
            print("")
        }
        if words.contains("check"), !missed.isEmpty {
            print("missed:\n" + missed.joined(separator: "\n"))
            exit(1)
        }
        if let flag = words.firstIndex(of: "write"), flag + 1 < words.count { try report.write(to: words[flag + 1]) }
    }

    /// The most that is wanted of a figure stands behind it: what it must be, and the goal.
    static func row(
        _ what: String, _ figure: (median: Double, least: Double, most: Double), unit: String = "ns", must: String = "",
        goal: String = ""
    ) {
        func text(_ value: Double) -> String {
            let factor = value.magnitude < 10 ? 100.0 : 10.0
            return "\((value * factor).rounded() / factor)"
        }
        if unit == "×", let bound = Double(must.drop { !$0.isNumber }) {
            if must.hasPrefix("≤") ? figure.median > bound : figure.median < bound {
                missed.append("\(what): \(text(figure.median)), must be \(must)")
            }
        }
        var (what, unit) = (what, unit)
        for end in ["ms", "µs", "ns"] where what.hasSuffix(", \(end)") {
            what.removeLast(end.count + 2)
            unit = end
        }
        report.line("| \(what) | \(text(figure.median)) \(unit) | \(text(figure.least)) – \(text(figure.most)) | \(must) | \(goal) |")
    }

    /// The packets of the profile in docs/Benchmarks.md, over and over.
    private static func profile() throws {
        let load = try EstablishedLoad(KubeNode(services: 1000), flows: 10_000)
        report.header("profile", ["what", "median", "least – most", "must", "goal"])
        row("established packet, 10000 flows", CPUClock.measure(rounds: 300, items: load.traffic.count) { load.round() })
    }

    static func established(_ quick: Bool) throws {
        for flows in quick ? [10_000] : [10_000, 100_000, 1_000_000] {
            var medians: [Double] = []
            defer {
                let ratio = (medians.last ?? 0) / max(medians.first ?? 1, 1)
                row("the cache makes it faster, \(flows) flows", (ratio, ratio, ratio), unit: "×", must: "≥ 1.5")
            }
            for cached in [true, false] {
                let load = try EstablishedLoad(KubeNode(services: 1000), flows: flows)
                load.node.usesFlowCache = cached
                load.round()
                let figure = CPUClock.measure(rounds: flows > 100_000 ? 5 : 9, items: load.traffic.count) { load.round() }
                medians.append(figure.median)
                let (must, goal) = !cached ? ("", "") : flows == 10_000 ? ("100", "50") : flows == 1_000_000 ? ("200", "100") : ("", "")
                row("established packet, \(flows) flows\(cached ? "" : ", flow cache off")", figure, must: must, goal: goal)
            }
        }
        let ipvs = try EstablishedLoad(KubeNode(services: 10, endpoints: 100, mode: .ipvs, scheduler: "mh"), flows: 10_000)
        row(
            "established packet, IPVS mode (mh, 100 destinations), 10000 flows",
            CPUClock.measure(rounds: 9, items: ipvs.traffic.count) { ipvs.round() }, must: "120", goal: "60")
    }

    static func overlay() throws {
        let plain = try EstablishedLoad(KubeNode(services: 1000), flows: 10_000, replies: false)
        let vxlan = try EstablishedLoad(KubeNode(services: 1000, path: .overlay), flows: 10_000, replies: false)
        var (routed, tunnelled): ([Double], [Double]) = ([], [])
        for _ in 0..<15 {
            routed.append(once(plain))
            tunnelled.append(once(vxlan))
        }
        row("requests only, routed", spread(routed))
        row("requests only, into the overlay", spread(tunnelled))
        row("what encapsulation adds", spread(zip(tunnelled, routed).map { $0 - $1 }), must: "10", goal: "4")
    }

    static func once(_ load: EstablishedLoad) -> Double {
        let start = CPUClock.nanoseconds()
        load.round()
        return (CPUClock.nanoseconds() - start) / Double(load.traffic.count)
    }

    static func spread(_ times: [Double], _ unit: Double) -> (median: Double, least: Double, most: Double) {
        spread(times.map { $0 / unit })
    }

    static func memory() {
        guard let load = try? EstablishedLoad(KubeNode(services: 1000), flows: 100_000) else { return }
        let usage = load.node.connectionUsage
        let bytes = Double(usage.bytes / max(usage.count, 1))
        row("memory a connection, 100000 flows", (bytes, bytes, bytes), unit: "bytes", must: "192", goal: "128")
    }

    /// How the cost of a packet grows with flows, with Services, and with rules that none of them hits.
    static func curves(_ quick: Bool) throws {
        func established(_ kube: KubeNode, _ flows: Int, cached: Bool = true) throws -> Double {
            let load = try EstablishedLoad(kube, flows: flows)
            load.node.usesFlowCache = cached
            load.round()
            let figure = CPUClock.measure(rounds: 5, items: load.traffic.count) { load.round() }
            row("\(flows) flows, \(kube.services) Services × \(kube.endpoints)\(cached ? "" : ", flow cache off")", figure)
            return figure.median
        }
        let flows = quick ? [1000, 10_000] : [1000, 10_000, 100_000, 1_000_000]
        report.plot(
            "flows", title: "ns a packet of an established flow, by flows (1,000 Services)", unit: "ns", sizes: flows,
            [
                ("flow cache on", try flows.map { try established(KubeNode(services: 1000), $0) }),
                ("flow cache off", try flows.map { try established(KubeNode(services: 1000), $0, cached: false) }),
            ])
        let services = quick ? [10, 1000] : [10, 100, 1000, 10_000, 100_000]
        func kube(_ services: Int) -> KubeNode { KubeNode(services: services, endpoints: services > 10_000 ? 1 : 5) }
        report.plot(
            "services", title: "ns a packet, by Services (10,000 flows)", unit: "ns", sizes: services,
            [
                ("established", try services.map { try established(kube($0), 10_000) }),
                ("first packet", try services.map { size in
                    let figure = rounds(try FirstPacketLoad(kube(size)), flushing: true)
                    row("first packet, \(size) Services", figure)
                    return figure.median
                }),
            ])
        let rules = quick ? [10, 1000] : [10, 100, 1000, 10_000]
        let hashed = try rules.map { try filtered(by: $0, true) }
        report.plot(
            "rules", title: "ns a packet in the whole walk, by rules before the one it hits", unit: "ns", sizes: rules,
            [("looked up by hash", hashed), ("one by one", try rules.map { try filtered(by: $0, false) })])
        let ratio = (hashed.last ?? 0) / max(hashed.first ?? 1, 1)
        row("\(rules[rules.count - 1]) rules against \(rules[0]), looked up by hash", (ratio, ratio, ratio), unit: "×", must: "≤ 2")
    }

    private static func filtered(by rules: Int, _ classified: Bool) throws -> Double {
        let node = try Dataplane(KubeNode.filter(rules: rules), seed: 1)
        node.usesClassifiers = classified
        node.usesFlowCache = false
        node.keepsOutputs = false
        let traffic = Traffic()
        let frame = Flow.segment(
            to: [2, 0, 0, 0, 1, 1], from: 0xc612_0001, 4000, to: 0x0a01_0002, 80, flags: Flow.ack, sequence: 1, acknowledgement: 1)
        for _ in 0..<2000 { traffic.append(frame, on: node.interfaceIndex("eth0") ?? 0) }
        var now = Instant(seconds: 1000)
        let figure = CPUClock.measure(rounds: 5, items: traffic.count) { now = traffic.play(through: node, from: now) }
        row("\(rules) rules, the last one hit, \(classified ? "looked up by hash" : "one by one")", figure)
        return figure.median
    }
}
