import HawseModel

/// `-m nfacct` (`nfacct_mt`): counts into a named object; without a quota it always matches.
struct NFAcctOperation: MatchOperation {
    var object: UInt32

    init(_ match: NFAcctMatch, _ compiler: RuleCompiler) {
        object = compiler.surroundings.named.pointee.accountIndex(match.name)
    }

    static func matches(_ operation: UnsafeMutablePointer<Self>, _ context: inout RuleContext) -> Bool {
        guard let counters = context.node.pointee.named.account(operation.pointee.object) else { return true }
        counters.pointee.packets &+= 1
        counters.pointee.bytes &+= UInt64(truncatingIfNeeded: context.packet.length)
        return true
    }
}
