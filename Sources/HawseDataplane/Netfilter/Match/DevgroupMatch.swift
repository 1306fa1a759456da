import HawseModel

/// `-m devgroup` (`devgroup_mt`).
struct DevgroupOperation: MatchOperation {
    var source: MaskedNumber
    var destination: MaskedNumber

    init(_ match: DevgroupMatch) {
        source = MaskedNumber(match.source)
        destination = MaskedNumber(match.destination)
    }

    static func matches(_ operation: UnsafeMutablePointer<Self>, _ context: inout RuleContext) -> Bool {
        let packet = context.packet
        let interfaces = context.node.pointee.interfaces
        return operation.pointee.source.holds(interfaces[packet.pointee.inInterface].pointee.group)
            && operation.pointee.destination.holds(interfaces[packet.pointee.outInterface].pointee.group)
    }
}
