import Glibc

/// Reads classic pcap and pcapng captures: files, pipes, gzip streams or memory.
///
/// Classic files in either byte order with microseconds, nanoseconds or Kuznetzov's longer record headers;
/// pcapng with several sections, byte orders, interfaces and link types. The framing is told by the magic,
/// never by the name. A record costs no allocation; memory stays bounded whatever the input's size, and no
/// length field alone makes it grow.
///
///     var reader = try CaptureReader(path: "capture.pcapng")
///     while let record = try reader.next() { … }
///
/// Everything before a damaged place is delivered, then ``next()`` throws a ``CaptureError``, again at each
/// call.
public struct CaptureReader: ~Copyable, @unchecked Sendable {
    enum Format: UInt8 { case classic, pcapng }

    /// libpcap's `INITIAL_MAX_BLOCKSIZE`: a longer pcapng block, or a longer classic packet, is taken for
    /// damage.
    static let maximumBlockLength = 16 << 20
    /// Interfaces of one capture, all sections together. A bound on memory: no real capture comes near it.
    static let maximumInterfaces = 65_536

    /// The path as it was given, or `-`.
    public let file: String
    /// The interfaces described so far; pcapng may describe more between packets.
    public internal(set) var interfaces: [CaptureInterface] = []
    /// What the current section's header says; empty for classic files.
    public internal(set) var section = CaptureSection()
    /// Packets delivered so far.
    public var packetCount: UInt64 { delivered }

    @usableFromInline var delivered: UInt64 = 0
    @usableFromInline var window: ByteWindow
    var source: ByteSource
    /// Classic, of this machine's byte order, version 2.4, ordinary record headers: what ``next()`` reads in
    /// line.
    @usableFromInline var isPlain = false
    var format = Format.classic
    var swapped = false
    // Classic files.
    var recordHeaderLength = 16
    @usableFromInline var fractionFactor: Int64 = 1000
    @usableFromInline var captureLimit: UInt32 = 0
    @usableFromInline var linkType = LinkType.ethernet
    var versionMinor: UInt16 = 4
    // pcapng: the current section's interfaces.
    @usableFromInline var sectionBase = 0
    var clocks = InterfaceClocks()
    /// `clocks` as ``next()`` reads it in line; null unless the section is of this machine's byte order.
    @usableFromInline var plainClocks: UnsafePointer<InterfaceClock>?
    @usableFromInline var plainClockCount: UInt32 = 0

    /// Opens a file; `-` is standard input.
    public init(path: String, access: CaptureAccess = .automatic) throws(CaptureError) {
        if path == "-" {
            try self.init(source: ByteSource(descriptor: STDIN_FILENO, closing: false), name: path)
            return
        }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw CaptureError(kind: .cannotOpen, file: path, reason: String(cString: strerror(errno)))
        }
        var status = stat()
        if fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
            close(descriptor)
            throw CaptureError(kind: .cannotOpen, file: path, reason: String(cString: strerror(EISDIR)))
        }
        if access == .automatic, let mapped = ByteSource(mapping: descriptor) {
            try self.init(source: mapped, name: path)
        } else {
            try self.init(source: ByteSource(descriptor: descriptor, closing: true), name: path)
        }
    }

    /// Reads an open descriptor to its end, without closing it. `name` is what errors call it.
    public init(descriptor: Int32, name: String) throws(CaptureError) {
        try self.init(source: ByteSource(descriptor: descriptor, closing: false), name: name)
    }

    /// Reads memory, which must outlive the reader and stay as it is. `name` is what errors call it.
    public init(memory: UnsafeRawBufferPointer, name: String) throws(CaptureError) {
        try self.init(source: ByteSource(borrowing: memory), name: name)
    }

    private init(source: consuming ByteSource, name: String) throws(CaptureError) {
        self.source = source
        window = self.source.open()
        file = name
        try readFileHeader()
    }

    /// The next packet, or `nil` at the end of the capture.
    @inlinable @inline(__always)
    public mutating func next() throws(CaptureError) -> CaptureRecord? {
        if isPlain {
            if let record = plainClassicRecord() { return record }
        } else if plainClocks != nil, let record = plainEnhancedPacket() {
            return record
        }
        return try nextOutOfLine()
    }

    /// A record of a plain classic file that is wholly in the window; `nil` leaves it to the careful path.
    @inlinable @inline(__always)
    mutating func plainClassicRecord() -> CaptureRecord? {
        let header = window.cursor
        let room = window.limit - header
        guard room >= 16 else { return nil }
        let captured = header.loadUnaligned(fromByteOffset: 8, as: UInt32.self)
        guard captured <= captureLimit, room &- 16 >= Int(captured) else { return nil }
        let offset = window.offset
        window.cursor = header + (16 &+ Int(captured))
        delivered &+= 1
        let seconds = Int64(header.loadUnaligned(as: UInt32.self))
        let fraction = Int64(header.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
        return CaptureRecord(
            bytes: UnsafeRawBufferPointer(start: header + 16, count: Int(captured)),
            timestamp: seconds &* 1_000_000_000 &+ fraction &* fractionFactor,
            number: delivered, offset: offset,
            originalLength: header.loadUnaligned(fromByteOffset: 12, as: UInt32.self), linkType: linkType)
    }

    /// A sound Enhanced Packet Block that is wholly in the window; `nil` leaves it to the careful path.
    @inlinable @inline(__always)
    mutating func plainEnhancedPacket() -> CaptureRecord? {
        let block = window.cursor
        let room = window.limit - block
        guard room >= 32, block.loadUnaligned(as: UInt32.self) == 6 else { return nil }
        let length = Int(block.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
        let captured = Int(block.loadUnaligned(fromByteOffset: 20, as: UInt32.self))
        let interface = block.loadUnaligned(fromByteOffset: 8, as: UInt32.self)
        guard length <= room, length <= 16 << 20, length & 3 == 0, captured <= length &- 32,
            interface < plainClockCount, let clocks = plainClocks,
            Int(block.loadUnaligned(fromByteOffset: length &- 4, as: UInt32.self)) == length
        else { return nil }
        let offset = window.offset
        window.cursor = block + length
        delivered &+= 1
        let high = UInt64(block.loadUnaligned(fromByteOffset: 12, as: UInt32.self))
        let low = UInt64(block.loadUnaligned(fromByteOffset: 16, as: UInt32.self))
        let clock = clocks + Int(interface)
        return CaptureRecord(
            bytes: UnsafeRawBufferPointer(start: block + 28, count: captured),
            timestamp: clock.pointee.scale.nanoseconds(high << 32 | low), number: delivered, offset: offset,
            originalLength: block.loadUnaligned(fromByteOffset: 24, as: UInt32.self),
            linkType: clock.pointee.linkType,
            interfaceIndex: UInt32(truncatingIfNeeded: sectionBase) &+ interface,
            optionsLength: length &- 32 &- ((captured &+ 3) & ~3))
    }

    @usableFromInline @inline(never)
    mutating func nextOutOfLine() throws(CaptureError) -> CaptureRecord? {
        format == .classic ? try nextClassicRecord() : try nextPcapngRecord()
    }

    /// Fills `records` with packets that are valid together until the next call; 0 at the end of the capture.
    ///
    /// Fewer than asked for come where the reader's window ends: only the first one may move the window on.
    public mutating func next(
        into records: UnsafeMutableBufferPointer<CaptureRecord>
    ) throws(CaptureError) -> Int {
        guard !records.isEmpty, let first = try next() else { return 0 }
        records.initializeElement(at: 0, to: first)
        var count = 1
        while count < records.count {
            guard
                let record = isPlain ? plainClassicRecord() : plainClocks != nil ? plainEnhancedPacket() : nil
            else { break }
            records.initializeElement(at: count, to: record)
            count += 1
        }
        return count
    }

    /// The interface a record came in on.
    public func interface(of record: CaptureRecord) -> CaptureInterface {
        let index = Int(record.interfaceIndex)
        return index < interfaces.count ? interfaces[index] : CaptureInterface(linkType: record.linkType)
    }

    /// How much of the input has been taken in, 0 to 1; `nil` for pipes.
    public var progress: Double? {
        guard let total = source.byteCount else { return nil }
        return total == 0 ? 1 : min(1, Double(source.bytesRead) / Double(total))
    }

    /// Whether the next `count` bytes are contiguous at the cursor, after fetching them if need be.
    @inline(__always) mutating func require(_ count: Int) -> Bool {
        window.available >= count || source.refill(&window, count)
    }

    // MARK: Errors

    func failure(_ kind: CaptureError.Kind, _ reason: String, inHeader: Bool = false) -> CaptureError {
        CaptureError(
            kind: kind, file: file, packet: inHeader ? 0 : delivered + 1, offset: window.offset,
            reason: reason)
    }

    /// For input that ended too early: what the operating system or zlib said, if that is why; else `reason`.
    func shortage(_ reason: String, inHeader: Bool = false) -> CaptureError {
        if let failure = source.failure {
            return self.failure(failure.kind, failure.reason, inHeader: inHeader)
        }
        return failure(.damaged, reason, inHeader: inHeader)
    }
}
