/// Message types of ICMPv6; below 128 they are errors.
public enum ICMPv6Type {
    @inlinable @inline(__always) public static var destinationUnreachable: UInt8 { 1 }
    @inlinable @inline(__always) public static var packetTooBig: UInt8 { 2 }
    @inlinable @inline(__always) public static var timeExceeded: UInt8 { 3 }
    @inlinable @inline(__always) public static var parameterProblem: UInt8 { 4 }
    @inlinable @inline(__always) public static var echoRequest: UInt8 { 128 }
    @inlinable @inline(__always) public static var echoReply: UInt8 { 129 }
    @inlinable @inline(__always) public static var listenerQuery: UInt8 { 130 }
    @inlinable @inline(__always) public static var listenerReport: UInt8 { 131 }
    @inlinable @inline(__always) public static var listenerDone: UInt8 { 132 }
    @inlinable @inline(__always) public static var routerSolicitation: UInt8 { 133 }
    @inlinable @inline(__always) public static var routerAdvertisement: UInt8 { 134 }
    @inlinable @inline(__always) public static var neighborSolicitation: UInt8 { 135 }
    @inlinable @inline(__always) public static var neighborAdvertisement: UInt8 { 136 }
    @inlinable @inline(__always) public static var redirect: UInt8 { 137 }
    @inlinable @inline(__always) public static var nodeInformationQuery: UInt8 { 139 }
    @inlinable @inline(__always) public static var nodeInformationReply: UInt8 { 140 }
    @inlinable @inline(__always) public static var listenerReport2: UInt8 { 143 }
}

/// Codes of ICMPv6 destination unreachable.
public enum ICMPv6UnreachableCode {
    @inlinable @inline(__always) public static var noRoute: UInt8 { 0 }
    @inlinable @inline(__always) public static var administrativelyProhibited: UInt8 { 1 }
    @inlinable @inline(__always) public static var beyondScope: UInt8 { 2 }
    @inlinable @inline(__always) public static var address: UInt8 { 3 }
    @inlinable @inline(__always) public static var port: UInt8 { 4 }
    @inlinable @inline(__always) public static var policyFailed: UInt8 { 5 }
    @inlinable @inline(__always) public static var rejectRoute: UInt8 { 6 }
}

extension ICMPHeader {
    /// ICMPv6: the message carries the packet it is about; informational types have the top bit set.
    @inlinable @inline(__always)
    public static func isErrorV6(type: UInt8) -> Bool { type < 128 }
}
