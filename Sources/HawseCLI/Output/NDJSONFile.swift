import Hawse

#if canImport(Glibc)
import Glibc
#endif

/// A trace as lines of JSON in a file, its schema in the first.
final class NDJSONFile {
    private var lines = JSONLines(capacity: 1 << 20)
    private let descriptor: Int32
    private let path: String
    /// Why nothing more can be written.
    private var failure: String?

    init(_ path: String, schema: String) throws {
        self.path = path
        descriptor = path == "-" ? 1 : open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
        guard descriptor >= 0 else { throw Failure.input("\(path): \(String(cString: strerror(errno)))") }
        lines.append(schema: schema)
    }

    /// One decision about one packet.
    func write(_ event: TraceEvent, node: String, devices: [String], at time: Instant) {
        lines.append(event, node: node, devices: devices, at: time)
        if lines.count > (1 << 20) - 4096 { flush() }
    }

    private func flush() {
        lines.withBytes { bytes in
            var rest = bytes
            while rest.count > 0, failure == nil {
                let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
                if count < 0, errno == EINTR { continue }
                if count <= 0 {
                    failure = String(cString: strerror(errno))
                } else {
                    rest = UnsafeRawBufferPointer(rebasing: rest[count...])
                }
            }
        }
        lines.removeAll()
    }

    func close() throws {
        flush()
        if descriptor > 2 { Glibc.close(descriptor) }
        if let failure { throw Failure.input("\(path): \(failure)") }
    }
}
