import HawseModel
import HawseWire

/// `-m addrtype` (`addrtype_mt_v1`).
struct AddrtypeOperation: MatchOperation {
    /// Bit n: `RTN_n`.
    var source: UInt16
    var destination: UInt16
    var sourceInverted: Bool
    var destinationInverted: Bool
    var limitIn: Bool
    var limitOut: Bool

    init(_ match: AddrtypeMatch) {
        source = match.source.rawValue
        destination = match.destination.rawValue
        sourceInverted = match.sourceInverted
        destinationInverted = match.destinationInverted
        limitIn = match.limitToInInterface
        limitOut = match.limitToOutInterface
    }

    static func matches(_ operation: UnsafeMutablePointer<Self>, _ context: inout RuleContext) -> Bool {
        let packet = context.packet
        var device: UInt16 = 0
        if operation.pointee.limitIn { device = packet.pointee.inInterface }
        if operation.pointee.limitOut { device = packet.pointee.outInterface }
        if operation.pointee.source != 0 {
            let hit = holds(operation.pointee.source, packet.sourceBits, device, context)
            if hit == operation.pointee.sourceInverted { return false }
        }
        if operation.pointee.destination != 0 {
            let hit = holds(operation.pointee.destination, packet.destinationBits, device, context)
            if hit == operation.pointee.destinationInverted { return false }
        }
        return true
    }

    private static func holds(
        _ types: UInt16, _ address: AddressBits, _ device: UInt16, _ context: RuleContext
    ) -> Bool {
        if context.isIPv6 { return holds6(types, address, device, context) }
        let kind = context.walk.addressKind(address, family: .ipv4, on: device)
        return types & bit(kind) != 0
    }

    /// `match_type6`: some types are read from the address itself, the others asked of the routes.
    private static func holds6(
        _ types: UInt16, _ address: AddressBits, _ device: UInt16, _ context: RuleContext
    ) -> Bool {
        let wanted = AddrtypeMatch.Types(rawValue: types)
        let isMulticast = address.high >> 56 == 0xff
        if wanted.contains(.multicast), !isMulticast { return false }
        if wanted.contains(.unicast), !isUnicast6(address) { return false }
        if wanted.contains(.unspec), !address.isZero { return false }
        let routed: AddrtypeMatch.Types = [.anycast, .local, .prohibit, .unreachable]
        guard !wanted.isDisjoint(with: routed) else { return true }
        switch context.walk.addressKind(address, family: .ipv6, on: device) {
        case .local: return wanted.contains(.local)
        case .unreachable, .prohibit, .blackhole, .noRoute, .none, .martian: return wanted.contains(.unreachable)
        case .anycast: return wanted.contains(.anycast)
        default: return false
        }
    }

    /// `IPV6_ADDR_UNICAST` of `ipv6_addr_type`: all but multicast, `::` and IPv4-mapped addresses.
    private static func isUnicast6(_ address: AddressBits) -> Bool {
        if address.high >> 56 == 0xff || address.isZero { return false }
        return !(address.high == 0 && address.low >> 32 == 0xffff)
    }

    private static func bit(_ kind: RouteResult.Kind) -> UInt16 {
        switch kind {
        case .unicast, .none, .noRoute, .martian: AddrtypeMatch.Types.unicast.rawValue
        case .local: AddrtypeMatch.Types.local.rawValue
        case .broadcast: AddrtypeMatch.Types.broadcast.rawValue
        case .multicast: AddrtypeMatch.Types.multicast.rawValue
        case .unreachable: AddrtypeMatch.Types.unreachable.rawValue
        case .prohibit: AddrtypeMatch.Types.prohibit.rawValue
        case .blackhole: AddrtypeMatch.Types.blackhole.rawValue
        case .anycast: AddrtypeMatch.Types.anycast.rawValue
        }
    }
}
