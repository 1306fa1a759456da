import ArgumentParser
import Hawse

struct Generate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make traffic as a capture.",
        discussion: """
            TCP flows open with a handshake, talk in turn and close; UDP and ICMP are answered one for one. The same options \
            and seed give the same file.

              hawse generate -w flows.pcap --to 10.96.0.80:80 --packets 1000000 --flows 10000
              hawse generate -w mix.pcap --to 10.96.0.80:80 --to 10.96.0.53:53 --proto tcp:70,udp:30 --size imix --popularity zipf:1.1
              hawse generate -w v6.pcap --from 2001:db8:c::/64 --to [fd00:96::80]:80 --new 2000
            """)

    @Option(name: [.customShort("w"), .customLong("write")], help: ArgumentHelp("The capture, pcap with nanoseconds; - for stdout.", valueName: "OUT.pcap"))
    var write: String

    @Option(help: ArgumentHelp("Whom clients talk to. Repeatable.", valueName: "ADDR:PORT"))
    var to: [String]

    @Option(help: ArgumentHelp("Where clients live (198.51.100.0/24, 2001:db8:c::/64). Repeatable, one of each family.", valueName: "PREFIX"))
    var from: [String] = []

    @Option(help: ArgumentHelp("Packets in all.", valueName: "N"))
    var packets = 1_000_000

    @Option(help: ArgumentHelp("Flows open at a time.", valueName: "N"))
    var flows = 10_000

    @Option(help: ArgumentHelp("Bytes of a frame with its checksum: 64, imix, or 64-1518.", valueName: "SIZE"))
    var size = "64"

    @Option(help: ArgumentHelp("tcp, udp, icmp, or shares: tcp:70,udp:25,icmp:5.", valueName: "LIST"))
    var proto = "tcp"

    @Option(help: ArgumentHelp("How flows share the packets: uniform, zipf or zipf:EXPONENT.", valueName: "WORD"))
    var popularity = "uniform"

    @Option(help: ArgumentHelp("Flows that end and are followed by new ones, a second.", valueName: "N"))
    var new = 0.0

    @Option(help: ArgumentHelp("Packets a second, which gives the stamps.", valueName: "N"))
    var rate = 1_000_000.0

    @Flag(help: "Only what clients send.")
    var oneWay = false

    @Option(help: ArgumentHelp("Ethernet destination.", valueName: "MAC"))
    var destinationMac = "02:00:00:01:00:01"

    @Option(help: ArgumentHelp("The same seed and options give the same file.", valueName: "N"))
    var seed: UInt64 = 0

    func run() throws {
        var generator = TrafficGenerator(try spec())
        do {
            var writer = try PcapWriter(to: .file(write))
            while let (frame, time) = generator.next() { try writer.write(frame, timestamp: time.nanoseconds) }
            try writer.close()
        } catch { throw Failure.input("\(error)") }
    }

    private func spec() throws -> TrafficSpec {
        var spec = TrafficSpec()
        spec.seed = seed
        spec.packets = packets
        spec.flows = flows
        spec.newFlows = new
        spec.rate = rate
        spec.isBothWays = !oneWay
        guard let size = TrafficSpec.size(size) else { throw Failure.input("--size: `\(self.size)' is no size (64, imix, 64-1518)") }
        spec.size = size
        guard let protocols = TrafficSpec.protocols(proto) else {
            throw Failure.input("--proto: `\(proto)' is no list of tcp, udp and icmp with shares")
        }
        spec.protocols = protocols
        guard let popularity = TrafficSpec.popularity(popularity) else {
            throw Failure.input("--popularity: `\(self.popularity)' is none of uniform, zipf, zipf:EXPONENT")
        }
        spec.popularity = popularity
        spec.destinations = try to.map { text in
            guard let destination = TrafficSpec.destination(text) else { throw Failure.input("--to: `\(text)' is no ADDR:PORT") }
            return destination
        }
        let prefixes = try from.map { text in
            guard let prefix = IPPrefix(text) else { throw Failure.input("--from: `\(text)' is no prefix") }
            return prefix
        }
        if !prefixes.isEmpty {
            spec.clients = prefixes
        } else if spec.destinations.contains(where: { $0.address.family == .ipv6 }), let six = IPPrefix("2001:db8:c::/64") {
            spec.clients.append(six)
        }
        guard let mac = MACAddress(destinationMac) else {
            throw Failure.input("--destination-mac: `\(destinationMac)' is no Ethernet address")
        }
        spec.destinationMAC = mac
        if let problem = spec.problem { throw Failure.input("--\(problem.field): \(problem.message)") }
        return spec
    }
}
