import HawseModel

/// `-m realm` (`realm_mt`).
struct RealmOperation: MatchOperation {
    var realm: MaskedNumber

    init(_ match: RealmMatch) { realm = MaskedNumber(match.realm) }

    static func matches(_ operation: UnsafeMutablePointer<Self>, _ context: inout RuleContext) -> Bool {
        operation.pointee.realm.holds(realm(context))
    }

    /// `dst->tclassid`: the route's realm, and above it that of the way back to the source (`fib_combine_itag`).
    private static func realm(_ context: RuleContext) -> UInt32 {
        let packet = context.packet
        let own = packet.pointee.route.realm
        guard context.node.pointee.routing.hasRealms, packet.isIPv4, own >> 16 == 0, packet.pointee.inInterface != 0,
            !packet.pointee.flags.contains(.local)
        else { return own }
        var back = RouteQuestion(destination: packet.sourceBits, source: packet.destinationBits, tos: packet.dsField & 0xfc)
        let out = packet.pointee.route.outInterface
        back.inInterface = out == 0 ? context.node.pointee.routing.loopback : out
        let match = context.node.pointee.routing.lookup4(back)
        guard match.entry >= 0 else { return own }
        return own | (context.node.pointee.routing.tables4.entries[Int(match.entry)].realm & 0xffff) << 16
    }
}
