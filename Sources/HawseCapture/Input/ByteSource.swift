import Glibc

/// How a capture's bytes are brought into memory.
public enum CaptureAccess: Sendable {
    /// A mapping for regular files, reads of up to 1 MiB for everything else.
    case automatic
    /// Reads even of regular files: proof against a file that shrinks meanwhile, which kills a mapping's
    /// reader.
    case streamed
}

/// The bytes at hand: a part of the input that is contiguous in memory.
@usableFromInline
struct ByteWindow {
    @usableFromInline var cursor: UnsafeRawPointer
    @usableFromInline var limit: UnsafeRawPointer
    /// The window's first byte, and where that stands in the (decompressed) input.
    @usableFromInline var base: UnsafeRawPointer
    @usableFromInline var baseOffset: UInt64 = 0

    init(_ base: UnsafeRawPointer, count: Int) {
        self.base = base
        cursor = base
        limit = base + count
    }

    /// Bytes from the beginning of the input to `cursor`.
    @inlinable @inline(__always) var offset: UInt64 { baseOffset &+ UInt64(bitPattern: Int64(cursor - base)) }

    @inline(__always) var available: Int { limit - cursor }
}

/// Where a capture's bytes come from: a file, a pipe, a gzip stream or memory.
///
/// `refill` moves a window on until enough bytes are contiguous at its cursor; pointers got before are void
/// then. Memory in use stays within the buffer, or the largest record if that is longer, and for mapped files
/// within two slices.
struct ByteSource: ~Copyable, @unchecked Sendable {
    static let bufferSize = 256 << 10
    static let sliceSize = 8 << 20

    private let start: UnsafeRawPointer
    private var startCount = 0
    private var mapping: UnsafeMutableRawPointer?
    private var mappedCount = 0
    private var releasedCount = 0
    private var buffer: UnsafeMutableRawPointer?
    private(set) var bufferCapacity = 0
    private var descriptor: Int32 = -1
    private var closesDescriptor = false
    private var inflater: GzipInflater?
    private var compressed: UnsafeMutableRawPointer?
    private var compressedRange = 0..<0
    private var ended = false

    /// Set when reading or decompressing failed; what had arrived before is still to be consumed.
    private(set) var failure: (kind: CaptureError.Kind, reason: String)?
    /// The input's size on disk, when it has one.
    private(set) var byteCount: UInt64?
    /// Bytes taken from the input so far, before decompression.
    private(set) var bytesRead: UInt64 = 0

    /// Over memory that outlives the source.
    init(borrowing memory: UnsafeRawBufferPointer) {
        start = memory.baseAddress ?? UnsafeRawPointer(bitPattern: 1)!
        startCount = memory.count
        ended = true
        byteCount = UInt64(memory.count)
        bytesRead = UInt64(memory.count)
    }

    /// Over an open descriptor, read as a stream.
    init(descriptor: Int32, closing: Bool) {
        buffer = .allocate(byteCount: Self.bufferSize, alignment: 4096)
        bufferCapacity = Self.bufferSize
        start = UnsafeRawPointer(buffer!)
        self.descriptor = descriptor
        closesDescriptor = closing
        var status = stat()
        if fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG {
            byteCount = UInt64(max(status.st_size, 0))
        }
    }

    /// Maps a regular file; `nil` (the descriptor stays open) when it cannot be mapped.
    init?(mapping descriptor: Int32) {
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_size > 0,
            let address = mmap(nil, status.st_size, PROT_READ, MAP_PRIVATE, descriptor, 0),
            address != MAP_FAILED
        else { return nil }
        let bytes = UnsafeRawBufferPointer(start: address, count: min(2, status.st_size))
        if bytes.count == 2, bytes[0] == 0x1f, bytes[1] == 0x8b {
            munmap(address, status.st_size)
            return nil
        }
        madvise(address, status.st_size, MADV_SEQUENTIAL)
        mapping = address
        mappedCount = status.st_size
        byteCount = UInt64(status.st_size)
        start = UnsafeRawPointer(address)
        self.descriptor = descriptor
        closesDescriptor = true
    }

    deinit {
        if let mapping { munmap(mapping, mappedCount) }
        buffer?.deallocate()
        compressed?.deallocate()
        if closesDescriptor, descriptor >= 0 { close(descriptor) }
    }

    /// The window at the beginning of the input.
    mutating func open() -> ByteWindow {
        var window = ByteWindow(start, count: startCount)
        if buffer != nil { detectCompression(&window) }
        return window
    }

    /// Moves the window on so that `count` bytes are contiguous at its cursor; false when there are fewer.
    @inline(never) mutating func refill(_ window: inout ByteWindow, _ count: Int) -> Bool {
        if mapping != nil { return extendSlice(&window, count) }
        guard !ended, failure == nil, let buffer else { return false }
        let kept = window.available
        if window.cursor != window.base {
            memmove(buffer, window.cursor, kept)
            window.baseOffset = window.offset
            window.cursor = window.base
            window.limit = window.base + kept
        }
        while window.available < count, !ended, failure == nil {
            if window.available == bufferCapacity { growBuffer(&window) }
            readMore(&window)
        }
        return window.available >= count
    }

    /// Doubles the buffer: it is full of real bytes then, so that no length field alone can make it grow.
    private mutating func growBuffer(_ window: inout ByteWindow) {
        let capacity = bufferCapacity * 2
        let larger = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 4096)
        let kept = window.available
        larger.copyMemory(from: window.cursor, byteCount: kept)
        buffer?.deallocate()
        buffer = larger
        bufferCapacity = capacity
        window.base = UnsafeRawPointer(larger)
        window.cursor = window.base
        window.limit = window.base + kept
    }

    /// Moves the end of the visible part of the mapping on, and gives the pages behind the cursor back.
    private mutating func extendSlice(_ window: inout ByteWindow, _ count: Int) -> Bool {
        guard let mapping else { return false }
        let start = window.limit - UnsafeRawPointer(mapping)
        guard start < mappedCount else { return window.available >= count }
        let end = min(
            mappedCount, max(start + Self.sliceSize, window.cursor - UnsafeRawPointer(mapping) + count))
        // Prefaulting a slice at once halves the cost of its page faults (Linux 5.14; harmless where
        // unknown).
        let MADV_POPULATE_READ: Int32 = 22
        madvise(mapping + start, end - start, MADV_POPULATE_READ)
        let consumed = (window.cursor - UnsafeRawPointer(mapping)) & ~0xffff
        if consumed > releasedCount {
            madvise(mapping + releasedCount, consumed - releasedCount, MADV_DONTNEED)
            releasedCount = consumed
        }
        window.limit = UnsafeRawPointer(mapping) + end
        bytesRead = UInt64(end)
        return window.available >= count
    }
}

// MARK: Reading from the descriptor

extension ByteSource {
    private mutating func readMore(_ window: inout ByteWindow) {
        guard let inflater else {
            let room = bufferCapacity - window.available
            let count = readDescriptor(UnsafeMutableRawPointer(mutating: window.limit), room)
            if count > 0 { window.limit += count } else { ended = true }
            return
        }
        if compressedRange.isEmpty {
            let count = readDescriptor(compressed!, Self.bufferSize)
            guard count > 0 else {
                ended = true
                if failure == nil, !inflater.atMemberEnd {
                    failure = (.damaged, "gzip: unexpected end of file")
                }
                return
            }
            compressedRange = 0..<count
        }
        let input = UnsafeRawBufferPointer(
            start: compressed! + compressedRange.lowerBound, count: compressedRange.count)
        let output = UnsafeMutableRawBufferPointer(
            start: UnsafeMutableRawPointer(mutating: window.limit), count: bufferCapacity - window.available)
        let (consumed, produced, step) = inflater.inflate(from: input, to: output)
        compressedRange = (compressedRange.lowerBound + consumed)..<compressedRange.upperBound
        window.limit += produced
        switch step {
        case .progress: break
        case .finished: ended = true
        case .damaged(let reason): failure = (.damaged, reason)
        }
    }

    /// `read(2)`, begun again after a signal; 0 at the end or after an error, which is noted in `failure`.
    private mutating func readDescriptor(_ destination: UnsafeMutableRawPointer, _ room: Int) -> Int {
        while true {
            let count = read(descriptor, destination, room)
            if count >= 0 {
                bytesRead &+= UInt64(count)
                return count
            }
            if errno == EINTR { continue }
            failure = (.readFailed, "error reading dump file: \(String(cString: strerror(errno)))")
            return 0
        }
    }

    /// Reads the first bytes; a gzip magic turns the source into one that decompresses.
    private mutating func detectCompression(_ window: inout ByteWindow) {
        guard refill(&window, 2), window.cursor.loadUnaligned(as: UInt16.self) == UInt16(bigEndian: 0x1f8b)
        else { return }
        guard let inflater = GzipInflater() else {
            failure = (.readFailed, "gzip: cannot start decompression")
            return
        }
        let space = UnsafeMutableRawPointer.allocate(byteCount: Self.bufferSize, alignment: 4096)
        space.copyMemory(from: window.cursor, byteCount: window.available)
        compressed = space
        compressedRange = 0..<window.available
        self.inflater = inflater
        window.limit = window.base
        ended = false
    }
}
