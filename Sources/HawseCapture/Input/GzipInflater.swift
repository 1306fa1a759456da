import CZlib

/// Decompresses a gzip stream piece by piece; several members one after another count as one stream (RFC
/// 1952).
final class GzipInflater {
    enum Step {
        /// Output was produced, or more input is wanted: look at the counts.
        case progress
        /// The last member ended cleanly.
        case finished
        case damaged(String)
    }

    private let stream: UnsafeMutablePointer<z_stream>
    /// Between two members: what follows must be another gzip header, or is padding.
    private(set) var atMemberEnd = false

    init?() {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        guard hawse_inflate_gzip_init(stream) == Z_OK else {
            stream.deallocate()
            return nil
        }
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
    }

    /// Inflates from `input` to `output`; returns how many bytes of each were used.
    func inflate(
        from input: UnsafeRawBufferPointer, to output: UnsafeMutableRawBufferPointer
    ) -> (consumed: Int, produced: Int, step: Step) {
        if atMemberEnd {
            guard !input.isEmpty else { return (0, 0, .progress) }
            // gzip(1) ignores what follows the last member unless it is another member.
            guard input[0] == 0x1f else { return (input.count, 0, .finished) }
            inflateReset(stream)
            atMemberEnd = false
        }
        let inputCount = min(input.count, Int(UInt32.max))
        let outputCount = min(output.count, Int(UInt32.max))
        stream.pointee.next_in = UnsafeMutablePointer(
            mutating: input.baseAddress?.assumingMemoryBound(to: UInt8.self))
        stream.pointee.avail_in = UInt32(inputCount)
        stream.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
        stream.pointee.avail_out = UInt32(outputCount)
        let status = CZlib.inflate(stream, Z_NO_FLUSH)
        let consumed = inputCount - Int(stream.pointee.avail_in)
        let produced = outputCount - Int(stream.pointee.avail_out)
        switch status {
        case Z_OK, Z_BUF_ERROR:
            return (consumed, produced, .progress)
        case Z_STREAM_END:
            atMemberEnd = true
            return (consumed, produced, .progress)
        default:
            let message = stream.pointee.msg.map { String(cString: $0) } ?? "error \(status)"
            return (consumed, produced, .damaged("gzip: \(message)"))
        }
    }
}
