/// The flag byte of a TCP header, bits as on the wire.
@frozen
public struct TCPFlags: OptionSet, Hashable, Sendable {
    public let rawValue: UInt8
    @inlinable @inline(__always) public init(rawValue: UInt8) { self.rawValue = rawValue }

    @inlinable @inline(__always) public static var fin: TCPFlags { .init(rawValue: 0x01) }
    @inlinable @inline(__always) public static var syn: TCPFlags { .init(rawValue: 0x02) }
    @inlinable @inline(__always) public static var rst: TCPFlags { .init(rawValue: 0x04) }
    @inlinable @inline(__always) public static var psh: TCPFlags { .init(rawValue: 0x08) }
    @inlinable @inline(__always) public static var ack: TCPFlags { .init(rawValue: 0x10) }
    @inlinable @inline(__always) public static var urg: TCPFlags { .init(rawValue: 0x20) }
    @inlinable @inline(__always) public static var ece: TCPFlags { .init(rawValue: 0x40) }
    @inlinable @inline(__always) public static var cwr: TCPFlags { .init(rawValue: 0x80) }
}
