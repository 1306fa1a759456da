/// Why a capture could not be read any further, and where.
///
/// Everything that stands before the damage has been delivered when this is thrown. The wording of `reason`
/// follows libpcap's where libpcap has one, so that it is what users know from `tcpdump`.
public struct CaptureError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Kind: Hashable, Sendable {
        /// The file could not be opened: the input is missing, nothing was read.
        case cannotOpen
        /// The operating system refused a read in the middle.
        case readFailed
        /// The bytes are no capture file of a known format.
        case notACapture
        /// A capture file, but of a version or with a feature that is not understood.
        case unsupported
        /// The file is truncated or its framing contradicts itself.
        case damaged
    }

    public var kind: Kind
    /// The file's path, or `-` for standard input.
    public var file: String
    /// The packet that could not be read, counted from 1; 0 when the file's header is at fault.
    public var packet: UInt64
    /// Bytes from the beginning of the capture (after decompression) to the record or block at fault.
    public var offset: UInt64
    public var reason: String

    public init(kind: Kind, file: String, packet: UInt64 = 0, offset: UInt64 = 0, reason: String) {
        self.kind = kind
        self.file = file
        self.packet = packet
        self.offset = offset
        self.reason = reason
    }

    public var description: String {
        switch kind {
        case .cannotOpen: "\(file): \(reason)"
        case _ where packet == 0: "\(file): offset \(offset): \(reason)"
        default: "\(file): packet \(packet), offset \(offset): \(reason)"
        }
    }
}
