import ArgumentParser
import Hawse

struct Trace: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "One packet's whole story: hook by hook, rule by rule, what changed, the route, the end.",
        discussion: """
            The packet is number N of a capture (everything before it is played first, so that connections are as they were), or \
            made from --from, --to and --proto.

              hawse trace --node-dir node/ -r traffic.pcap --packet 12
              hawse trace -f cluster/ --from 10.244.1.5:40000 --to 10.96.0.80:80 --proto tcp
              hawse trace -f cluster/ --from pod/shop/client --to svc/shop/cart:80 -v
              hawse trace --node-dir node/ --from 10.1.0.10 --to 10.96.0.10:53 --proto udp --format json
            """)

    enum Format: String, ExpressibleByArgument, CaseIterable { case text, json }
    enum Transport: String, ExpressibleByArgument, CaseIterable { case tcp, udp, sctp, icmp }

    @OptionGroup(title: "Packets") var input: PacketInput
    @OptionGroup(title: "Node or cluster") var source: NodeSource

    @Option(help: ArgumentHelp("The packet's number in the capture, from 1.", valueName: "N"))
    var packet: Int?

    @Option(help: ArgumentHelp("The sender; with -f also pod/NAMESPACE/NAME or node/NAME.", valueName: "ADDR[:PORT]"))
    var from: String?

    @Option(help: ArgumentHelp("The receiver; with -f also svc/NAMESPACE/NAME[:PORT], pod/… or node/….", valueName: "ADDR[:PORT]"))
    var to: String?

    @Option(help: "tcp (a SYN), udp, sctp (an INIT) or icmp (an echo request).")
    var proto: Transport = .tcp

    @Option(help: ArgumentHelp("Where the packet enters: a name, or auto.", valueName: "IF"))
    var interface = "auto"

    @Option(help: ArgumentHelp("Addresses of the capture that stand for others here. Repeatable.", valueName: "ADDR[:PORT]=ADDR[:PORT]"))
    var map: [String] = []

    @Option(help: "text or json (one object a line).")
    var format: Format = .text

    @Flag(name: [.customShort("v"), .long], help: "Also the rules that were tried and did not match, and why.")
    var verbose = false

    @OptionGroup(title: "Terminal") var terminal: TerminalOptions

    func validate() throws {
        if from != nil || to != nil {
            guard from != nil, to != nil else { throw ValidationError("--from and --to go together") }
            guard input.captures.isEmpty, packet == nil else { throw ValidationError("either --packet with -r, or --from and --to") }
        } else {
            guard let packet, !input.captures.isEmpty else { throw ValidationError("which packet? --packet N -r FILE, or --from and --to") }
            guard packet > 0 else { throw ValidationError("packets are numbered from 1") }
        }
    }

    func run() throws {
        var story = Story(format: format, palette: Palette(isOn: terminal.usesColor), showsMisses: verbose)
        switch try source.load() {
        case .node(let spec): try traceNode(spec, &story)
        case .cluster(let loaded): try traceCluster(loaded, &story)
        }
        story.flush()
    }

    private func traceNode(_ spec: NodeSpec, _ story: inout Story) throws {
        let choice = interface == "auto" ? EntryPoint.Choice.automatic : .interface(interface)
        let replay: NodeReplay
        do {
            guard let made = try NodeReplay(spec, seed: source.seed, entry: choice) else {
                throw Failure.input("--interface: the node has no `\(interface)' that packets could enter by")
            }
            replay = made
        } catch let error as DataplaneError { throw Failure.input("\(error)") }
        let dataplane = replay.dataplane
        let devices = dataplane.interfaceNames
        dataplane.tellsEveryMiss = verbose
        try forThePacket(from: from, to: to) { record, interface, isTheOne, now in
            dataplane.isTracing = isTheOne
            dataplane.isTapping = isTheOne
            replay.feed(record, captureInterface: interface)
            dataplane.takeOutputs { _ in }
            guard isTheOne else { return }
            var events = dataplane.takeTrace()
            // A neighbour that does not answer is given up within seconds; what is asked of it meanwhile is another story.
            replay.advance(to: now + .seconds(5))
            events += dataplane.takeTrace().filter { $0.generation == 0 }
            if events.isEmpty { throw Failure.input(Self.whyNowhere(replay, spec)) }
            story.write(events, node: spec.name, devices: devices, at: now)
        }
    }

    private static func whyNowhere(_ replay: NodeReplay, _ spec: NodeSpec) -> String {
        if replay.own > 0 { return "the packet does not enter \(spec.name): the node itself had sent it" }
        if replay.entry.interfaceNames.isEmpty { return "\(spec.name) has no device that a packet could enter by" }
        if let refusal = replay.refused.keys.first { return "the packet does not enter \(spec.name): \(refusal)" }
        return "the packet does not enter \(spec.name)"
    }

    private func traceCluster(_ loaded: LoadedCluster, _ story: inout Story) throws {
        let replay = ClusterReplay(loaded.cluster, directory: loaded.directory)
        var addresses = AddressMap()
        for text in map { if let wrong = addresses.add(text) { throw Failure.input("--map: \(wrong)") } }
        replay.map = addresses
        replay.entryNode = loaded.entryNode
        if interface != "auto" { StandardError.write("hawse: --interface: packets enter a cluster where their senders are\n") }
        let nodes = loaded.cluster.nodes
        loaded.cluster.tellsEveryMiss = verbose
        var collected: [(Int, [TraceEvent], Instant)] = []
        var isLate = false
        loaded.cluster.onTrace = { node, events in
            let told = isLate ? events.filter { $0.generation == 0 } : events
            if !told.isEmpty { collected.append((node, told, loaded.cluster.now)) }
        }
        let names = TraceEndpoint(plan: loaded.cluster.plan, directory: loaded.directory)
        let ends = try (from.map { try names.address($0, option: "--from") }, to.map { try names.address($0, option: "--to") })
        try forThePacket(from: ends.0, to: ends.1) { record, _, isTheOne, _ in
            loaded.cluster.isTracing = isTheOne
            loaded.cluster.isTapping = isTheOne
            replay.feed(record)
            isLate = isTheOne
            if isTheOne { loaded.cluster.advance(to: loaded.cluster.now + .seconds(5)) }
        }
        if collected.isEmpty { throw Failure.input("no node sees the packet: no pod, node or Service of the cluster has its sender's address or receiver's") }
        for (index, events, time) in collected {
            story.write(events, node: nodes[index].name, devices: nodes[index].dataplane.interfaceNames, at: time)
        }
    }

    /// Feeds the packets up to the one asked for; that one is announced.
    private func forThePacket(from: String?, to: String?, _ body: (CaptureRecord, String, Bool, Instant) throws -> Void) throws {
        if let from, let to {
            let probe = try Probe(from: from, to: to, proto: proto)
            try probe.withRecord { try body($0, "", true, Instant(nanoseconds: $0.timestamp)) }
            return
        }
        var count = 0
        var isFound = false
        try input.forEach { record, interface in
            count += 1
            guard !isFound else { return }
            isFound = count == packet
            if isFound, !record.linkType.isRead {
                throw Failure.input("packet \(count) is of link type \(record.linkType) (\(record.linkType.rawValue)), which is not read")
            }
            try body(record, interface.name, isFound, Instant(nanoseconds: record.timestamp))
        }
        if !isFound { throw Failure.input("--packet: there are only \(count) packets") }
    }
}
