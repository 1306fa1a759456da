import Foundation
import Hawse
import Testing

/// How long each state of each protocol lives: `timers.txt` has what `conntrack -L` said after each packet.
@Suite struct ConnectionTimeoutTests {
    @Test(arguments: [("timers-of-every-state", 66), ("timers-of-every-state-v6", 40), ("timers-udplite-v4", 3)])
    func everyStateLivesAsLongAsInTheKernel(name: String, observations: Int) throws {
        let directory = GoldenTests.root + "/pcaps/cases/conntrack/" + name
        let text = String(decoding: try Data(contentsOf: URL(fileURLWithPath: directory + "/timers.txt")), as: UTF8.self)
        let lines = text.split(separator: "\n")
        var frames: [(device: String, time: Instant, bytes: [UInt8])] = []
        for device in ["eth0", "eth1"] {
            var reader = try CaptureReader(path: directory + "/in/\(device).pcap")
            while let record = try reader.next() {
                frames.append((device, Instant(nanoseconds: record.timestamp), Array(record.bytes)))
            }
        }
        frames.sort { $0.time < $1.time }
        // The first packet is a client's.
        let clientless = frames[0].device == "eth0" ? "eth1" : "eth0"
        let node = try Dataplane(try GoldenCase(directory: directory).spec, seed: 1)
        for (line, frame) in zip(lines, frames) {
            let device = try #require(node.interfaceIndex(frame.device))
            frame.bytes.withUnsafeBytes { node.receive($0, on: device, at: frame.time) }
            node.advance(to: frame.time + .milliseconds(5))
            let client = try #require(Self.client(of: frame.bytes, isAnswer: frame.device == clientless))
            let connection = node.connections().first { $0.original.source == client }
            let fields = line.split(separator: "\t")
            #expect(connection.map(Self.text) ?? "gone" == fields[1], "\(line)")
        }
        #expect(lines.count == observations && frames.count >= lines.count)
    }

    private static func client(of frame: [UInt8], isAnswer: Bool) -> IPAddress? {
        let isIPv6 = frame[12] == 0x86
        let source = isIPv6 ? 22..<38 : 26..<30
        return IPAddress(bytes: frame[isAnswer ? source.upperBound..<source.upperBound + source.count : source])
    }

    private static func text(_ connection: ConnectionListing) -> String {
        let names: [UInt8: String] = [1: "icmp", 6: "tcp", 17: "udp", 47: "gre", 58: "icmpv6", 132: "sctp", 136: "udplite"]
        let name = names[connection.ipProtocol.rawValue] ?? "unknown"
        return ([name, "\(connection.timeout ?? 0)"] + (connection.state.map { [$0] } ?? [])).joined(separator: " ")
    }
}
