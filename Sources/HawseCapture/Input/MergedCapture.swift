/// Several captures read as one, in timestamp order; packets of the same nanosecond in the order of the
/// files.
///
/// As `mergecap` does, each file is taken to be in order itself: of the files' next packets, the earliest
/// comes first.
public struct MergedCapture: ~Copyable, @unchecked Sendable {
    private struct Head {
        var record: CaptureRecord
        var file: Int

        func precedes(_ other: Head) -> Bool {
            record.timestamp != other.record.timestamp
                ? record.timestamp < other.record.timestamp : file < other.file
        }
    }

    /// The files, in the order given.
    public let files: [String]
    private let readers: UnsafeMutablePointer<CaptureReader>
    private let readerCount: Int
    // A binary heap of each file's next packet, and the files that are still to be asked for theirs.
    private let heads: UnsafeMutablePointer<Head>
    private var headCount = 0
    private let waiting: UnsafeMutablePointer<Int>
    private var waitingCount: Int

    /// Which of `files` the last record came from.
    public private(set) var currentFile = 0
    /// Packets delivered so far, of all files.
    public private(set) var packetCount: UInt64 = 0

    /// Opens all files. The first that cannot be opened, or is no capture, is the error thrown.
    public init(paths: [String], access: CaptureAccess = .automatic) throws(CaptureError) {
        let readers = UnsafeMutablePointer<CaptureReader>.allocate(capacity: max(paths.count, 1))
        var opened = 0
        for path in paths {
            do throws(CaptureError) {
                (readers + opened).initialize(to: try CaptureReader(path: path, access: access))
            } catch {
                readers.deinitialize(count: opened)
                readers.deallocate()
                throw error
            }
            opened += 1
        }
        files = paths
        self.readers = readers
        readerCount = opened
        heads = .allocate(capacity: max(opened, 1))
        waiting = .allocate(capacity: max(opened, 1))
        waitingCount = opened
        // Taken from the end: the first file is asked first.
        for index in 0..<opened { (waiting + index).initialize(to: opened - 1 - index) }
    }

    deinit {
        readers.deinitialize(count: readerCount)
        readers.deallocate()
        heads.deallocate()
        waiting.deallocate()
    }

    /// The next packet of all files, valid until the next call, or `nil` when all are at their end.
    ///
    /// A file that turns out damaged throws once, when its packets before the damage have been delivered;
    /// calling again goes on with the other files.
    public mutating func next() throws(CaptureError) -> CaptureRecord? {
        while waitingCount > 0 {
            let file = waiting[waitingCount - 1]
            waitingCount -= 1
            if let record = try readers[file].next() { push(Head(record: record, file: file)) }
        }
        guard headCount > 0 else { return nil }
        let head = pop()
        // Its reader moves on only at the next call: the record stays valid until then.
        waiting[0] = head.file
        waitingCount = 1
        currentFile = head.file
        packetCount &+= 1
        return head.record
    }

    /// Fills `records` with the next packets, valid together until the next call; 0 when all files are at their end. Of a
    /// single file many come at a time, of several files one.
    public mutating func next(
        into records: UnsafeMutableBufferPointer<CaptureRecord>
    ) throws(CaptureError) -> Int {
        guard readerCount == 1 else {
            guard !records.isEmpty, let record = try next() else { return 0 }
            records.initializeElement(at: 0, to: record)
            return 1
        }
        let count = try readers[0].next(into: records)
        packetCount &+= UInt64(count)
        return count
    }

    /// The interfaces that file number `file` has described so far.
    public func interfaces(ofFile file: Int) -> [CaptureInterface] { readers[file].interfaces }

    /// The interface that a record of the current file came in on.
    public func interface(of record: CaptureRecord) -> CaptureInterface {
        readers[currentFile].interface(of: record)
    }

    /// How much of all inputs has been taken in, 0 to 1; `nil` when one is a pipe.
    public var progress: Double? {
        var sum = 0.0
        for index in 0..<readerCount {
            guard let part = readers[index].progress else { return nil }
            sum += part
        }
        return readerCount == 0 ? 1 : sum / Double(readerCount)
    }

    private mutating func push(_ head: Head) {
        var index = headCount
        headCount += 1
        (heads + index).initialize(to: head)
        while index > 0 {
            let parent = (index - 1) / 2
            guard head.precedes(heads[parent]) else { break }
            heads[index] = heads[parent]
            index = parent
        }
        heads[index] = head
    }

    private mutating func pop() -> Head {
        let first = heads[0]
        headCount -= 1
        let last = heads[headCount]
        var index = 0
        while true {
            var child = 2 * index + 1
            guard child < headCount else { break }
            if child + 1 < headCount, heads[child + 1].precedes(heads[child]) { child += 1 }
            guard heads[child].precedes(last) else { break }
            heads[index] = heads[child]
            index = child
        }
        heads[index] = last
        return first
    }
}
