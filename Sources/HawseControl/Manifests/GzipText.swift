import CZlib
import Foundation

/// Compressed manifests, as dumps of large clusters are kept.
enum GzipText {
    /// The data of a gzip stream; nil when it is damaged or larger than `limit` bytes.
    static func inflate(_ data: Data, limit: Int) -> Data? {
        var stream = z_stream()
        guard hawse_inflate_gzip_init(&stream) == Z_OK else { return nil }
        defer { inflateEnd(&stream) }
        var output = Data()
        var buffer = [UInt8](repeating: 0, count: 1 << 18)
        return data.withUnsafeBytes { (input: UnsafeRawBufferPointer) -> Data? in
            guard let base = input.bindMemory(to: UInt8.self).baseAddress, input.count <= Int(UInt32.max) else {
                return nil
            }
            stream.next_in = UnsafeMutablePointer(mutating: base)
            stream.avail_in = UInt32(input.count)
            while true {
                let status = buffer.withUnsafeMutableBufferPointer { target -> Int32 in
                    stream.next_out = target.baseAddress
                    stream.avail_out = UInt32(target.count)
                    return CZlib.inflate(&stream, Z_NO_FLUSH)
                }
                let produced = buffer.count - Int(stream.avail_out)
                output.append(contentsOf: buffer[..<produced])
                if output.count > limit { return nil }
                if status == Z_STREAM_END {
                    if stream.avail_in == 0 { return output }
                    inflateReset(&stream)
                } else if status != Z_OK || produced == 0 && stream.avail_in == 0 {
                    return nil
                }
            }
        }
    }
}
