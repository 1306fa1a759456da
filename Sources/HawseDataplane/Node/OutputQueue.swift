import HawseModel
import HawseWire

/// Frames that left the node, in order, waiting for the caller to take them. One growing byte buffer.
struct OutputQueue {
    struct Entry {
        var interface: UInt16
        /// Ordinal of the frame from outside that caused it.
        var cause: UInt64
        var time: Instant
        var offset: Int
        var length: Int
        var mark: UInt32
    }

    private var bytes: UnsafeMutableRawPointer
    private var byteCapacity: Int
    private(set) var byteCount = 0
    private var entries: UnsafeMutablePointer<Entry>
    private var entryCapacity: Int
    private(set) var count = 0
    /// Frames that have ever left.
    private(set) var total: UInt64 = 0
    /// Off: frames are counted, not kept (benchmarks, `--stats`).
    var keepsFrames = true

    init() {
        byteCapacity = 1 << 18
        bytes = .allocate(byteCount: byteCapacity, alignment: 64)
        entryCapacity = 1 << 10
        entries = .allocate(capacity: entryCapacity)
    }

    func deallocate() {
        bytes.deallocate()
        entries.deallocate()
    }

    @inline(__always)
    mutating func append(_ data: UnsafeRawPointer, _ length: Int, interface: UInt16, cause: UInt64, time: Instant, mark: UInt32) {
        total &+= 1
        if byteCount + length > byteCapacity || count == entryCapacity { grow(length) }
        (bytes + byteCount).copyMemory(from: data, byteCount: length)
        entries[count] = Entry(
            interface: interface, cause: cause, time: time, offset: byteCount, length: length, mark: mark)
        guard keepsFrames else { return }
        byteCount += length
        count += 1
    }

    /// Where the next frame, of up to so many bytes, can be written; `commit` makes it one that has left.
    @inline(__always)
    mutating func reserve(_ length: Int) -> UnsafeMutableRawPointer {
        if byteCount &+ length > byteCapacity || count == entryCapacity { grow(length) }
        return bytes + byteCount
    }

    @inline(__always)
    mutating func commit(_ length: Int, interface: UInt16, cause: UInt64, time: Instant, mark: UInt32) {
        total &+= 1
        entries[count] = Entry(
            interface: interface, cause: cause, time: time, offset: byteCount, length: length, mark: mark)
        guard keepsFrames else { return }
        byteCount &+= length
        count &+= 1
    }

    @inline(never)
    private mutating func grow(_ length: Int) {
        if byteCount + length > byteCapacity {
            let capacity = max(byteCapacity * 2, byteCount + length)
            let larger = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 64)
            larger.copyMemory(from: bytes, byteCount: byteCount)
            bytes.deallocate()
            bytes = larger
            byteCapacity = capacity
        }
        if count == entryCapacity {
            let larger = UnsafeMutablePointer<Entry>.allocate(capacity: entryCapacity * 2)
            larger.moveInitialize(from: entries, count: count)
            entries.deallocate()
            entries = larger
            entryCapacity *= 2
        }
    }

    /// The frame that left last; there must have been one since the queue was emptied, or frames are not kept.
    var last: (entry: Entry, bytes: UnsafeRawBufferPointer) {
        let entry = entries[keepsFrames ? count - 1 : count]
        return (entry, UnsafeRawBufferPointer(start: bytes + entry.offset, count: entry.length))
    }

    @inline(__always)
    subscript(i: Int) -> (entry: Entry, bytes: UnsafeRawBufferPointer) {
        let entry = entries[i]
        return (entry, UnsafeRawBufferPointer(start: bytes + entry.offset, count: entry.length))
    }

    mutating func removeAll() {
        byteCount = 0
        count = 0
    }
}
