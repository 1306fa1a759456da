import ArgumentParser
import Hawse

struct Replay: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Put a capture through a node or a cluster and see what comes out.",
        discussion: """
            The node is either a folder with its own dumps (--node-dir: case.json, iptables.v4, iptables.v6, ipset, ipvs) or a \
            cluster computed from Kubernetes manifests (-f). Time is the capture's own.

              hawse replay --node-dir node/ -r traffic.pcap -w seen.pcapng
              hawse replay -f cluster/ -r traffic.pcap -w cluster.pcapng --map 208.80.152.3:80=10.96.0.80:80
              hawse replay --node-dir node/ -r traffic.pcap --preload --loop 5 --stats json
              hawse replay -f cluster/ --generate scenario.yaml -w talk.pcapng
              tcpdump -w - | hawse replay --node-dir node/ -r - 'tcp port 80'
            """)

    enum SummaryFormat: String, ExpressibleByArgument, CaseIterable { case text, json, none }
    enum StatsFormat: String, ExpressibleByArgument, CaseIterable { case json }

    @OptionGroup(title: "Packets") var input: PacketInput
    @OptionGroup(title: "Node or cluster") var source: NodeSource

    @Option(help: ArgumentHelp("Where packets enter: a name, or auto (by the capture's interface, else by the sender's address).", valueName: "IF"))
    var interface = "auto"

    @Option(name: [.customShort("w"), .customLong("write")], help: ArgumentHelp("Everything that every device saw, as pcapng with comments; - for stdout.", valueName: "OUT.pcapng"))
    var write: String?

    @Option(help: ArgumentHelp("What left the node, one pcap an interface.", valueName: "DIR"))
    var outDir: String?

    @Option(help: ArgumentHelp("Every decision as NDJSON; - for stdout.", valueName: "FILE"))
    var trace: String?

    @Option(help: "text, json or none.")
    var summary: SummaryFormat = .text

    @Option(help: ArgumentHelp("Addresses of the capture that stand for others here. Repeatable.", valueName: "ADDR[:PORT]=ADDR[:PORT]"))
    var map: [String] = []

    @Option(
        help: ArgumentHelp(
            "Timed steps, links and faults (with -f). With -r they count from the capture's first packet; without, the scenario's clients talk.",
            valueName: "FILE"))
    var scenario: String?

    @Option(help: ArgumentHelp("The same as --scenario without -r.", valueName: "SCENARIO"))
    var generate: String?

    @Flag(help: "Read all packets into memory first, and write none: for measuring.")
    var preload = false

    @Option(help: ArgumentHelp("Play the packets so many times (with --preload).", valueName: "N"))
    var loop = 1

    @Option(help: "With --preload: packets, CPU seconds and ns a packet, as one JSON object.")
    var stats: StatsFormat?

    @Option(help: ArgumentHelp("Threads that share the flows of a node (--node-dir). The result is the same; where it would not be, one does it all.", valueName: "N"))
    var shards = 1

    @Flag(help: "With --shards: share the flows even if the result may differ from that of one thread.")
    var approximate = false

    @OptionGroup(title: "Terminal") var terminal: TerminalOptions

    func validate() throws {
        if input.captures.isEmpty, generate == nil, scenario == nil {
            throw ValidationError("a capture is needed: -r FILE, or -r - for stdin (or --scenario FILE with clients)")
        }
        if generate != nil, !input.captures.isEmpty || scenario != nil {
            throw ValidationError("--generate makes its own packets: drop -r, --scenario")
        }
        if input.captures.isEmpty, preload || outDir != nil {
            throw ValidationError("a scenario's clients make their own packets: drop --preload, --out-dir")
        }
        if scenario != nil || generate != nil, source.nodeDir != nil {
            throw ValidationError("a scenario needs a cluster: -f MANIFESTS")
        }
        if !(1...64).contains(shards) { throw ValidationError("--shards takes a number from 1 to 64") }
        if approximate, write != nil || trace != nil {
            throw ValidationError("--approximate: decisions (-w, --trace) are told in the order of all packets")
        }
        if preload, source.nodeDir == nil { throw ValidationError("--preload measures a node: --node-dir DIR") }
        if loop < 1 || loop > 1_000_000 { throw ValidationError("--loop takes a number from 1 to 1000000") }
        if !preload, loop > 1 { throw ValidationError("--loop goes with --preload") }
        if write == "-", trace == "-" { throw ValidationError("-w and --trace cannot both have stdout") }
        if !preload, stats != nil { throw ValidationError("--stats goes with --preload") }
        if preload, write != nil || outDir != nil || trace != nil {
            throw ValidationError("--preload measures: it writes no packets (drop -w, --out-dir, --trace)")
        }
    }

    /// Beside a capture on stdout, or a text beside a trace, the summary goes to stderr.
    var summaryOutput: StandardOutput { StandardOutput(isTaken: write == "-" || trace == "-" && summary == .text) }

    func run() throws {
        var addresses = AddressMap()
        for text in map { if let wrong = addresses.add(text) { throw Failure.input("--map: \(wrong)") } }
        switch try source.load() {
        case .node(let spec):
            if !map.isEmpty { StandardError.write("hawse: --map goes with manifests (-f): a node's packets keep their addresses\n") }
            if preload {
                try Measurement(command: self, spec: spec).run()
            } else {
                try NodeReplayRun(command: self, spec: spec).run()
            }
        case .cluster(let cluster):
            if shards > 1 { StandardError.write("hawse: --shards \(shards): a cluster's events have one order: running on one shard\n") }
            if let path = generate ?? (input.captures.isEmpty ? scenario : nil) {
                return try ApplicationReplay(command: self, loaded: cluster, path: path).run()
            }
            try ClusterReplayRun(command: self, cluster: cluster, map: addresses).run()
        }
    }
}
