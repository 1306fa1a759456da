import HawseModel

/// `-m policy` (`policy_mt`): the simulated node has no IPsec, so every packet is one without policy.
struct PolicyOperation: MatchOperation {
    var isNone: Bool

    init(_ match: PolicyMatch) { isNone = match.isNone }

    static func matches(_ operation: UnsafeMutablePointer<Self>, _ context: inout RuleContext) -> Bool {
        operation.pointee.isNone
    }
}
