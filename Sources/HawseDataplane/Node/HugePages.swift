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

    /// Lets a thread of its own make so many large pages, so that whoever comes there finds them. To clear two megabytes takes a
    /// tenth of a millisecond, and many times that where a hypervisor has to find the memory first.
    ///
    /// What is in the range stays as it is, even if it is somebody else's by then. `start`: on a large page's boundary.
    static func make(_ start: Int, pages: Int) {
        #if os(Linux)
        var thread = pthread_t()
        // The number fits where the address has zeros.
        let word = UnsafeMutableRawPointer(bitPattern: start | min(pages, size - 1))
        if pthread_create(&thread, nil, makeLargePages, word) == 0 { pthread_detach(thread) }
        #endif
    }

    /// Memory of the caller's, aligned to cache lines.
    static func allocate(byteCount: Int) -> UnsafeMutableRawPointer {
        let memory = UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: 64)
        wish(memory, byteCount)
        return memory
    }
}

#if os(Linux)
/// What such a thread does (`MADV_POPULATE_WRITE`; a system that does not know it does nothing).
private func makeLargePages(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    let word = Int(bitPattern: argument)
    let pages = word & (HugePages.size - 1)
    madvise(UnsafeMutableRawPointer(bitPattern: word - pages), pages * HugePages.size, 23)
    return nil
}
#endif
