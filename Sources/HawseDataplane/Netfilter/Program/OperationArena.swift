import HawseModel

/// Memory for operations and target payloads, growing while a table is compiled. Everything in it is trivial and
/// addressed by byte offset, aligned to eight.
struct OperationArena {
    private(set) var base: UnsafeMutableRawPointer
    private(set) var count = 0
    private(set) var capacity: Int
    /// Goes into the header of the operations that follow.
    var isSteady = true
    /// Where the latest operation stands.
    private var latest = 0

    init() {
        capacity = 1 << 12
        base = .allocate(byteCount: capacity, alignment: 64)
    }

    /// The operation that stands from there on, if it is the only one.
    func only(since start: Int) -> (code: MatchCode, payload: UnsafeRawPointer)? {
        let header = (base + start).load(as: OperationHeader.self)
        return Int(header.stride) == count - start ? (header.code, UnsafeRawPointer(base + start + OperationHeader.size)) : nil
    }

    func deallocate() { base.deallocate() }

    private mutating func reserve(_ bytes: Int) {
        guard count + bytes > capacity else { return }
        while count + bytes > capacity { capacity *= 2 }
        let larger = HugePages.allocate(byteCount: capacity)
        larger.copyMemory(from: base, byteCount: count)
        base.deallocate()
        base = larger
    }

    private mutating func skip(_ bytes: Int) {
        reserve(bytes)
        (base + count).initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
        count += bytes
    }

    mutating func append<Operation: BitwiseCopyable>(
        _ code: MatchCode, _ operation: Operation, trailer: UnsafeRawBufferPointer
    ) {
        let size = (OperationHeader.size + MemoryLayout<Operation>.stride + trailer.count + 7) & ~7
        reserve(size)
        latest = count
        (base + count).storeBytes(
            of: OperationHeader(code: code, isSteady: isSteady, isLast: false, stride: UInt32(size)), as: OperationHeader.self)
        (base + count + OperationHeader.size).storeBytes(of: operation, as: Operation.self)
        if let bytes = trailer.baseAddress {
            (base + count + OperationHeader.size + MemoryLayout<Operation>.stride).copyMemory(
                from: bytes, byteCount: trailer.count)
        }
        count += size
    }

    /// The rule whose operations were appended lately has no more.
    func endOperations() {
        var header = (base + latest).load(as: OperationHeader.self)
        header.isLast = true
        (base + latest).storeBytes(of: header, as: OperationHeader.self)
    }

    /// Forgets what stands from there on.
    mutating func takeBack(to start: Int) { count = start }

    /// A target's payload; on one cache line if it fits one.
    mutating func append<Action: BitwiseCopyable>(_ action: Action) -> UInt32 {
        let size = (MemoryLayout<Action>.stride + 7) & ~7
        if size <= 64, count & 63 + size > 64 { skip(64 - count & 63) }
        reserve(size)
        let place = count
        (base + place).storeBytes(of: action, as: Action.self)
        count += size
        return UInt32(place)
    }
}
