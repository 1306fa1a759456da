extension CaptureReader {
    private static let sectionHeaderBlock: UInt32 = 0x0a0d_0d0a
    private static let interfaceDescription: UInt32 = 1
    private static let obsoletePacket: UInt32 = 2
    private static let simplePacket: UInt32 = 3
    private static let enhancedPacket: UInt32 = 6

    mutating func nextPcapngRecord() throws(CaptureError) -> CaptureRecord? {
        while true {
            guard require(12) else {
                if window.available == 0, source.failure == nil { return nil }
                throw shortage(truncated(window.available < 8 ? 8 : 12))
            }
            let type = load32(window.cursor, 0)
            if type == Self.sectionHeaderBlock {
                try readSectionHeader()
                continue
            }
            let total = try requireBlock()
            let block = window.cursor
            switch type {
            case Self.enhancedPacket:
                return try enhancedPacket(block, total)
            case Self.simplePacket:
                return try simplePacket(block, total)
            case Self.obsoletePacket:
                return try obsoletePacket(block, total)
            case Self.interfaceDescription:
                try describeInterface(block, total)
                window.cursor += total
            default:
                // Names, statistics, secrets, custom and unknown blocks say nothing about packets.
                window.cursor += total
            }
        }
    }

    /// Checks the framing of the block at the cursor and brings all of it into the window; its total length.
    @inline(__always)
    private mutating func requireBlock() throws(CaptureError) -> Int {
        let length = load32(window.cursor, 4)
        guard length >= 12, length & 3 == 0, length <= UInt32(Self.maximumBlockLength) else {
            throw failure(.damaged, Self.lengthFault(length))
        }
        let total = Int(length)
        guard require(total) else { throw shortage(truncated(total)) }
        guard load32(window.cursor, total - 4) == length else {
            throw failure(.damaged, "block total length in header and trailer don't match")
        }
        return total
    }

    private static func lengthFault(_ length: UInt32) -> String {
        if length < 12 { return "block in pcapng dump file has a length of \(length) < 12" }
        if length & 3 != 0 {
            return "block in pcapng dump file has a length of \(length) that is not a multiple of 4"
        }
        return "pcapng block size \(length) > maximum \(maximumBlockLength)"
    }

    private func truncated(_ wanted: Int) -> String {
        "truncated pcapng dump file; tried to read \(wanted) bytes, only got \(window.available)"
    }

    // MARK: Packets

    @inline(__always)
    private mutating func enhancedPacket(
        _ block: UnsafeRawPointer, _ total: Int
    ) throws(CaptureError) -> CaptureRecord {
        guard total >= 32 else { throw tooShort(Self.enhancedPacket) }
        return try deliver(
            block, total, interface: load32(block, 8), captured: load32(block, 20),
            original: load32(block, 24),
            stamp: UInt64(load32(block, 12)) << 32 | UInt64(load32(block, 16)))
    }

    /// The Packet Block that the Enhanced Packet Block replaced: a 16-bit interface beside a drop count.
    private mutating func obsoletePacket(
        _ block: UnsafeRawPointer, _ total: Int
    ) throws(CaptureError) -> CaptureRecord {
        guard total >= 32 else { throw tooShort(Self.obsoletePacket) }
        return try deliver(
            block, total, interface: UInt32(load16(block, 8)), captured: load32(block, 20),
            original: load32(block, 24), stamp: UInt64(load32(block, 12)) << 32 | UInt64(load32(block, 16)))
    }

    /// No timestamp, no options; always of the section's first interface, whose snapshot length cuts it.
    private mutating func simplePacket(
        _ block: UnsafeRawPointer, _ total: Int
    ) throws(CaptureError) -> CaptureRecord {
        guard total >= 16 else { throw tooShort(Self.simplePacket) }
        guard clocks.count > 0 else { throw noInterface(0) }
        let original = load32(block, 8)
        let snapshot = clocks.entries[0].snapshotLength
        let captured = snapshot == 0 ? original : min(original, snapshot)
        guard captured <= UInt32(total - 16) else { throw overlong(captured, total - 16) }
        let offset = window.offset
        window.cursor += total
        delivered &+= 1
        return CaptureRecord(
            bytes: UnsafeRawBufferPointer(start: block + 12, count: Int(captured)), timestamp: 0,
            number: delivered, offset: offset, originalLength: original, linkType: clocks.entries[0].linkType,
            interfaceIndex: UInt32(truncatingIfNeeded: sectionBase), swapped: swapped)
    }

    @inline(__always)
    private mutating func deliver(
        _ block: UnsafeRawPointer, _ total: Int, interface: UInt32, captured: UInt32, original: UInt32,
        stamp: UInt64
    ) throws(CaptureError) -> CaptureRecord {
        guard interface < UInt32(truncatingIfNeeded: clocks.count) else { throw noInterface(interface) }
        guard captured <= UInt32(total - 32) else { throw overlong(captured, total - 32) }
        let clock = clocks.entries + Int(interface)
        let optionsStart = 28 + ((Int(captured) + 3) & ~3)
        let offset = window.offset
        window.cursor += total
        delivered &+= 1
        return CaptureRecord(
            bytes: UnsafeRawBufferPointer(start: block + 28, count: Int(captured)),
            timestamp: clock.pointee.scale.nanoseconds(stamp), number: delivered, offset: offset,
            originalLength: original, linkType: clock.pointee.linkType,
            interfaceIndex: UInt32(truncatingIfNeeded: sectionBase) &+ interface,
            optionsLength: total - 4 - optionsStart, swapped: swapped)
    }

    private func tooShort(_ type: UInt32) -> CaptureError {
        failure(.damaged, "block of type \(type) in pcapng dump file is too short")
    }

    private func noInterface(_ index: UInt32) -> CaptureError {
        clocks.count == 0
            ? failure(
                .damaged, "the capture file has a packet block before any Interface Description Blocks")
            : failure(
                .damaged,
                """
                a packet arrived on interface \(index), but there's no Interface Description Block for that \
                interface
                """)
    }

    private func overlong(_ captured: UInt32, _ room: Int) -> CaptureError {
        failure(
            .damaged,
            "invalid packet capture length \(captured), bigger than the \(room) bytes left in its block")
    }

    // MARK: Sections and interfaces

    /// A new section: its byte order, and its interfaces counted from 0 again.
    mutating func readSectionHeader() throws(CaptureError) {
        let first = packetCount == 0 && interfaces.isEmpty
        guard require(28) else { throw shortage(truncated(28), inHeader: first) }
        switch window.cursor.loadUnaligned(fromByteOffset: 8, as: UInt32.self) {
        case 0x1a2b_3c4d: swapped = false
        case 0x4d3c_2b1a: swapped = true
        default:
            throw failure(
                first ? .notACapture : .damaged,
                "unknown file format (no byte-order magic in the section header)",
                inHeader: first)
        }
        let length = load32(window.cursor, 4)
        guard length >= 28, length <= 1 << 20 else {
            throw failure(
                .damaged,
                "Section Header Block in pcapng dump file has invalid length 28 < _\(length)_ < \(1 << 20)",
                inHeader: first)
        }
        let total = try requireBlock()
        let block = window.cursor
        let major = load16(block, 12)
        let minor = load16(block, 14)
        // 1.2 was written by mistake with the format of 1.0.
        guard major == 1, minor == 0 || minor == 2 else {
            throw failure(
                .unsupported, "unsupported pcapng savefile version \(major).\(minor)", inHeader: first)
        }
        section = CaptureSection()
        var options = PcapngOptions(
            UnsafeRawBufferPointer(start: block + 24, count: total - 28), swapped: swapped)
        while let option = options.next() {
            let text = String(decoding: option.value, as: UTF8.self)
            switch option.code {
            case 1: section.comments.append(text)
            case 2: section.hardware = text
            case 3: section.operatingSystem = text
            case 4: section.application = text
            default: break
            }
        }
        clocks.removeAll()
        plainClocks = nil
        plainClockCount = 0
        sectionBase = interfaces.count
        window.cursor += total
    }

    private mutating func describeInterface(_ block: UnsafeRawPointer, _ total: Int) throws(CaptureError) {
        guard total >= 20 else { throw tooShort(Self.interfaceDescription) }
        guard interfaces.count < Self.maximumInterfaces else {
            throw failure(.unsupported, "more than \(Self.maximumInterfaces) interfaces")
        }
        var interface = CaptureInterface(
            linkType: LinkType(rawValue: load16(block, 8)), snapshotLength: load32(block, 12),
            timestampResolution: 6)
        var options = PcapngOptions(
            UnsafeRawBufferPointer(start: block + 16, count: total - 20), swapped: swapped)
        while let option = options.next() {
            switch option.code {
            case 2: interface.name = String(decoding: option.value, as: UTF8.self)
            case 3: interface.description = String(decoding: option.value, as: UTF8.self)
            case 9:
                guard option.value.count == 1 else { throw optionLength("if_tsresol", option.value.count, 1) }
                interface.timestampResolution = option.value[0]
            case 14:
                guard option.value.count == 8 else {
                    throw optionLength("if_tsoffset", option.value.count, 8)
                }
                interface.timestampOffset = Int64(bitPattern: options.read64(option.value, 0))
            default: break
            }
        }
        if options.overrun {
            throw failure(.damaged, "Interface Description Block has an option longer than the block")
        }
        let resolution = interface.timestampResolution
        guard let scale = TimestampScale(resolution: resolution, offset: interface.timestampOffset) else {
            throw failure(
                .unsupported,
                """
                Interface Description Block if_tsresol option resolution \
                \(resolution & 0x80 != 0 ? 2 : 10)^-\(resolution & 0x7f) is too high
                """)
        }
        clocks.append(
            InterfaceClock(
                scale: scale, linkType: interface.linkType, snapshotLength: interface.snapshotLength))
        plainClocks = swapped ? nil : UnsafePointer(clocks.entries)
        plainClockCount = UInt32(clocks.count)
        interfaces.append(interface)
    }

    private func optionLength(_ name: String, _ length: Int, _ wanted: Int) -> CaptureError {
        failure(
            .damaged, "Interface Description Block has \(name) option with length \(length) != \(wanted)")
    }
}
