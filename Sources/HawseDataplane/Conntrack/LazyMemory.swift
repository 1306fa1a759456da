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

    /// From how many elements on `beLarge` is worth a call.
    static var isLarge: Int { HugePages.size / MemoryLayout<Element>.stride }

    /// There are many elements now, and more to come.
    func beLarge() { HugePages.wish(base, byteCount) }

    @inline(__always)
    subscript(index: Int) -> UnsafeMutablePointer<Element> { base + index }
}
