import ArgumentParser
import Foundation
import Hawse

struct Diff: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Two configurations over the same traffic: which packets, flows or requests fare differently.",
        discussion: """
            A side is a folder with a node's own dumps (one that has a case.json or an address.json), or Kubernetes manifests. Both sides see every \
            packet of the capture at its time. By default a packet fares differently when it ends differently: delivered, sent \
            on, answered with a reset or an ICMP error, dropped, and why. What timers do between two packets of the capture \
            (a neighbour that is given up) is told apart. Exit status 1 when something differs.

              hawse diff --left before/ --right after/ -r traffic.pcap
              hawse diff --left cluster/ --right cluster/ --left-mode iptables --right-mode ipvs -r traffic.pcap
              hawse diff --left before/ --right after/ -r traffic.pcap --compare bytes --format ndjson | jq .flow

            With --request both sides are manifests, and what is compared is who answers each request and how: status, Service, \
            path and redirect; with --compare endpoint also port, protocol and host, with bytes also header fields.

              hawse diff -f services.yaml --left ingress.yaml --right gateway.yaml --request requests.ndjson
            """)

    enum Format: String, ExpressibleByArgument, CaseIterable { case text, ndjson }

    @OptionGroup(title: "Packets") var input: PacketInput

    @Option(help: ArgumentHelp("Requests instead of packets, as for hawse route; - for stdin.", valueName: "FILE.ndjson"))
    var request: String?

    @Option(
        name: [.customShort("f"), .customLong("filename")],
        help: ArgumentHelp("With --request: manifests of both sides. Repeatable.", valueName: "PATH"))
    var shared: [String] = []

    @OptionGroup(title: "With --request") var controller: RouteControllerOptions

    @Option(help: ArgumentHelp("One side: a node's folder, or manifests.", valueName: "PATH"))
    var left: String

    @Option(help: ArgumentHelp("The other side.", valueName: "PATH"))
    var right: String

    @Option(help: "With manifests: kube-proxy's mode on the left.")
    var leftMode: ProxyMode?

    @Option(help: "With manifests: kube-proxy's mode on the right.")
    var rightMode: ProxyMode?

    @Option(help: ArgumentHelp("With manifests: a KubeProxyConfiguration for the left.", valueName: "proxy-config.yaml"))
    var leftConfig: String?

    @Option(help: ArgumentHelp("With manifests: a KubeProxyConfiguration for the right.", valueName: "proxy-config.yaml"))
    var rightConfig: String?

    @Option(help: "outcome (how packets end), endpoint (also to whom) or bytes (also every byte).")
    var compare: PacketFate.Precision = .outcome

    @Option(help: ArgumentHelp("Where packets enter a node: a name, or auto.", valueName: "IF"))
    var interface = "auto"

    @Option(help: ArgumentHelp("Addresses of the capture that stand for others here. Repeatable.", valueName: "ADDR[:PORT]=ADDR[:PORT]"))
    var map: [String] = []

    @Option(help: ArgumentHelp("The same seed and input give the same output.", valueName: "N"))
    var seed: UInt64 = 0

    @Option(help: "text (a line a flow) or ndjson (one object a packet).")
    var format: Format = .text

    @OptionGroup(title: "Terminal") var terminal: TerminalOptions

    func validate() throws {
        if request != nil {
            if !input.captures.isEmpty { throw ValidationError("either packets (-r) or requests (--request)") }
            return
        }
        if !shared.isEmpty { throw ValidationError("-f goes with --request") }
        if input.captures.isEmpty { throw ValidationError("a capture is needed: -r FILE, or -r - for stdin") }
        for (side, path, mode, config) in [("left", left, leftMode, leftConfig), ("right", right, rightMode, rightConfig)] {
            if NodeDirectory.isNode(path), mode != nil || config != nil {
                throw ValidationError("--\(side)-mode and --\(side)-config go with manifests; \(path) is a node's folder")
            }
        }
    }

    func run() throws {
        if let request { return try RequestDiff(command: self).run(request) }
        var diff = TrafficDiff(
            left: try side(left, mode: leftMode, config: leftConfig), right: try side(right, mode: rightMode, config: rightConfig))
        var progress = Progress(terminal)
        var failure: Failure?
        var count = 0
        do {
            try input.forEach { record, interface in
                diff.feed(record, captureInterface: interface.name)
                count += 1
                progress.step(count, fraction: nil)
                if Interruption.isPending { throw Failure.interrupted }
            }
        } catch let error as Failure {
            failure = error
        }
        if let failure, failure.code == 2 { throw failure }
        let differing = diff.finish(compare)
        progress.finish()
        var out = StandardOutput()
        switch format {
        case .text: write(diff, differing, packets: count, to: &out)
        case .ndjson: writeLines(diff, differing, packets: count, to: &out)
        }
        out.flush()
        if let failure { throw failure }
        if !differing.isEmpty || !diff.timedDifferences(compare).isEmpty { throw Failure.no() }
    }

    private func side(_ path: String, mode: ProxyMode?, config: String?) throws -> TrafficSide {
        var addresses = AddressMap()
        for text in map { if let wrong = addresses.add(text) { throw Failure.input("--map: \(wrong)") } }
        var words = ["--seed", "\(seed)"] + (NodeDirectory.isNode(path) ? ["--node-dir", path] : ["-f", path])
        if let mode { words += ["--proxy-mode", mode.rawValue] }
        if let config { words += ["--config", config] }
        switch try NodeSource.parse(words).load() {
        case .node(let spec): return TrafficSide(try NodeReplay.make(spec, seed: seed, interface: interface))
        case .cluster(let loaded):
            let replay = ClusterReplay(loaded.cluster, directory: loaded.directory)
            replay.map = addresses
            return TrafficSide(replay)
        }
    }

    private func write(_ diff: TrafficDiff, _ differing: [Int], packets: Int, to out: inout StandardOutput) {
        let palette = Palette(isOn: terminal.usesColor)
        let flows = diff.flows.filter { !$0.differing.isEmpty }
        out.line(
            "\(palette.strong("\(packets) packets")) of \(diff.flows.count) flows: "
                + (differing.isEmpty ? palette.good("no packet fares differently") : "\(differing.count) packets of \(flows.count) flows fare differently"))
        for flow in flows {
            guard let first = flow.differing.first else { continue }
            out.line("")
            out.line("\(palette.strong(flow.name)): \(flow.differing.count) of \(flow.packets) packets, the first is packet \(first)")
            out.line("  left   \(palette.bad(diff.left.fates[first - 1].text(compare)))")
            out.line("  right  \(palette.good(diff.right.fates[first - 1].text(compare)))")
        }
        for place in diff.timedDifferences(compare) {
            out.line("")
            out.line("\(palette.strong("timers")) after packet \(place)")
            out.line("  left   \(palette.bad(diff.left.timed[place]?.text(compare) ?? "nothing"))")
            out.line("  right  \(palette.good(diff.right.timed[place]?.text(compare) ?? "nothing"))")
        }
    }

    private func writeLines(_ diff: TrafficDiff, _ differing: [Int], packets: Int, to out: inout StandardOutput) {
        var head = JSONObject()
        head.set("schema", "hawse.diff/1")
        head.set("packets", packets)
        head.set("flows", diff.flows.count)
        head.set("differing", differing.count)
        out.line(head.line)
        for packet in differing {
            var object = JSONObject()
            object.set("packet", packet)
            object.set("flow", diff.flow(ofPacket: packet).name)
            object.set("left", diff.left.fates[packet - 1].text(compare))
            object.set("right", diff.right.fates[packet - 1].text(compare))
            out.line(object.line)
        }
        for place in diff.timedDifferences(compare) {
            var object = JSONObject()
            object.set("after_packet", place)
            object.set("flow", "timers")
            object.set("left", diff.left.timed[place]?.text(compare) ?? "nothing")
            object.set("right", diff.right.timed[place]?.text(compare) ?? "nothing")
            out.line(object.line)
        }
    }
}

extension PacketFate.Precision: ExpressibleByArgument {}
