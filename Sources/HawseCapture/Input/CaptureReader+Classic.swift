extension CaptureReader {
    private static let microseconds: UInt32 = 0xa1b2_c3d4
    private static let nanoseconds: UInt32 = 0xa1b2_3c4d
    private static let kuznetzov: UInt32 = 0xa1b2_cd34
    private static let sectionHeader: UInt32 = 0x0a0d_0d0a

    /// Tells the format by its magic and reads the file's header.
    mutating func readFileHeader() throws(CaptureError) {
        guard require(4) else {
            throw shortage(
                "truncated dump file; tried to read 4 file header bytes, only got \(window.available)",
                inHeader: true)
        }
        let magic = window.cursor.loadUnaligned(as: UInt32.self)
        if magic == Self.sectionHeader {
            format = .pcapng
            try readSectionHeader()
            return
        }
        for swap in [false, true] {
            switch swap ? magic.byteSwapped : magic {
            case Self.microseconds: break
            case Self.nanoseconds: fractionFactor = 1
            case Self.kuznetzov: recordHeaderLength = 24
            default: continue
            }
            swapped = swap
            try readClassicHeader()
            return
        }
        throw failure(.notACapture, "unknown file format\(Self.knownMagic(magic))", inHeader: true)
    }

    /// What a file is that is no capture we read, for those that users mistake for one.
    private static func knownMagic(_ magic: UInt32) -> String {
        switch magic {
        case 0xfd2f_b528: " (zstd: decompress it with zstd -dc and read -)"
        case 0x587a_37fd: " (xz: decompress it with xz -dc and read -)"
        case 0x184d_2204: " (lz4: decompress it with lz4 -dc and read -)"
        case _ where magic & 0x00ff_ffff == 0x0068_5a42: " (bzip2: decompress it with bzip2 -dc and read -)"
        case 0x6f6f_6e73: " (snoop: convert it with editcap -F pcapng)"
        default: ""
        }
    }

    private mutating func readClassicHeader() throws(CaptureError) {
        guard require(24) else {
            throw shortage(
                "truncated dump file; tried to read 24 file header bytes, only got \(window.available)",
                inHeader: true)
        }
        let header = window.cursor
        let major = load16(header, 4)
        versionMinor = load16(header, 6)
        guard major >= 2 else {
            throw failure(.unsupported, "archaic pcap savefile format", inHeader: true)
        }
        guard major == 2 && versionMinor <= 4 || major == 543 && versionMinor == 0 else {
            throw failure(
                .unsupported, "unsupported pcap savefile version \(major).\(versionMinor)", inHeader: true)
        }
        let snapshotLength = load32(header, 16)
        // The upper half holds the length of the frame check sequence and flags.
        linkType = LinkType(rawValue: UInt16(truncatingIfNeeded: load32(header, 20)))
        // libpcap believes a packet as long as the file's own limit, or as long as any packet of the type may
        // be.
        captureLimit = max(
            linkType.maximumCapturedLength, min(snapshotLength, UInt32(Self.maximumBlockLength)))
        window.cursor += 24
        isPlain = !swapped && versionMinor == 4 && recordHeaderLength == 16
        interfaces = [
            CaptureInterface(
                linkType: linkType, snapshotLength: snapshotLength,
                timestampResolution: fractionFactor == 1 ? 9 : 6)
        ]
    }

    mutating func nextClassicRecord() throws(CaptureError) -> CaptureRecord? {
        guard require(recordHeaderLength) else {
            if window.available == 0, source.failure == nil { return nil }
            throw shortage(
                """
                truncated dump file; tried to read \(recordHeaderLength) header bytes, \
                only got \(window.available)
                """)
        }
        let header = window.cursor
        let seconds = load32(header, 0)
        let fraction = load32(header, 4)
        var captured = load32(header, 8)
        var original = load32(header, 12)
        if versionMinor < 4, versionMinor < 3 || captured > original {
            // Before 2.3 the two lengths stood the other way round; 2.3 was written both ways.
            swap(&captured, &original)
        }
        guard captured <= captureLimit else {
            throw failure(
                .damaged, "invalid packet capture length \(captured), bigger than maximum of \(captureLimit)")
        }
        let total = recordHeaderLength + Int(captured)
        guard require(total) else {
            throw shortage(
                """
                truncated dump file; tried to read \(captured) captured bytes, \
                only got \(max(0, window.available - recordHeaderLength))
                """)
        }
        let body = window.cursor + recordHeaderLength
        let offset = window.offset
        window.cursor += total
        delivered &+= 1
        return CaptureRecord(
            bytes: UnsafeRawBufferPointer(start: body, count: Int(captured)),
            timestamp: Int64(seconds) &* 1_000_000_000 &+ Int64(fraction) &* fractionFactor,
            number: delivered, offset: offset, originalLength: original, linkType: linkType)
    }

    @inline(__always) func load16(_ pointer: UnsafeRawPointer, _ offset: Int) -> UInt16 {
        let value = pointer.loadUnaligned(fromByteOffset: offset, as: UInt16.self)
        return swapped ? value.byteSwapped : value
    }

    @inline(__always) func load32(_ pointer: UnsafeRawPointer, _ offset: Int) -> UInt32 {
        let value = pointer.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
        return swapped ? value.byteSwapped : value
    }
}
