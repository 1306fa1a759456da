#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// An array of trivial elements in address space that costs memory only where it has been touched: zeroed pages of an
/// anonymous mapping. Its bound is fixed when it is made.
struct LazyMemory<Element> {
    let base: UnsafeMutablePointer<Element>
    let capacity: Int
    private let byteCount: Int

    /// Takes fewer elements than `wanted` when the system does not give that much address space.
    init(capacity wanted: Int) {
        var count = max(wanted, 2)
        while true {
            let bytes = (count * MemoryLayout<Element>.stride + 4095) & ~4095
            let memory = mmap(
                nil, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | Int32(MAP_ANONYMOUS) | Self.noReserve, -1, 0)
            if let memory, memory != MAP_FAILED {
                base = memory.bindMemory(to: Element.self, capacity: count)
                capacity = count
                byteCount = bytes
                return
            }
            precondition(count > 1024, "no memory for a table of \(count) elements")
            count /= 2
        }
    }

    private static var noReserve: Int32 {
        #if canImport(Darwin)
        return 0
        #else
        return Int32(MAP_NORESERVE)
        #endif
    }

    func deallocate() { munmap(base, byteCount) }

    private static var step: Int { HugePages.size / 2 / MemoryLayout<Element>.stride }

    /// So many elements are in use now, one more than before.
    @inline(__always)
    func noteGrowth(_ count: Int) {
        if UInt32(truncatingIfNeeded: count) % UInt32(truncatingIfNeeded: Self.step) == 0 { grow(to: count) }
    }

    /// So much of what comes next is made ahead.
    private static var ahead: Int { 2 * HugePages.size }

    /// More are to come: they get large pages, made before their turn.
    @inline(never)
    private func grow(to count: Int) {
        let start = Int(bitPattern: base)
        let end = (start &+ byteCount) & ~(HugePages.size &- 1)
        let reached = start &+ count &* MemoryLayout<Element>.stride
        func up(_ address: Int) -> Int { min((address &+ HugePages.size &- 1) & ~(HugePages.size &- 1), end) }
        if count == Self.step { HugePages.wish(base, byteCount) }
        let from = up(count == Self.step ? start &+ HugePages.size : reached &+ Self.ahead &- HugePages.size / 2)
        let to = up(reached &+ Self.ahead)
        if from < to { HugePages.make(from, pages: (to &- from) / HugePages.size) }
    }

    @inline(__always)
    subscript(index: Int) -> UnsafeMutablePointer<Element> { base + index }
}
