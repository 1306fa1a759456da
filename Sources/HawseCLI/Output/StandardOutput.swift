#if canImport(Glibc)
import Glibc
#endif

/// stdout with one large buffer: data only.
struct StandardOutput: TextOutputStream {
    private var buffer: [UInt8] = []
    private let descriptor: Int32

    /// `isTaken`: another stream has stdout to itself, so this one, which is for people, goes to stderr.
    init(isTaken: Bool = false) { descriptor = isTaken ? 2 : 1 }

    mutating func write(_ text: String) {
        buffer.append(contentsOf: text.utf8)
        if buffer.count > 1 << 16 { flush() }
    }

    mutating func line(_ text: String) {
        write(text)
        buffer.append(UInt8(ascii: "\n"))
    }

    /// A closed pipe ends the program by SIGPIPE; what else cannot be written (a full disk) ends it with a word about it.
    mutating func flush() {
        buffer.withUnsafeBytes { bytes in
            var rest = bytes
            while rest.count > 0 {
                let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else {
                    StandardError.write("hawse: stdout: \(String(cString: strerror(errno)))\n")
                    Glibc.exit(2)
                }
                rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            }
        }
        buffer.removeAll(keepingCapacity: true)
    }
}
