#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Whole files to the end, whatever they are: pipes such as a shell's `<(command)` too.
public enum WholeFile {
    /// What the operating system said.
    public struct Failure: Error, Hashable, Sendable, CustomStringConvertible {
        public var reason: String
        public var description: String { reason }
    }

    /// No text that is read whole comes near, and it has to fit in memory.
    public static let sizeLimit = 1 << 30

    /// The bytes of a file; of standard input for `-`.
    public static func read(_ path: String) throws(Failure) -> [UInt8] {
        if path == "-" { return try read(descriptor: 0) }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Failure(reason: String(cString: strerror(errno))) }
        defer { close(descriptor) }
        return try read(descriptor: descriptor)
    }

    /// The same as text; bytes that are no UTF-8 become U+FFFD.
    public static func text(_ path: String) throws(Failure) -> String { String(decoding: try read(path), as: UTF8.self) }

    private static func read(descriptor: Int32) throws(Failure) -> [UInt8] {
        var status = stat()
        let isFile = fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
        let size = isFile ? min(Int(status.st_size), sizeLimit) : 0
        var bytes: [UInt8] = []
        while bytes.count <= sizeLimit {
            let room = max(size - bytes.count + 1, 1 << 16)
            var failure: Int32 = 0
            let chunk = [UInt8](unsafeUninitializedCapacity: room) { buffer, count in
                var taken = -1
                repeat {
                    #if canImport(Darwin)
                    taken = Darwin.read(descriptor, buffer.baseAddress, room)
                    #elseif canImport(Musl)
                    taken = Musl.read(descriptor, buffer.baseAddress, room)
                    #else
                    taken = Glibc.read(descriptor, buffer.baseAddress, room)
                    #endif
                } while taken < 0 && errno == EINTR
                if taken < 0 { failure = errno }
                count = max(taken, 0)
            }
            if failure != 0 { throw Failure(reason: String(cString: strerror(failure))) }
            if chunk.isEmpty { return bytes }
            if bytes.isEmpty { bytes = chunk } else { bytes += chunk }
        }
        throw Failure(reason: "larger than \(sizeLimit >> 20) MiB")
    }
}
