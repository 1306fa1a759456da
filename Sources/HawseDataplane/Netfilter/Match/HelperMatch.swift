import HawseModel

/// `-m helper` (`helper_mt`): the helper whose expectation the connection met.
struct HelperOperation: MatchOperation {
    /// Raw value of a `ConnectionHelper`; 0 matches any.
    var helper: UInt8
    /// A helper that does not exist here never matches.
    var isKnown: Bool
    var inverted: Bool

    init(_ match: HelperMatch) {
        let known = ConnectionHelper(name: match.name)
        helper = known?.rawValue ?? 0
        isKnown = match.name.isEmpty || known != nil
        inverted = match.inverted
    }

    static func matches(_ operation: UnsafeMutablePointer<Self>, _ context: inout RuleContext) -> Bool {
        let test = operation.pointee
        guard let connection = context.connection, let master = context.master(of: connection),
            let cold = context.node.pointee.connections.cold(master), cold.pointee.helper != 0
        else { return test.inverted }
        let hit = test.isKnown && (test.helper == 0 || test.helper == cold.pointee.helper)
        return hit != test.inverted
    }
}
