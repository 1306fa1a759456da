import HawseModel
import HawseWire

extension Walk {
    /// `ndisc_redirect_rcv`, `rt6_do_redirect`: a host that does not forward believes the router that it sends by.
    func hearRedirect6(_ packet: PacketRef) {
        let device = node.pointee.interfaces[packet.pointee.inInterface]
        let router = packet.ipv6.source
        guard packet.transportLength >= 40, device.pointee.acceptsRedirects6, router.high >> 54 == 0x3fa else { return }
        let message = packet.transportPointer
        let target = message.loadAddressBits(at: 8)
        let destination = message.loadAddressBits(at: 24)
        let isOnLink = target == destination
        guard destination.high >> 56 != 0xff, isOnLink || target.high >> 54 == 0x3fa else { return }
        var mac: MACAddress?
        switch linkOption(packet, NeighborDiscoveryOptions.Kind.targetLinkAddress, from: 40) {
        case .malformed: return
        case .absent: break
        case .address(let found): mac = found
        }
        guard var q = questionOfRedirect(packet, destination) else { return }
        q.inInterface = node.pointee.routing.loopback
        q.outInterface = device.pointee.index
        let route = withExceptions(tableRoute6(q), q.destination, isIPv4: false)
        guard route.kind == .unicast, route.gatewayVersion == 6, route.gateway == router,
            route.outInterface == device.pointee.index
        else { return }
        let handle = neighbourEntry(target, device.pointee.index, version: 6)
        guard handle >= 0 else { return }
        updateNeighbour(handle, mac, .stale, override: true, weak: true)
        if !isOnLink { node.pointee.neighbours.entries[Int(handle)].isRouter = true }
        q.destination = destination
        // `ip6_rt_gc_timeout`: what nobody uses goes after a minute.
        learnGateway(q, isIPv4: false, target, until: node.pointee.now + .seconds(60))
    }

    /// What the redirect is about: the packet that it quotes, whose protocol has to care (`icmpv6_err`; sockets of TCP
    /// and UDP are not those of the kernel), or without one the destination that it names (`ip6_redirect_no_header`).
    private func questionOfRedirect(_ packet: PacketRef, _ destination: AddressBits) -> RouteQuestion? {
        guard let quoted = redirectedHeader(packet) else {
            return RouteQuestion(destination: destination, source: packet.ipv6.destination)
        }
        guard quoted.count >= 40, let base = quoted.baseAddress else { return nil }
        let walk = IPv6ExtensionWalk.find(base, length: quoted.count)
        guard walk.outcome == .found, walk.protocolNumber == .icmpv6, quoted.count >= walk.offset + 8 else { return nil }
        let header = IPv6Header(UnsafeMutableRawPointer(mutating: base))
        return RouteQuestion(destination: header.destination, source: header.source)
    }

    /// The redirected-header option (4); the options have been found well formed.
    private func redirectedHeader(_ packet: PacketRef) -> UnsafeRawBufferPointer? {
        let base = packet.transportPointer
        var at = 40
        while at + 8 <= packet.transportLength {
            let length = Int(base.load8(at: at + 1)) * 8
            guard length > 0, at + length <= packet.transportLength else { return nil }
            if base.load8(at: at) == 4 { return UnsafeRawBufferPointer(start: base + at + 8, count: length - 8) }
            at += length
        }
        return nil
    }
}
