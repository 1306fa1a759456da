import ArgumentParser
import Hawse

/// The virtual servers that a text sets up, or those of a node after a capture went through it.
struct IPVSSource: ParsableArguments {
    @Option(help: ArgumentHelp("ipvsadm command lines, as ipvsadm --restore reads them.", valueName: "FILE"))
    var ipvs: String?

    @Option(help: ArgumentHelp("A node from its own dumps (case.json, ipvs …).", valueName: "DIR"))
    var nodeDir: String?

    @Option(
        name: [.customShort("r"), .customLong("read")],
        help: ArgumentHelp("With --node-dir: packets that go through the node first. Repeatable.", valueName: "FILE"))
    var captures: [String] = []

    @Option(help: ArgumentHelp("The same seed and input give the same output.", valueName: "N"))
    var seed: UInt64 = 0

    func validate() throws {
        if (ipvs == nil) == (nodeDir == nil) { throw ValidationError("either --ipvs FILE or --node-dir DIR is needed") }
        if nodeDir == nil, !captures.isEmpty { throw ValidationError("-r needs --node-dir") }
    }

    func listing() throws -> IPVSListing {
        guard let nodeDir else { return try fromText() }
        let spec = try NodeSource.node(nodeDir)
        let replay: NodeReplay?
        do { replay = try NodeReplay(spec, seed: seed, entry: .automatic) } catch { throw Failure.input("\(error)") }
        guard let replay else { throw Failure.input("\(nodeDir): no interface that packets could enter by") }
        for path in captures {
            do {
                var reader = try CaptureReader(path: path)
                while let record = try reader.next() {
                    replay.feed(record, captureInterface: path.split(separator: "/").last.map { String($0.prefix { $0 != "." }) } ?? "")
                    replay.dataplane.takeOutputs { _ in }
                }
            } catch { throw Failure.input("\(path): \(error)") }
        }
        return replay.dataplane.ipvsListing()
    }

    private func fromText() throws -> IPVSListing {
        let path = ipvs ?? "-"
        let text = try TextFile.read(path)
        var spec = NodeSpec()
        spec.interfaces = [InterfaceSpec(name: "eth0", kind: .ether)]
        let dataplane = try Dataplane(spec, seed: seed)
        var number = 0
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            number += 1
            guard let first = line.first(where: { !$0.isWhitespace }), first != "#" else { continue }
            let command = try IPVSAdmParser(file: path).command(line, number: number)
            do { try dataplane.ipvs.apply(command) } catch { throw Failure.input("\(path):\(number): \(error)") }
        }
        return dataplane.ipvsListing()
    }
}

struct IPVSList: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "What ipvsadm -Ln would print.",
        discussion: """
            Byte for byte the listings of ipvsadm 1.31, numeric.

              hawse ipvs list --ipvs service.ipvs
              hawse ipvs list --node-dir pcaps/cases/ipvs-fwd/nat-tcp-0 -r pcaps/cases/ipvs-fwd/nat-tcp-0/in/eth0.pcap --stats --exact
            """)

    @OptionGroup var source: IPVSSource

    @Flag(help: "Connections, packets and bytes.")
    var stats = false
    @Flag(help: "The same a second.")
    var rate = false
    @Flag(help: "Upper and lower thresholds.")
    var thresholds = false
    @Flag(name: .customLong("persistent-conn"), help: "Templates; with -c what the persistence engine knows.")
    var persistentConnections = false
    @Flag(name: .customLong("tun-info"), help: "How tunnels are made.")
    var tunnels = false
    @Flag(help: "Large numbers in full.")
    var exact = false
    @Flag(help: "In the order of the kernel's own list.")
    var nosort = false
    @Flag(name: [.customShort("c"), .customLong("connection")], help: "The connections.")
    var connections = false
    @Flag(help: "The timeouts that --set sets.")
    var timeout = false
    @Flag(help: "The synchronisation daemons.")
    var daemon = false

    func run() throws {
        let listing = try source.listing()
        var out = StandardOutput()
        if connections {
            out.write(IPVSConnectionPrinter(showsEngine: persistentConnections).text(listing.connections))
        } else if timeout {
            out.write(listing.timeoutText)
        } else if daemon {
            out.write(listing.daemonText)
        } else {
            let format: IPVSListingPrinter.Format = stats
                ? .stats
                : rate ? .rate : thresholds ? .thresholds : persistentConnections ? .persistentConnections : tunnels ? .tunnels : .plain
            out.write(IPVSListingPrinter(format, exact: exact, sorted: !nosort).text(listing))
        }
        out.flush()
    }
}

struct IPVSSave: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "save", abstract: "What ipvsadm --save -n would print.")

    @OptionGroup var source: IPVSSource

    func run() throws {
        let listing = try source.listing()
        var out = StandardOutput()
        out.write(IPVSAdmPrinter().saved(listing.spec))
        out.flush()
    }
}
