import Foundation
import Testing

@testable import HawseCapture

/// Forms of the formats that no sample has, and damage of every kind.
@Suite struct CaptureVariantTests {
    /// SplitMix64: the same damage in every run.
    private struct Damage {
        var state: UInt64

        mutating func next(below bound: Int) -> Int {
            state &+= 0x9e37_79b9_7f4a_7c15
            var mixed = state
            mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
            return Int((mixed ^ (mixed >> 31)) % UInt64(bound))
        }
    }

    private func bytes(_ name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(filePath: CaptureSamples.path(name))))
    }

    /// The way that checks every field step by step, which the quick way in `next()` must agree with.
    private func carefully(_ bytes: [UInt8]) -> ReadCapture {
        bytes.withUnsafeBytes { memory in
            var result = ReadCapture()
            do throws(CaptureError) {
                var reader = try CaptureReader(memory: memory, name: "memory")
                while let record = try reader.nextOutOfLine() {
                    result.packets.append(
                        CopiedPacket(
                            bytes: Array(record.bytes), timestamp: record.timestamp,
                            originalLength: record.originalLength, linkType: record.linkType,
                            interface: reader.interface(of: record).name, comments: record.comments))
                }
            } catch { result.error = error }
            return result
        }
    }

    @Test(arguments: [
        "samples/http/zeek--smuggle-http-request.pcap",
        "samples/formats/pcapplusplus--nanosecs_big_endian.pcap",
        "samples/formats/pcapplusplus--many_interfaces-1.pcapng",
        "samples/icmp/pcapplusplus--IcmpPackets.pcap",
        "malformed/pcapng/pcapng-test-generator--output_be-advanced--test102.pcapng",
        "malformed/pcapng/pcapng-test-generator--output_le-difficult--test201.pcapng",
    ])
    func damageEndsInAnErrorOrInPackets(_ name: String) throws {
        let sound = try bytes(name)
        var damage = Damage(state: 1)
        var errors = 0
        for _ in 0..<300 {
            var damaged = sound
            for _ in 0...damage.next(below: 3) {
                damaged[damage.next(below: damaged.count)] = UInt8(damage.next(below: 256))
            }
            let quick = ReadCapture.ours(damaged)
            #expect(quick == carefully(damaged))
            #expect(quick.packets.count <= sound.count / 12)
            if let error = quick.error {
                errors += 1
                #expect(error.offset <= UInt64(damaged.count))
            }
        }
        #expect(errors > 3)
    }

    private func classic(
        magic: UInt32, version: (UInt16, UInt16) = (2, 4), _ records: [[UInt32]], extra: Int = 0,
        _ payload: [UInt8]
    ) -> [UInt8] {
        var file: [UInt8] = []
        file.appendLittle32(magic)
        file.appendLittle16(version.0)
        file.appendLittle16(version.1)
        for word: UInt32 in [0, 0, 65_535, 1] { file.appendLittle32(word) }
        for record in records {
            for word in record { file.appendLittle32(word) }
            file += [UInt8](repeating: 0xee, count: extra) + payload
        }
        return file
    }

    /// Kuznetzov's patch put eight more bytes into each record's header.
    @Test func kuznetzovRecordsAreRead() {
        let file = classic(magic: 0xa1b2_cd34, [[7, 5, 3, 9], [8, 6, 3, 3]], extra: 8, [1, 2, 3])
        let read = ReadCapture.ours(file)
        #expect(read.error == nil)
        #expect(read.packets.map(\.bytes) == [[1, 2, 3], [1, 2, 3]])
        #expect(read.packets.map(\.timestamp) == [7_000_005_000, 8_000_006_000])
        #expect(read.packets.map(\.originalLength) == [9, 3])
    }

    /// Before version 2.3 the lengths stood the other way round, and 2.3 was written both ways.
    @Test func oldVersionsHaveTheirLengthsSwapped() throws {
        let old = classic(magic: 0xa1b2_c3d4, version: (2, 2), [[1, 0, 9, 3]], [1, 2, 3])
        let both = classic(magic: 0xa1b2_c3d4, version: (2, 3), [[1, 0, 9, 3], [2, 0, 3, 9]], [1, 2, 3])
        #expect(ReadCapture.ours(old).packets.map(\.originalLength) == [9])
        #expect(ReadCapture.ours(both).packets.map(\.originalLength) == [9, 9])
        let scratch = try ScratchFolder()
        #expect(LibpcapCapture(try scratch.write("old.pcap", old)).packets == ReadCapture.ours(old).packets)
        #expect(
            LibpcapCapture(try scratch.write("both.pcap", both)).packets == ReadCapture.ours(both).packets)
        let archaic = ReadCapture.ours(classic(magic: 0xa1b2_c3d4, version: (1, 4), [], []))
        #expect(archaic.error?.reason == "archaic pcap savefile format")
        let future = ReadCapture.ours(classic(magic: 0xa1b2_c3d4, version: (2, 5), [], []))
        #expect(future.error?.reason == "unsupported pcap savefile version 2.5")
    }

    /// A packet of 1 MiB: past the usual limit, within the one that the file's header announces.
    @Test func theFilesOwnLimitCounts() {
        let big = [UInt8](repeating: 7, count: 1 << 20)
        var file = classic(magic: 0xa1b2_c3d4, [[1, 0, 1 << 20, 1 << 20]], big)
        let refused = ReadCapture.ours(file)
        #expect(
            refused.error?.reason == "invalid packet capture length 1048576, bigger than maximum of 262144")
        file.replaceSubrange(16..<20, with: [0, 0, 0x20, 0])
        #expect(ReadCapture.ours(file).packets.map(\.bytes.count) == [1 << 20])
    }

    /// Records longer than the buffer, through a stream: the buffer grows with what arrives.
    @Test func longRecordsPassThroughStreams() throws {
        let scratch = try ScratchFolder()
        var writer = try PcapngWriter(to: .file(scratch.path("long.pcapng")))
        let eth0 = try writer.addInterface(CaptureInterface(name: "eth0", snapshotLength: 0))
        let big = (0..<(9 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        for length in [10, 9 << 20, 100, 1 << 20, 0] {
            try big.withUnsafeBytes {
                try writer.write(.init(rebasing: $0[..<length]), interface: eth0, timestamp: 1)
            }
        }
        try writer.close()
        var reader = try CaptureReader(path: scratch.path("long.pcapng"), access: .streamed)
        var lengths: [Int] = []
        while let record = try reader.next() {
            lengths.append(record.bytes.count)
            #expect(record.bytes.elementsEqual(big.prefix(record.bytes.count)))
        }
        #expect(lengths == [10, 9 << 20, 100, 1 << 20, 0])
    }

    /// Pages of files that are in this process's memory, in KiB.
    private func residentFileKiB() throws -> Int {
        let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("RssFile:") })
        return try #require(Int(line.split(separator: " ").dropLast().last ?? ""))
    }

    /// A million packets, 116 MB of file, mapped and streamed.
    @Test(arguments: [CaptureAccess.automatic, .streamed])
    func aMillionPacketsAreReadInBoundedMemory(_ access: CaptureAccess) throws {
        let scratch = try ScratchFolder()
        var writer = try PcapWriter(to: .file(scratch.path("million.pcap")))
        try [UInt8](repeating: 1, count: 100).withUnsafeBytes { bytes in
            for index in 0..<1_000_000 { try writer.write(bytes, timestamp: Int64(index)) }
        }
        try writer.close()
        let before = try residentFileKiB()
        var most = 0
        var reader = try CaptureReader(path: scratch.path("million.pcap"), access: access)
        while let record = try reader.next() {
            if record.number % 65_536 == 0 { most = max(most, try residentFileKiB() - before) }
        }
        #expect(reader.packetCount == 1_000_000)
        #expect(reader.progress == 1)
        // Two slices of the mapping; the rest is for what else this process may map meanwhile.
        #expect(most < 40 << 10, "\(most) KiB more than before")
        #expect(reader.source.bufferCapacity == (access == .streamed ? ByteSource.bufferSize : 0))
    }
}
