import HawseModel

/// `-m realm` (`realm_mt`).
struct RealmOperation: MatchOperation {
    var realm: MaskedNumber

    init(_ match: RealmMatch) { realm = MaskedNumber(match.realm) }

    static func matches(_ operation: UnsafeMutablePointer<Self>, _ context: inout RuleContext) -> Bool {
        operation.pointee.realm.holds(context.packet.pointee.route.realm)
    }
}
