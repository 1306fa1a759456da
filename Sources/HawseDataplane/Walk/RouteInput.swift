import HawseModel
import HawseWire

extension Walk {
    /// `ip_rcv_finish` / `ip6_rcv_finish`: the routing decision for a packet from outside.
    @inline(__always)
    func routeInput(_ packet: PacketRef) -> Stage {
        let route = lookupInput(packet)
        packet.pointee.route = route
        switch route.kind {
        case .local, .broadcast: return .input
        case .unicast: return .forward
        case .multicast: return multicastInput(packet)
        default: return routeFailed(packet, route)
        }
    }

    @inline(__always)
    func input(_ packet: PacketRef) -> Stage {
        let verdict = defragmentForDelivery(packet)
        if verdict != .accept { return after(verdict, .done) }
        packet.pointee.outInterface = 0
        note(packet, hookEvent(packet, .input))
        return after(hookInput(packet), .deliver)
    }
}
