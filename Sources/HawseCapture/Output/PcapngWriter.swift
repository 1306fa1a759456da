import HawseWire

/// Writes pcapng, little-endian, one section, nanosecond timestamps, any number of interfaces and link types.
///
///     var writer = try PcapngWriter(to: .file("out.pcapng"))
///     let eth0 = try writer.addInterface(CaptureInterface(name: "node-a/eth0"))
///     try writer.write(bytes, interface: eth0, timestamp: now, note: PacketNote(comments: ["DNAT …"]))
///     try writer.close()
///
/// `close()` must be called: it writes the rest and gives the file its name.
public struct PcapngWriter: ~Copyable, @unchecked Sendable {
    /// The longest packet a block takes, so that readers with libpcap's block limit of 16 MiB accept it.
    public static let maximumCapturedLength = (16 << 20) - (1 << 19)

    var output: CaptureOutput
    private(set) var interfaceLimits: [Int] = []
    public internal(set) var packetCount: UInt64 = 0

    public init(
        to destination: CaptureDestination, section: CaptureSection = CaptureSection()
    ) throws(CaptureWriteError) {
        var output = try CaptureOutput(destination)
        var options = OptionBytes()
        for comment in section.comments { options.append(1, comment) }
        options.append(2, ifNotEmpty: section.hardware)
        options.append(3, ifNotEmpty: section.operatingSystem)
        options.append(4, ifNotEmpty: section.application)
        var body: [UInt8] = [0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0]
        // The section's length is not known while it is streamed.
        body += [UInt8](repeating: 0xff, count: 8)
        try output.writeBlock(0x0a0d_0d0a, body + options.finished)
        self.output = output
    }

    /// Adds an interface; its number is what `write` takes. Its timestamps are nanoseconds whatever
    /// `timestampResolution` says.
    public mutating func addInterface(_ interface: CaptureInterface) throws(CaptureWriteError) -> UInt32 {
        var options = OptionBytes()
        options.append(2, ifNotEmpty: interface.name)
        options.append(3, ifNotEmpty: interface.description)
        options.append(9, bytes: [9])
        var body: [UInt8] = []
        body.appendLittle16(interface.linkType.rawValue)
        body.appendLittle16(0)
        body.appendLittle32(interface.snapshotLength)
        try output.writeBlock(1, body + options.finished)
        let snapshot = interface.snapshotLength == 0 ? Int.max : Int(interface.snapshotLength)
        interfaceLimits.append(min(snapshot, Self.maximumCapturedLength))
        return UInt32(interfaceLimits.count - 1)
    }

    /// How many interfaces there are.
    public var interfaceCount: Int { interfaceLimits.count }

    /// Writes one packet. `timestamp`: nanoseconds since 1970; earlier ones become 0, which is all the format
    /// has.
    public mutating func write(
        _ bytes: UnsafeRawBufferPointer, interface: UInt32, timestamp: Int64, originalLength: UInt32? = nil
    ) throws(CaptureWriteError) {
        let block = try openPacketBlock(bytes, interface, timestamp, originalLength, optionsLength: 0)
        finish(block)
    }

    /// Writes one packet with comments, direction, verdict or identifier.
    public mutating func write(
        _ bytes: UnsafeRawBufferPointer, interface: UInt32, timestamp: Int64, originalLength: UInt32? = nil,
        note: PacketNote
    ) throws(CaptureWriteError) {
        let block = try openPacketBlock(
            bytes, interface, timestamp, originalLength, optionsLength: note.encodedLength)
        note.encode(at: block.start + block.optionsOffset)
        finish(block)
    }

    private struct PacketBlock {
        var start: UnsafeMutableRawPointer
        var optionsOffset: Int
        var total: Int
    }

    /// Reserves an Enhanced Packet Block and fills in all but its options and trailer.
    @inline(__always)
    private mutating func openPacketBlock(
        _ bytes: UnsafeRawBufferPointer, _ interface: UInt32, _ timestamp: Int64, _ originalLength: UInt32?,
        optionsLength: Int
    ) throws(CaptureWriteError) -> PacketBlock {
        guard Int(interface) < interfaceLimits.count else {
            throw CaptureWriteError(
                file: output.name, reason: "packet for interface \(interface), not described yet")
        }
        let captured = min(bytes.count, interfaceLimits[Int(interface)])
        let padded = (captured + 3) & ~3
        let total = 32 + padded + optionsLength
        let block = try output.reserve(total)
        let time = UInt64(max(timestamp, 0))
        block.storeLittle32(6, 0)
        block.storeLittle32(UInt32(truncatingIfNeeded: total), 4)
        block.storeLittle32(interface, 8)
        block.storeLittle32(UInt32(truncatingIfNeeded: time >> 32), 12)
        block.storeLittle32(UInt32(truncatingIfNeeded: time), 16)
        block.storeLittle32(UInt32(truncatingIfNeeded: captured), 20)
        block.storeLittle32(originalLength ?? UInt32(clamping: bytes.count), 24)
        if captured > 0, let start = bytes.baseAddress {
            // The last word first: the packet's own bytes then cover all of it but the padding.
            block.storeLittle32(0, 24 + padded)
            (block + 28).copyMemory(from: start, byteCount: captured)
        }
        return PacketBlock(start: block, optionsOffset: 28 + padded, total: total)
    }

    @inline(__always) private mutating func finish(_ block: PacketBlock) {
        block.start.storeLittle32(UInt32(truncatingIfNeeded: block.total), block.total - 4)
        output.commit(block.total)
        packetCount &+= 1
    }

    /// Writes what is buffered, for readers that follow a pipe.
    public mutating func flush() throws(CaptureWriteError) { try output.flush() }

    /// Writes the rest, closes, and gives the file its name. A second call does nothing.
    public mutating func close() throws(CaptureWriteError) { try output.close() }

    /// The bytes written to `.memory` since the last call.
    public mutating func takeBytes() -> [UInt8] { output.takeBytes() }
}

extension CaptureOutput {
    /// Writes a block that is not a packet: type, length, body (a multiple of four bytes), length.
    mutating func writeBlock(_ type: UInt32, _ body: [UInt8]) throws(CaptureWriteError) {
        let total = 12 + body.count
        let block = try reserve(total)
        block.storeLittle32(type, 0)
        block.storeLittle32(UInt32(truncatingIfNeeded: total), 4)
        body.withUnsafeBytes { bytes in
            if let start = bytes.baseAddress { (block + 8).copyMemory(from: start, byteCount: bytes.count) }
        }
        block.storeLittle32(UInt32(truncatingIfNeeded: total), total - 4)
        commit(total)
    }
}
