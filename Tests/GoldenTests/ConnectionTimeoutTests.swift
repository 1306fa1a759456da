import Foundation
import Hawse
import Testing

/// How long each state of each protocol lives: `timers.txt` has what `conntrack -L` said after each packet.
@Suite struct ConnectionTimeoutTests {
    @Test func everyStateLivesAsLongAsInTheKernel() throws {
        let directory = GoldenTests.root + "/pcaps/cases/conntrack/timers-of-every-state"
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
        let node = try Dataplane(try GoldenCase(directory: directory).spec, seed: 1)
        for (line, frame) in zip(lines, frames) {
            let device = try #require(node.interfaceIndex(frame.device))
            frame.bytes.withUnsafeBytes { node.receive($0, on: device, at: frame.time) }
            node.advance(to: frame.time + .milliseconds(5))
            let client = try #require(IPAddress(bytes: frame.bytes[frame.device == "eth0" ? 26..<30 : 30..<34]))
            let connection = node.connections().first { $0.original.source == client }
            let fields = line.split(separator: "\t")
            #expect(connection.map(Self.text) ?? "gone" == fields[1], "\(line)")
        }
        #expect(lines.count > 60 && frames.count >= lines.count)
    }

    private static func text(_ connection: ConnectionListing) -> String {
        let names: [UInt8: String] = [1: "icmp", 6: "tcp", 17: "udp", 47: "gre", 132: "sctp"]
        let name = names[connection.ipProtocol.rawValue] ?? "unknown"
        return ([name, "\(connection.timeout ?? 0)"] + (connection.state.map { [$0] } ?? [])).joined(separator: " ")
    }
}
