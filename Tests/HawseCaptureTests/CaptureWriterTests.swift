import Foundation
import HawseWire
import Testing

@testable import HawseCapture

@Suite struct CaptureWriterTests {
    private func packets(_ count: Int) -> [CopiedPacket] {
        var packets: [CopiedPacket] = []
        for index in 0..<count {
            let length = index * 7 % 1500
            let bytes = (0..<length).map { UInt8(truncatingIfNeeded: $0 * 31 + index) }
            packets.append(
                CopiedPacket(
                    bytes: bytes, timestamp: 1_700_000_000_000_000_000 + Int64(index) * 1_234_567_891,
                    originalLength: UInt32(length + index % 3), linkType: .ethernet))
        }
        return packets
    }

    @Test(arguments: [PcapWriter.Precision.microseconds, .nanoseconds])
    func pcapComesBackAsWritten(_ precision: PcapWriter.Precision) throws {
        let scratch = try ScratchFolder()
        let path = scratch.path("out.pcap")
        var expected = packets(500)
        if precision == .microseconds {
            for index in expected.indices { expected[index].timestamp -= expected[index].timestamp % 1000 }
        }
        var writer = try PcapWriter(to: .file(path), precision: precision)
        for packet in packets(500) {
            try packet.bytes.withUnsafeBytes {
                try writer.write($0, timestamp: packet.timestamp, originalLength: packet.originalLength)
            }
        }
        #expect(!FileManager.default.fileExists(atPath: path), "a file has its name only when it is complete")
        try writer.close()
        let ours = ReadCapture.ours(path)
        #expect(ours.error == nil)
        #expect(ours.packets == expected)
        let libpcap = LibpcapCapture(path)
        #expect(libpcap.error == nil)
        #expect(libpcap.packets == expected)
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.url.path) == ["out.pcap"])
    }

    @Test func pcapngComesBackAsWritten() throws {
        let scratch = try ScratchFolder()
        let path = scratch.path("out.pcapng")
        var expected = packets(400)
        var writer = try PcapngWriter(
            to: .file(path),
            section: CaptureSection(
                comments: ["hawse replay -r in.pcap", "second"], hardware: "x86_64",
                operatingSystem: "Linux 6.18",
                application: "hawse"))
        let names = ["node-a/eth0", "node-a/cni0", "pod/web-0"]
        for (index, name) in names.enumerated() {
            let number = try writer.addInterface(
                CaptureInterface(
                    name: name, description: "vantage \(index)", linkType: index == 2 ? .raw : .ethernet))
            #expect(number == UInt32(index))
        }
        try writer.writeNames([
            (try #require(IPAddress("10.96.0.10")), ["kube-dns.kube-system.svc"]),
            (try #require(IPAddress("fd00::1")), ["web", "web-0.web.default"]),
        ])
        for index in expected.indices {
            let packet = expected[index]
            expected[index].interface = names[index % 3]
            expected[index].linkType = index % 3 == 2 ? .raw : .ethernet
            expected[index].comments =
                index % 2 == 0 ? [] : (0..<(index % 4)).map { String(repeating: "ÅÄ DNAT → ", count: $0 * 3) }
            let note = PacketNote(
                comments: expected[index].comments, direction: index % 2 == 0 ? .inbound : .outbound,
                verdict: index % 5 == 0 ? .dropped : nil, packetID: index % 3 == 0 ? UInt64(index) : nil)
            try packet.bytes.withUnsafeBytes { bytes in
                if index % 8 == 0 {
                    try writer.write(
                        bytes, interface: UInt32(index % 3), timestamp: packet.timestamp,
                        originalLength: packet.originalLength)
                } else {
                    try writer.write(
                        bytes, interface: UInt32(index % 3), timestamp: packet.timestamp,
                        originalLength: packet.originalLength, note: note)
                }
            }
        }
        try writer.writeStatistics(
            interface: 0, timestamp: 1_700_000_000_000_000_000, received: 134, dropped: 2)
        try writer.close()
        let ours = ReadCapture.ours(path)
        #expect(ours.error == nil)
        #expect(ours.packets == expected)
        var reader = try CaptureReader(path: path)
        #expect(reader.section.comments == ["hawse replay -r in.pcap", "second"])
        #expect(reader.section.operatingSystem == "Linux 6.18")
        let first = try #require(try reader.next())
        #expect(first.number == 1)
        #expect(first.flags == 0)
        #expect(try #require(try reader.next()).flags == PacketNote.Direction.outbound.rawValue)
    }

    /// libpcap refuses mixed link types, so the file it reads has one.
    @Test func libpcapReadsOurPcapng() throws {
        let scratch = try ScratchFolder()
        let path = scratch.path("out.pcapng")
        let expected = packets(300)
        var writer = try PcapngWriter(to: .file(path), section: CaptureSection(application: "hawse"))
        let eth0 = try writer.addInterface(CaptureInterface(name: "eth0"))
        let eth1 = try writer.addInterface(CaptureInterface(name: "eth1"))
        for (index, packet) in expected.enumerated() {
            try packet.bytes.withUnsafeBytes {
                try writer.write(
                    $0, interface: index % 2 == 0 ? eth0 : eth1, timestamp: packet.timestamp,
                    originalLength: packet.originalLength, note: PacketNote(comments: ["packet \(index)"]))
            }
        }
        try writer.close()
        let libpcap = LibpcapCapture(path)
        #expect(libpcap.error == nil)
        #expect(libpcap.packets == expected)
    }

    @Test func everySampleSurvivesTheWayThroughPcapng() throws {
        for name in CaptureSamples.ordinary {
            var reader = try CaptureReader(path: CaptureSamples.path(name))
            var writer = try PcapngWriter(to: .memory)
            var known = 0
            while let record = try reader.next() {
                while known < reader.interfaces.count {
                    _ = try writer.addInterface(reader.interfaces[known])
                    known += 1
                }
                try writer.write(
                    record.bytes, interface: record.interfaceIndex, timestamp: record.timestamp,
                    originalLength: record.originalLength, note: PacketNote(comments: record.comments))
            }
            let written = writer.takeBytes()
            var again = ReadCapture.ours(written)
            var original = ReadCapture.ours(CaptureSamples.path(name))
            // A packet longer than its interface's promise is cut to it.
            for index in original.packets.indices where again.packets[index] != original.packets[index] {
                let kept = again.packets[index].bytes.count
                #expect(kept < original.packets[index].bytes.count)
                original.packets[index].bytes.removeLast(original.packets[index].bytes.count - kept)
            }
            again.error = nil
            #expect(again == original, "\(name)")
        }
    }

    @Test func commentsLongerThanAnOptionAreCutAtACharacter() throws {
        var writer = try PcapngWriter(to: .memory)
        let eth0 = try writer.addInterface(CaptureInterface(name: "eth0"))
        let comment = "x" + String(repeating: "→", count: 30_000)
        try [UInt8](repeating: 7, count: 60).withUnsafeBytes {
            try writer.write($0, interface: eth0, timestamp: 1, note: PacketNote(comments: [comment]))
        }
        let read = ReadCapture.ours(writer.takeBytes())
        let kept = try #require(read.packets.first?.comments.first)
        #expect(read.error == nil)
        #expect(kept.utf8.count == 1 + 3 * 21_844)
        #expect(comment.hasPrefix(kept))
    }

    @Test func packetsOfAnUndescribedInterfaceAreRefused() throws {
        var writer = try PcapngWriter(to: .memory)
        var refused: CaptureWriteError?
        do throws(CaptureWriteError) {
            try writer.write(UnsafeRawBufferPointer(start: nil, count: 0), interface: 0, timestamp: 0)
        } catch { refused = error }
        #expect(refused?.reason == "packet for interface 0, not described yet")
    }

    @Test func aClosedPipeIsAnErrorAndNoSignal() throws {
        var ends: [Int32] = [0, 0]
        #expect(pipe(&ends) == 0)
        defer { close(ends[1]) }
        close(ends[0])
        var writer = try PcapWriter(to: .descriptor(ends[1]))
        var broken: CaptureWriteError?
        do throws(CaptureWriteError) { try writer.close() } catch { broken = error }
        #expect(broken?.isBrokenPipe == true)
        #expect(broken?.reason == "Broken pipe")
    }

    @Test func aFullDeviceIsAnError() throws {
        var writer = try PcapWriter(to: .file("/dev/full"))
        var full: CaptureWriteError?
        do throws(CaptureWriteError) { try writer.close() } catch { full = error }
        #expect(full?.code == ENOSPC)
        #expect(throws: CaptureWriteError.self) {
            var nowhere = try PcapWriter(to: .file("/nonexistent/out.pcap"))
            try nowhere.close()
        }
    }

    @Test func aCaptureMayBeWrittenOverItself() throws {
        let scratch = try ScratchFolder()
        let bytes = [UInt8](
            try Data(contentsOf: URL(filePath: CaptureSamples.path("samples/http/zeek--wikipedia.pcap"))))
        let path = try scratch.write("same.pcap", bytes)
        let before = ReadCapture.ours(path)
        var reader = try CaptureReader(path: path)
        var writer = try PcapWriter(to: .file(path), precision: .microseconds)
        while let record = try reader.next() {
            try writer.write(record.bytes, timestamp: record.timestamp, originalLength: record.originalLength)
        }
        try writer.close()
        #expect(ReadCapture.ours(path) == before)
    }

    @Test func anAbandonedFileLeavesNothing() throws {
        let scratch = try ScratchFolder()
        do {
            var writer = try PcapWriter(to: .file(scratch.path("out.pcap")))
            try writer.flush()
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.url.path).isEmpty)
    }
}
