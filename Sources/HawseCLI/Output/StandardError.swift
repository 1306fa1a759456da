#if canImport(Glibc)
import Glibc
#endif

/// stderr: progress, warnings and errors, never data.
enum StandardError {
    static let isTerminal = isatty(2) == 1

    static func write(_ text: String) {
        var text = text
        text.withUTF8 { bytes in
            var rest = UnsafeRawBufferPointer(bytes)
            while rest.count > 0 {
                let count = Glibc.write(2, rest.baseAddress, rest.count)
                guard count > 0 else { return }
                rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            }
        }
    }
}
