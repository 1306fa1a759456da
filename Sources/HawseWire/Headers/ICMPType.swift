/// Message types of ICMP for IPv4.
public enum ICMPType {
    @inlinable @inline(__always) public static var echoReply: UInt8 { 0 }
    @inlinable @inline(__always) public static var destinationUnreachable: UInt8 { 3 }
    @inlinable @inline(__always) public static var sourceQuench: UInt8 { 4 }
    @inlinable @inline(__always) public static var redirect: UInt8 { 5 }
    @inlinable @inline(__always) public static var echoRequest: UInt8 { 8 }
    @inlinable @inline(__always) public static var routerAdvertisement: UInt8 { 9 }
    @inlinable @inline(__always) public static var routerSolicitation: UInt8 { 10 }
    @inlinable @inline(__always) public static var timeExceeded: UInt8 { 11 }
    @inlinable @inline(__always) public static var parameterProblem: UInt8 { 12 }
    @inlinable @inline(__always) public static var timestampRequest: UInt8 { 13 }
    @inlinable @inline(__always) public static var timestampReply: UInt8 { 14 }
    @inlinable @inline(__always) public static var informationRequest: UInt8 { 15 }
    @inlinable @inline(__always) public static var informationReply: UInt8 { 16 }
    @inlinable @inline(__always) public static var addressMaskRequest: UInt8 { 17 }
    @inlinable @inline(__always) public static var addressMaskReply: UInt8 { 18 }
}

/// Codes of ICMP destination unreachable.
public enum ICMPUnreachableCode {
    @inlinable @inline(__always) public static var network: UInt8 { 0 }
    @inlinable @inline(__always) public static var host: UInt8 { 1 }
    @inlinable @inline(__always) public static var protocolUnreachable: UInt8 { 2 }
    @inlinable @inline(__always) public static var port: UInt8 { 3 }
    @inlinable @inline(__always) public static var fragmentationNeeded: UInt8 { 4 }
    @inlinable @inline(__always) public static var sourceRouteFailed: UInt8 { 5 }
    @inlinable @inline(__always) public static var networkUnknown: UInt8 { 6 }
    @inlinable @inline(__always) public static var hostUnknown: UInt8 { 7 }
    @inlinable @inline(__always) public static var hostIsolated: UInt8 { 8 }
    @inlinable @inline(__always) public static var networkProhibited: UInt8 { 9 }
    @inlinable @inline(__always) public static var hostProhibited: UInt8 { 10 }
    @inlinable @inline(__always) public static var networkTOS: UInt8 { 11 }
    @inlinable @inline(__always) public static var hostTOS: UInt8 { 12 }
    @inlinable @inline(__always) public static var administrativelyProhibited: UInt8 { 13 }
    @inlinable @inline(__always) public static var precedenceViolation: UInt8 { 14 }
    @inlinable @inline(__always) public static var precedenceCutoff: UInt8 { 15 }
}

extension ICMPHeader {
    /// ICMP for IPv4: the message carries the packet it is about (`icmp_is_err`).
    @inlinable @inline(__always)
    public static func isError(type: UInt8) -> Bool {
        type == 3 || type == 4 || type == 5 || type == 11 || type == 12
    }
}
