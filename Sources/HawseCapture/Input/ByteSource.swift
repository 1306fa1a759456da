import Glibc

/// How a capture's bytes are brought into memory.
public enum CaptureAccess: Sendable {
    /// A mapping for regular files, reads of up to 1 MiB for everything else.
    case automatic
    /// Reads even of regular files: proof against a file that shrinks meanwhile, which kills a mapping's reader.
    case streamed
}

/// A window of consecutive bytes over a file, a pipe, a gzip stream or memory, of bounded size.
///
/// `require(n)` makes the next `n` bytes contiguous at `cursor`; pointers got before are void after it. Memory in use
/// stays within the buffer (1 MiB, or the largest record if that is longer), and for mapped files within two slices.
struct ByteSource: ~Copyable, @unchecked Sendable {
    static let bufferSize = 1 << 20
    static let sliceSize = 8 << 20

    private(set) var cursor: UnsafeRawPointer
    private(set) var limit: UnsafeRawPointer
    private var base: UnsafeRawPointer
    private var baseOffset: UInt64 = 0

    private var mapping: UnsafeMutableRawPointer?
    private var mappedCount = 0
    private var releasedCount = 0
    private var buffer: UnsafeMutableRawPointer?
    private var bufferCapacity = 0
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
        base = memory.baseAddress ?? UnsafeRawPointer(bitPattern: 1)!
        cursor = base
        limit = base + memory.count
        ended = true
        byteCount = UInt64(memory.count)
        bytesRead = UInt64(memory.count)
    }

    /// Over an open descriptor, read as a stream.
    init(descriptor: Int32, closing: Bool) {
        buffer = .allocate(byteCount: Self.bufferSize, alignment: 4096)
        bufferCapacity = Self.bufferSize
        base = UnsafeRawPointer(buffer!)
        cursor = base
        limit = base
        self.descriptor = descriptor
        closesDescriptor = closing
        var status = stat()
        if fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG {
            byteCount = UInt64(max(status.st_size, 0))
        }
        detectCompression()
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
        base = UnsafeRawPointer(address)
        cursor = base
        limit = base
        self.descriptor = descriptor
        closesDescriptor = true
        extendSlice(1)
    }

    deinit {
        if let mapping { munmap(mapping, mappedCount) }
        buffer?.deallocate()
        compressed?.deallocate()
        if closesDescriptor, descriptor >= 0 { close(descriptor) }
    }

    /// Bytes from the beginning of the (decompressed) input to `cursor`.
    @inline(__always) var offset: UInt64 { baseOffset &+ UInt64(cursor - base) }

    @inline(__always) var available: Int { limit - cursor }

    /// Whether the next `count` bytes are contiguous at `cursor`, after fetching them if need be.
    @inline(__always) mutating func require(_ count: Int) -> Bool {
        limit - cursor >= count || refill(count)
    }

    @inline(__always) mutating func advance(_ count: Int) { cursor += count }

    @inline(never) private mutating func refill(_ count: Int) -> Bool {
        if mapping != nil { return extendSlice(count) }
        guard !ended, failure == nil, let buffer else { return false }
        let kept = available
        if cursor != base {
            memmove(buffer, cursor, kept)
            baseOffset &+= UInt64(cursor - base)
            cursor = base
            limit = base + kept
        }
        while available < count, !ended, failure == nil {
            if available == bufferCapacity { growBuffer() }
            readMore()
        }
        return available >= count
    }

    /// Doubles the buffer: it is full of real bytes then, so that no length field alone can make it grow.
    private mutating func growBuffer() {
        let capacity = bufferCapacity * 2
        let larger = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 4096)
        let kept = available
        larger.copyMemory(from: cursor, byteCount: kept)
        buffer?.deallocate()
        buffer = larger
        bufferCapacity = capacity
        base = UnsafeRawPointer(larger)
        cursor = base
        limit = base + kept
    }

    /// Moves the end of the visible part of the mapping on, and gives the pages behind the cursor back.
    @discardableResult
    private mutating func extendSlice(_ count: Int) -> Bool {
        guard let mapping else { return false }
        let start = limit - UnsafeRawPointer(mapping)
        guard start < mappedCount else { return available >= count }
        let end = min(mappedCount, max(start + Self.sliceSize, cursor - UnsafeRawPointer(mapping) + count))
        // Prefaulting a slice at once halves the cost of its page faults (Linux 5.14; harmless where unknown).
        let MADV_POPULATE_READ: Int32 = 22
        madvise(mapping + start, end - start, MADV_POPULATE_READ)
        let consumed = (cursor - UnsafeRawPointer(mapping)) & ~0xffff
        if consumed > releasedCount {
            madvise(mapping + releasedCount, consumed - releasedCount, MADV_DONTNEED)
            releasedCount = consumed
        }
        limit = UnsafeRawPointer(mapping) + end
        bytesRead = UInt64(end)
        return available >= count
    }
}

// MARK: Reading from the descriptor

extension ByteSource {
    private mutating func readMore() {
        guard let inflater else {
            let room = bufferCapacity - available
            let count = readDescriptor(UnsafeMutableRawPointer(mutating: limit), room)
            if count > 0 { limit += count } else { ended = true }
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
            start: UnsafeMutableRawPointer(mutating: limit), count: bufferCapacity - available)
        let (consumed, produced, step) = inflater.inflate(from: input, to: output)
        compressedRange = (compressedRange.lowerBound + consumed)..<compressedRange.upperBound
        limit += produced
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
    private mutating func detectCompression() {
        guard require(2), cursor.load(as: UInt8.self) == 0x1f, (cursor + 1).load(as: UInt8.self) == 0x8b
        else { return }
        guard let inflater = GzipInflater() else {
            failure = (.readFailed, "gzip: cannot start decompression")
            return
        }
        let space = UnsafeMutableRawPointer.allocate(byteCount: Self.bufferSize, alignment: 4096)
        space.copyMemory(from: cursor, byteCount: available)
        compressed = space
        compressedRange = 0..<available
        self.inflater = inflater
        limit = base
        ended = false
    }
}
