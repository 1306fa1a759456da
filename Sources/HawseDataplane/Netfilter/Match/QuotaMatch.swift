import HawseModel

/// `-m quota` (`quota_mt`): what is left stands in the operation.
struct QuotaOperation: MatchOperation {
    var left: UInt64
    var inverted: Bool

    init(_ match: QuotaMatch) {
        left = match.bytes
        inverted = match.inverted
    }

    static func matches(_ operation: UnsafeMutablePointer<Self>, _ context: inout RuleContext) -> Bool {
        let length = UInt64(truncatingIfNeeded: context.packet.length)
        if operation.pointee.left >= length {
            operation.pointee.left -= length
            return !operation.pointee.inverted
        }
        // Once too little is left, smaller packets do not get through either.
        operation.pointee.left = 0
        return operation.pointee.inverted
    }
}
