import HawseModel
import HawseWire

/// `-m rpfilter` (`rpfilter_mt`): would a packet to the source leave where this one came in?
struct RPFilterOperation: MatchOperation {
    var loose: Bool
    var validMark: Bool
    var acceptLocal: Bool
    var inverted: Bool

    init(_ match: RPFilterMatch) {
        loose = match.loose
        validMark = match.validMark
        acceptLocal = match.acceptLocal
        inverted = match.inverted
    }

    static func matches(_ operation: UnsafeMutablePointer<Self>, _ context: inout RuleContext) -> Bool {
        isReachable(operation.pointee, context) != operation.pointee.inverted
    }

    private static func isReachable(_ test: Self, _ context: RuleContext) -> Bool {
        let packet = context.packet
        let device = packet.pointee.inInterface
        if packet.pointee.packetType == .loopback || device == context.node.pointee.interfaces.loopback { return true }
        let source = packet.sourceBits
        var destination = packet.destinationBits
        if packet.isIPv4 {
            let to = destination.ipv4
            if source.ipv4 >> 24 == 0, to == .max || to >> 8 == 0xe00000 { return true }
            if to >> 28 == 0xe || to == .max || to >> 24 == 0 { destination = .zero }
        } else {
            if source.isZero { return true }
            if destination.high >> 56 == 0xff || destination.isZero { destination = .zero }
        }
        let isLinkLocal = packet.isIPv6 && source.high >> 54 == 0x3fa
        // IPv6 asks with the device too, but a longer prefix elsewhere wins over it unless the address is link-local.
        let out = isLinkLocal ? device : 0
        let route = context.walk.lookupOutput(
            family: packet.family, source: destination, destination: source,
            mark: test.validMark ? packet.pointee.mark : 0, tos: packet.isIPv4 ? packet.dsField & 0xfc : 0, out: out)
        switch route.kind {
        case .unicast: return test.loose || route.outInterface == device
        case .local:
            guard test.acceptLocal else { return false }
            if packet.isIPv6 || test.loose { return true }
            return context.node.pointee.interfaces.addresses[Int(device)].contains {
                $0.family == .ipv4 && $0.address.bits == source
            }
        default: return false
        }
    }
}
