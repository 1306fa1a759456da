import HawseModel

/// `-m tos` (`tos_mt`).
struct TOSOperation: MatchOperation {
    var value: UInt8
    var mask: UInt8
    var inverted: Bool

    init(_ match: TOSMatch) {
        value = match.value
        mask = match.mask
        inverted = match.inverted
    }

    static func matches(_ operation: UnsafeMutablePointer<Self>, _ context: inout RuleContext) -> Bool {
        (context.packet.dsField & operation.pointee.mask == operation.pointee.value) != operation.pointee.inverted
    }
}
