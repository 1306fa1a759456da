import Glibc

/// Reads classic pcap and pcapng captures: files, pipes, gzip streams or memory.
///
/// Classic files in either byte order with microseconds, nanoseconds or Kuznetzov's longer record headers; pcapng with
/// several sections, byte orders, interfaces and link types. The framing is told by the magic, never by the name.
/// A record costs no allocation; memory stays bounded whatever the input's size, and no length field alone makes it
/// grow.
///
///     var reader = try CaptureReader(path: "capture.pcapng")
///     while let record = try reader.next() { … }
///
/// Everything before a damaged place is delivered, then ``next()`` throws a ``CaptureError``, again at each call.
public struct CaptureReader: ~Copyable, @unchecked Sendable {
    enum Format: UInt8 { case classic, pcapng }

    /// libpcap's `INITIAL_MAX_BLOCKSIZE`: a longer pcapng block, or a longer classic packet, is taken for damage.
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
    public internal(set) var packetCount: UInt64 = 0

    var source: ByteSource
    var format = Format.classic
    var swapped = false
    // Classic files.
    var recordHeaderLength = 16
    var fractionFactor: UInt32 = 1000
    var captureLimit: UInt32 = 0
    var linkType = LinkType.ethernet
    var versionMinor: UInt16 = 4
    // pcapng: the current section's interfaces.
    var sectionBase = 0
    var clocks = InterfaceClocks()

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
        file = name
        try readFileHeader()
    }

    /// The next packet, or `nil` at the end of the capture.
    public mutating func next() throws(CaptureError) -> CaptureRecord? {
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
        while count < records.count, nextRecordIsInWindow(), let record = try next() {
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

    // MARK: Errors

    func failure(_ kind: CaptureError.Kind, _ reason: String, inHeader: Bool = false) -> CaptureError {
        CaptureError(
            kind: kind, file: file, packet: inHeader ? 0 : packetCount + 1, offset: source.offset, reason: reason)
    }

    /// For input that ended too early: what the operating system or zlib said, if that is why; else `reason`.
    func shortage(_ reason: String, inHeader: Bool = false) -> CaptureError {
        if let failure = source.failure {
            return self.failure(failure.kind, failure.reason, inHeader: inHeader)
        }
        return failure(.damaged, reason, inHeader: inHeader)
    }
}

/// What the hot path has to know of each interface of the current section, in manual memory.
struct InterfaceClocks: ~Copyable {
    struct Entry {
        var scale: TimestampScale
        var linkType: LinkType
        var snapshotLength: UInt32
    }

    private(set) var entries: UnsafeMutablePointer<Entry>
    private(set) var count = 0
    private var capacity = 4

    init() { entries = .allocate(capacity: capacity) }

    deinit { entries.deallocate() }

    mutating func append(_ entry: Entry) {
        if count == capacity {
            let larger = UnsafeMutablePointer<Entry>.allocate(capacity: capacity * 2)
            larger.moveInitialize(from: entries, count: count)
            entries.deallocate()
            entries = larger
            capacity *= 2
        }
        (entries + count).initialize(to: entry)
        count += 1
    }

    mutating func removeAll() { count = 0 }
}
