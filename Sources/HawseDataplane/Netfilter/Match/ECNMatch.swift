import HawseModel
import HawseWire

/// `-m ecn` (`ecn_mt4`, `ecn_mt6`).
struct ECNOperation: MatchOperation {
    /// 0: not asked for, 1: must be clear, 2: must be set.
    var cwr: UInt8
    var ece: UInt8
    var codepoint: ExpectedNumber

    init(_ match: ECNMatch) {
        cwr = match.cwr.map { $0 ? 2 : 1 } ?? 0
        ece = match.ece.map { $0 ? 2 : 1 } ?? 0
        codepoint = ExpectedNumber(match.codepoint)
    }

    static func matches(_ operation: UnsafeMutablePointer<Self>, _ context: inout RuleContext) -> Bool {
        let packet = context.packet
        guard operation.pointee.codepoint.holds(UInt32(packet.dsField & 3)) else { return false }
        guard operation.pointee.cwr | operation.pointee.ece != 0 else { return true }
        guard packet.transportLength >= TCPHeader.length else { return false }
        let flags = packet.tcp.flags
        if operation.pointee.ece != 0, flags.contains(.ece) != (operation.pointee.ece == 2) { return false }
        if operation.pointee.cwr != 0, flags.contains(.cwr) != (operation.pointee.cwr == 2) { return false }
        return true
    }
}
