import HawseModel
import HawseWire

extension Walk {
    /// The routing decision in the words of `ip route get`.
    func routeEvent(_ packet: PacketRef) -> TraceEvent.Kind {
        let route = packet.pointee.route
        let destination = IPAddress(family: packet.family, bits: packet.destinationBits)
        var text = "\(destination)"
        switch route.kind {
        case .unicast: break
        case .noRoute, .none: return .route("\(destination) no route")
        default: text = "\(route.kind) \(text)"
        }
        if route.gatewayVersion != 0 {
            text += " via \(IPAddress(family: route.gatewayVersion == 6 ? .ipv6 : .ipv4, bits: route.gateway))"
        }
        if route.outInterface != 0 { text += " dev \(node.pointee.interfaces.name(route.outInterface))" }
        return .route(text)
    }
}
