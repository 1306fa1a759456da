import Foundation
import Testing

@testable import HawseCapture

@Suite struct CaptureReaderTests {
    @Test func theSamplesAreThere() {
        #expect(CaptureSamples.ordinary.count >= 80)
        #expect(CaptureSamples.malformed.count >= 370)
    }

    /// Packet by packet the same as libpcap: bytes, lengths, timestamps, link type.
    @Test(arguments: CaptureSamples.ordinary)
    func readsOrdinaryCapturesAsLibpcapDoes(_ name: String) throws {
        let path = CaptureSamples.path(name)
        let ours = ReadCapture.ours(path)
        #expect(ours.error == nil)
        #expect(!ours.packets.isEmpty)
        #expect(ReadCapture.ours(path, access: .streamed) == ours)
        let expected: LibpcapCapture
        if name.hasSuffix(".gz") {
            // libpcap does not decompress: gzip(1) does it for the comparison.
            let scratch = try ScratchFolder()
            let plain = scratch.path("plain.pcap")
            let gzip = Process()
            gzip.executableURL = URL(filePath: "/bin/sh")
            gzip.arguments = ["-c", "gzip -dc \"$0\" > \"$1\"", path, plain]
            try gzip.run()
            gzip.waitUntilExit()
            expected = LibpcapCapture(plain)
        } else {
            expected = LibpcapCapture(path)
        }
        if Set(ours.packets.map(\.linkType)).count > 1 {
            // Several link types in one file: libpcap stops where the second comes.
            #expect(expected.error?.contains("different from the type of the first interface") == true)
            #expect(ours.packets.count > expected.packets.count)
        } else {
            #expect(expected.error == nil)
            #expect(ours.packets.count == expected.packets.count)
        }
        for (mine, theirs) in zip(ours.packets, expected.packets) { expectSame(mine, theirs, expected) }
    }

    /// Whatever libpcap delivers of a damaged file we deliver too, in the same words where it stops.
    @Test(arguments: CaptureSamples.anyQuality)
    func endsWellOnMalformedCaptures(_ name: String) throws {
        let path = CaptureSamples.path(name)
        let ours = ReadCapture.ours(path)
        #expect(ReadCapture.ours(path, access: .streamed) == ours)
        if let error = ours.error {
            #expect(error.file == path)
            #expect(error.kind != .cannotOpen && error.kind != .readFailed)
            #expect(error.packet == 0 || error.packet == UInt64(ours.packets.count) + 1)
            #expect(!error.reason.isEmpty)
        }
        let libpcap = LibpcapCapture(path)
        guard !name.hasSuffix(".gz") else { return }
        #expect(ours.packets.count >= libpcap.packets.count)
        for (mine, theirs) in zip(ours.packets, libpcap.packets) { expectSame(mine, theirs, libpcap) }
        if libpcap.error == nil {
            #expect(ours.error == nil, "libpcap reads all \(libpcap.packets.count) packets")
            #expect(ours.packets.count == libpcap.packets.count)
        }
    }

    private func expectSame(_ mine: CopiedPacket, _ theirs: CopiedPacket, _ libpcap: LibpcapCapture) {
        // libpcap cuts packets at the file's snapshot length, even where the file has more of them.
        let cut = mine.bytes.count > libpcap.snapshotLength && theirs.bytes.count == libpcap.snapshotLength
        #expect(
            cut
                ? Array(mine.bytes.prefix(libpcap.snapshotLength)) == theirs.bytes
                : mine.bytes == theirs.bytes)
        #expect(mine.originalLength == theirs.originalLength)
        // libpcap 1.10 takes seconds and fractions for signed 32-bit numbers; they are unsigned by the
        // format.
        let wraps: [Int64] = [0, (1 << 32) * 1_000_000_000, (1 << 32) * 1000, (1 << 32) * 1_000_001_000]
        #expect(
            wraps.contains(mine.timestamp - theirs.timestamp), "\(mine.timestamp) and \(theirs.timestamp)")
        // Raw IP has several numbers.
        #expect(LinkType(dlt: mine.linkType.dlt) == theirs.linkType)
    }

    @Test func theYear2038IsNotTheEnd() {
        let capture = ReadCapture.ours(
            CaptureSamples.path("malformed/decode/tcpdump--time_2038_overflow.pcap"))
        #expect(capture.packets.last?.timestamp == 2_147_483_648_000_000_000)
    }

    /// Every prefix of a capture delivers exactly its whole packets, then says what is missing.
    @Test(arguments: [
        "samples/tcp/zeek--payload-syn.pcap", "samples/formats/tcpdump--tcp-handshake-nano.pcap",
        "samples/icmp/pcapplusplus--IcmpPackets.pcap",
    ])
    func everyPrefixDeliversItsWholePackets(_ name: String) throws {
        let whole = [UInt8](try Data(contentsOf: URL(filePath: CaptureSamples.path(name))))
        let all = ReadCapture.ours(whole).packets
        var delivered = 0
        for length in 0...whole.count {
            let part = ReadCapture.ours(Array(whole.prefix(length)))
            #expect(part.packets.count >= delivered)
            #expect(Array(all.prefix(part.packets.count)) == part.packets)
            delivered = part.packets.count
            if let error = part.error {
                #expect(error.kind == .damaged)
                #expect(error.reason.contains("truncated"))
                #expect(error.offset <= UInt64(length))
            }
        }
        #expect(delivered == all.count)
    }

    @Test func truncationIsToldInTcpdumpsWords() throws {
        let whole = [UInt8](
            try Data(contentsOf: URL(filePath: CaptureSamples.path("samples/tcp/zeek--payload-syn.pcap"))))
        let cut = ReadCapture.ours(Array(whole.prefix(24 + 7)))
        #expect(cut.packets.isEmpty)
        #expect(
            cut.error
                == CaptureError(
                    kind: .damaged, file: "memory", packet: 1, offset: 24,
                    reason: "truncated dump file; tried to read 16 header bytes, only got 7"))
        #expect(
            cut.error?.description
                == "memory: packet 1, offset 24: "
                + "truncated dump file; tried to read 16 header bytes, only got 7"
        )
        let body = ReadCapture.ours(Array(whole.prefix(24 + 16 + 3)))
        #expect(body.error?.reason.hasSuffix("captured bytes, only got 3") == true)
        let scratch = try ScratchFolder()
        let path = try scratch.write("cut.pcap", Array(whole.prefix(24 + 16 + 3)))
        #expect(LibpcapCapture(path).error == body.error?.reason)
    }

    @Test func aMissingFileIsNotADamagedOne() {
        let missing = "/nonexistent/a.pcap"
        #expect(
            ReadCapture.ours(missing).error
                == CaptureError(kind: .cannotOpen, file: missing, reason: "No such file or directory"))
        #expect(ReadCapture.ours(FileManager.default.temporaryDirectory.path).error?.kind == .cannotOpen)
    }

    @Test func anAbsurdLengthIsRefusedWithoutItsMemory() throws {
        var bytes: [UInt8] = [0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0] + [UInt8](repeating: 0, count: 8)
        bytes += [0xff, 0xff, 0xff, 0x7f, 1, 0, 0, 0]
        bytes += [UInt8](repeating: 0, count: 8) + [0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff, 0x7f]
        let error = ReadCapture.ours(bytes).error
        #expect(error?.reason == "invalid packet capture length 2147483647, bigger than maximum of 16777216")
        #expect(error?.packet == 1)
        #expect(error?.offset == 24)
    }

    @Test func whatIsNoCaptureIsCalledSo() {
        let text = ReadCapture.ours(Array("apiVersion: v1\nkind: Service\n".utf8))
        #expect(text.error?.kind == .notACapture)
        #expect(text.error?.reason == "unknown file format")
        let zstd = ReadCapture.ours([0x28, 0xb5, 0x2f, 0xfd, 0, 0, 0, 0])
        #expect(zstd.error?.reason.contains("zstd -dc") == true)
        #expect(ReadCapture.ours([]).error?.kind == .damaged)
    }

    @Test func commentsAndInterfaceNamesAreRead() {
        let capture = ReadCapture.ours(
            CaptureSamples.path("samples/formats/pcapplusplus--pcapng-example.pcapng"))
        #expect(capture.packets.count == 159)
        #expect(capture.packets.filter { !$0.comments.isEmpty }.count == 100)
    }

    /// Sections one after another, each in its own byte order, with its interfaces counted from 0 again.
    @Test func sectionsMayDifferInByteOrder() throws {
        let names = ["output_be-advanced--test101", "output_le-basic--test010", "output_be-basic--test001"]
        var joined: [UInt8] = []
        var packets: [CopiedPacket] = []
        for name in names {
            let path = CaptureSamples.path("malformed/pcapng/pcapng-test-generator--\(name).pcapng")
            joined += [UInt8](try Data(contentsOf: URL(filePath: path)))
            packets += ReadCapture.ours(path).packets
        }
        #expect(packets.count == 12)
        let together = ReadCapture.ours(joined)
        #expect(together.error == nil)
        #expect(together.packets == packets)
    }

    /// 2^-20 s, 10^-12 s, seconds before an offset: all become nanoseconds.
    @Test func timestampUnitsAreConverted() throws {
        func scale(_ resolution: UInt8, _ offset: Int64 = 0) throws -> TimestampScale {
            try #require(TimestampScale(resolution: resolution, offset: offset))
        }
        #expect(try scale(6).nanoseconds(1_234_567) == 1_234_567_000)
        #expect(try scale(9).nanoseconds(1_234_567) == 1_234_567)
        #expect(try scale(12).nanoseconds(1_234_567) == 1_234)
        #expect(try scale(0, -5).nanoseconds(7) == 2_000_000_000)
        #expect(try scale(0x80 | 20).nanoseconds(3 << 19) == 1_500_000_000)
        #expect(try scale(0x80).nanoseconds(2) == 2_000_000_000)
        #expect(try scale(0x80 | 63).nanoseconds(1 << 62) == 500_000_000)
        #expect(try scale(6).nanoseconds(.max) == .max)
        #expect(try scale(0x80 | 1).nanoseconds(.max) == .max)
        #expect(TimestampScale(resolution: 20, offset: 0) == nil)
        #expect(TimestampScale(resolution: 0x80 | 64, offset: 0) == nil)
    }

    /// A pipe that delivers a few bytes at a time, and gzip over it.
    @Test(arguments: ["", "gzip"])
    func pipesAreReadPieceByPiece(_ compression: String) throws {
        let path = CaptureSamples.path("samples/http/zeek--wikipedia.pcap")
        let filter = Process()
        let pipe = Pipe()
        filter.executableURL = URL(filePath: "/bin/sh")
        filter.arguments = [
            "-c", "\(compression.isEmpty ? "cat" : compression) < \"$0\" | dd bs=97 2>/dev/null", path,
        ]
        filter.standardOutput = pipe
        try filter.run()
        var reader = try CaptureReader(descriptor: pipe.fileHandleForReading.fileDescriptor, name: "pipe")
        var result = ReadCapture()
        result.drain(&reader)
        filter.waitUntilExit()
        #expect(reader.progress == nil)
        #expect(result == ReadCapture.ours(path))
    }

    @Test func damagedGzipDeliversWhatCameBefore() throws {
        let name = "samples/formats/zeek--1000-requests-one-dropped-response.pcap.gz"
        let whole = [UInt8](try Data(contentsOf: URL(filePath: CaptureSamples.path(name))))
        let scratch = try ScratchFolder()
        let cut = ReadCapture.ours(try scratch.write("cut.gz", Array(whole.prefix(whole.count / 2))))
        #expect(cut.packets.count > 100)
        #expect(cut.error?.reason == "gzip: unexpected end of file")
        var flipped = whole
        flipped[whole.count / 2] ^= 0x55
        let bad = ReadCapture.ours(try scratch.write("bad.gz", flipped))
        #expect(bad.packets.count > 100)
        #expect(bad.error != nil)
        let twice = ReadCapture.ours(try scratch.write("members.gz", gzipMembers(of: whole)))
        #expect(twice == ReadCapture.ours(CaptureSamples.path(name)))
    }

    /// The same capture as two gzip members, cut in the middle of a record.
    private func gzipMembers(of compressed: [UInt8]) throws -> [UInt8] {
        let scratch = try ScratchFolder()
        let input = try scratch.write("whole.gz", compressed)
        let shell = Process()
        shell.executableURL = URL(filePath: "/bin/sh")
        shell.arguments = [
            "-c",
            "cd \"$0\"; gzip -dc \"$1\" > p; head -c 4321 p | gzip > out; tail -c +4322 p | gzip >> out",
            scratch.url.path, input,
        ]
        try shell.run()
        shell.waitUntilExit()
        return [UInt8](try Data(contentsOf: scratch.url.appending(path: "out")))
    }

    /// Records of one batch are valid together.
    @Test(arguments: ["samples/http/zeek--wikipedia.pcap", "samples/formats/zeek--cooper-grill-dvwa.pcapng"])
    func batchesDeliverTheSamePackets(_ name: String) throws {
        let path = CaptureSamples.path(name)
        var reader = try CaptureReader(path: path, access: .streamed)
        let batch = UnsafeMutableBufferPointer<CaptureRecord>.allocate(capacity: 32)
        defer { batch.deallocate() }
        var seen: [[UInt8]] = []
        var largest = 0
        while case let count = try reader.next(into: batch), count > 0 {
            largest = max(largest, count)
            for record in batch.prefix(count) { seen.append(Array(record.bytes)) }
        }
        #expect(seen == ReadCapture.ours(path).packets.map(\.bytes))
        #expect(largest == 32)
    }
}
