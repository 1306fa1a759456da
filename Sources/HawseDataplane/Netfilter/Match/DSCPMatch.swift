import HawseModel

/// `-m dscp` (`dscp_mt`).
struct DSCPOperation: MatchOperation {
    var value: UInt8
    var inverted: Bool

    init(_ match: DSCPMatch) {
        value = match.value
        inverted = match.inverted
    }

    static func matches(_ operation: UnsafeMutablePointer<Self>, _ context: inout RuleContext) -> Bool {
        (context.packet.dsField >> 2 == operation.pointee.value) != operation.pointee.inverted
    }
}
