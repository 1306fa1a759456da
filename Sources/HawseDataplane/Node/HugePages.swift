#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Large tables that are read at random: in pages of 2 MiB they cost fewer misses of the address translation, and a table that
/// grows faults once where it would have faulted 512 times.
///
/// Only a wish, and only for what lies behind the first 2 MiB of a table that has outgrown them: a process may have thousands of
/// small nodes, and each range with a wish of its own counts against the system's bound on mappings.
enum HugePages {
    static var size: Int { 2 << 20 }

    /// Asks for large pages in a range of memory, its beginning left out.
    static func wish(_ start: UnsafeMutableRawPointer, _ byteCount: Int) {
        #if os(Linux)
        let first = (Int(bitPattern: start) &+ 2 &* size &- 1) & ~(size &- 1)
        let end = (Int(bitPattern: start) &+ byteCount) & ~(size &- 1)
        guard end > first else { return }
        madvise(UnsafeMutableRawPointer(bitPattern: first), end &- first, Int32(MADV_HUGEPAGE))
        #endif
    }

    /// Memory of the caller's, aligned to cache lines.
    static func allocate(byteCount: Int) -> UnsafeMutableRawPointer {
        let memory = UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: 64)
        wish(memory, byteCount)
        return memory
    }
}
