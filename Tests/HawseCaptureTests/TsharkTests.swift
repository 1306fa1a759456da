import Foundation
import HawseWire
import Testing

@testable import HawseCapture

/// What Wireshark's own reader makes of our pcapng: names of interfaces, comments, stamps to the nanosecond.
@Suite struct TsharkTests {
    static let tshark = ["/usr/bin/tshark", "/usr/local/bin/tshark"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }

    @Test(.enabled(if: tshark != nil, "tshark is not installed"))
    func tsharkShowsWhatWeWrote() throws {
        let scratch = try ScratchFolder()
        let path = scratch.path("out.pcapng")
        var reader = try CaptureReader(path: CaptureSamples.path("samples/http/zeek--wikipedia.pcap"))
        var writer = try PcapngWriter(to: .file(path), section: CaptureSection(application: "hawse"))
        let places = ["node-a/eth0", "node-a/cni0"]
        for place in places { _ = try writer.addInterface(CaptureInterface(name: place)) }
        try writer.writeNames([(try #require(IPAddress("141.142.220.118")), ["client-0"])])
        var expected: [String] = []
        while let record = try reader.next() {
            let place = Int(record.number % 2)
            try writer.write(
                record.bytes, interface: UInt32(place), timestamp: record.timestamp + 123,
                originalLength: record.originalLength,
                note: PacketNote(
                    comments: ["packet \(record.number)", "→ 10.244.1.7:53"], direction: .inbound,
                    verdict: .dropped,
                    packetID: record.number))
            let stamp = record.timestamp + 123
            let fraction = String(stamp % 1_000_000_000)
            let padded = String(repeating: "0", count: 9 - fraction.count) + fraction
            expected.append(
                "\(record.number)\t\(places[place])\t\(stamp / 1_000_000_000).\(padded)\t"
                    + "packet \(record.number),→ 10.244.1.7:53\t\(record.originalLength)")
        }
        try writer.close()
        let process = Process()
        let pipe = Pipe()
        let errors = Pipe()
        process.executableURL = URL(filePath: try #require(Self.tshark))
        process.arguments = [
            "-n", "-r", path, "-T", "fields", "-e", "frame.number", "-e", "frame.interface_name", "-e",
            "frame.time_epoch", "-e", "frame.comment", "-e", "frame.len",
        ]
        process.environment = ["LANG": "C.UTF-8", "HOME": scratch.url.path]
        process.standardOutput = pipe
        process.standardError = errors
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        let lines = String(decoding: output, as: UTF8.self).split(separator: "\n").map(String.init)
        #expect(lines == expected)
    }
}
