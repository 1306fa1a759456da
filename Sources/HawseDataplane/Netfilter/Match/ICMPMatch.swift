import HawseModel
import HawseWire

/// `-m icmp` (`icmp_match`) and `-m icmp6` (`icmp6_match`).
struct ICMPOperation: MatchOperation {
    var type: UInt8
    var lowerCode: UInt8
    var upperCode: UInt8
    /// IPv4's `any`.
    var isAny: Bool
    var inverted: Bool

    init(_ match: ICMPMatch, family: AddressFamily) {
        type = match.type
        lowerCode = match.codes.lowerBound
        upperCode = match.codes.upperBound
        isAny = family == .ipv4 && match.type == 255
        inverted = match.inverted
    }

    static func matches(_ operation: UnsafeMutablePointer<Self>, _ context: inout RuleContext) -> Bool {
        if context.packet.isLaterFragment { return false }
        guard let header = context.transport(ICMPHeader.length) else { return false }
        let code = header.load8(at: 1)
        let hit =
            operation.pointee.isAny
            || header.load8(at: 0) == operation.pointee.type && code >= operation.pointee.lowerCode
                && code <= operation.pointee.upperCode
        return hit != operation.pointee.inverted
    }
}
