import HawseModel
import HawseWire

extension Walk {
    /// `ip_rcv_finish` / `ip6_rcv_finish`: the routing decision for a packet from outside.
    @inline(__always)
    func routeInput(_ packet: PacketRef) -> Stage {
        if packet.pointee.flags.contains(.loopback) {
            // It was routed on its way out (`skb_valid_dst`).
            packet.pointee.flags.remove(.loopback)
        } else {
            packet.pointee.route = lookupInput(packet)
        }
        let route = packet.pointee.route
        noteRoute(packet)
        if packet.pointee.packetType == .broadcast || packet.pointee.packetType == .multicast,
            route.kind == .unicast || route.kind == .local, refusesGroupFrame(packet)
        {
            return drop(packet, .broadcastUnwanted)
        }
        switch route.kind {
        case .local, .broadcast, .anycast, .unicast: break
        case .multicast: return multicastInput(packet)
        default: return routeFailed(packet, route)
        }
        if packet.isIPv4, packet.pointee.transport &- packet.pointee.network > 20,
            let stage = receiveOptions(packet)
        {
            return stage
        }
        return packet.pointee.route.kind == .unicast ? .forward : .input
    }

    /// `drop_unicast_in_l2_multicast`.
    @inline(never)
    private func refusesGroupFrame(_ packet: PacketRef) -> Bool {
        let device = node.pointee.interfaces[packet.pointee.inInterface]
        return packet.isIPv4 ? device.pointee.dropsUnicastInMulticast : device.pointee.dropsUnicastInMulticast6
    }

    @inline(__always)
    func input(_ packet: PacketRef) -> Stage {
        let verdict = defragmentForDelivery(packet)
        if verdict != .accept { return after(verdict, .done) }
        packet.pointee.outInterface = 0
        noteHook(packet, .input)
        return after(hookInput(packet), .deliver)
    }

    /// A packet that no route takes: the ICMP error it is answered with, and its end (`ip_error`, `ip6_pkt_drop`).
    @inline(never)
    func routeFailed(_ packet: PacketRef, _ route: RouteResult) -> Stage {
        packet.isIPv4 ? routeFailed4(packet, route) : routeFailed6(packet, route)
    }

    private func routeFailed4(_ packet: PacketRef, _ route: RouteResult) -> Stage {
        let reason: DropReason
        let code: UInt8
        switch route.kind {
        case .noRoute: (reason, code) = (.noRoute, ICMPUnreachableCode.network)
        case .unreachable: (reason, code) = (.unreachable, ICMPUnreachableCode.host)
        case .prohibit: (reason, code) = (.prohibited, ICMPUnreachableCode.administrativelyProhibited)
        case .blackhole: (reason, code) = (.blackhole, 0)
        default: return drop(packet, packet.sourceBits.isZero ? .martianSource : .reversePath)
        }
        // Options are looked at before the error is sent, and a bad one is answered instead.
        if packet.pointee.transport &- packet.pointee.network > 20, let stage = receiveOptions(packet) { return stage }
        if route.kind == .blackhole { return drop(packet, .blackhole) }
        guard node.pointee.interfaces[packet.pointee.inInterface].pointee.forwarding4 else {
            return drop(packet, .forwardingOff)
        }
        let host = IPAddress(family: .ipv4, bits: packet.sourceBits)
        if node.pointee.limits.allowsRouteError(host, node.pointee.now) {
            sendICMPError(about: packet, type: ICMPType.destinationUnreachable, code: code, info: 0)
        }
        return drop(packet, reason)
    }

    private func routeFailed6(_ packet: PacketRef, _ route: RouteResult) -> Stage {
        switch route.kind {
        case .blackhole: return drop(packet, .blackhole)
        case .prohibit:
            sendICMPError(
                about: packet, type: ICMPv6Type.destinationUnreachable,
                code: ICMPv6UnreachableCode.administrativelyProhibited, info: 0)
            return drop(packet, .prohibited)
        default:
            sendICMPError(
                about: packet, type: ICMPv6Type.destinationUnreachable, code: ICMPv6UnreachableCode.noRoute, info: 0)
            return drop(packet, route.kind == .unreachable ? .unreachable : .noRoute)
        }
    }

    /// Multicast from outside: delivered where a group is joined, else dropped (`ip_check_mc_rcu`, `ip6_mc_input`).
    @inline(never)
    func multicastInput(_ packet: PacketRef) -> Stage {
        guard packet.isIPv6, hasJoined(packet.ipv6.destination, on: packet.pointee.inInterface) else {
            return drop(packet, .multicastUnwanted)
        }
        return .input
    }

    /// Groups that a node is in of its own accord: all nodes, all routers, and the solicited-node groups of its addresses; and that
    /// of its synchronisation daemon.
    func hasJoined(_ group: AddressBits, on device: UInt16) -> Bool {
        let scope = group.high & 0xffff_ffff_ffff_ffff
        let isForwarding = node.pointee.interfaces[device].pointee.forwarding6
        switch (scope, group.low) {
        case (0xff01 << 48, 1), (0xff02 << 48, 1): return true
        case (0xff02 << 48, 2): return isForwarding
        default: break
        }
        if node.pointee.ipvs.sync.hasJoined(group, on: device) { return true }
        guard group.high == 0xff02 << 48, group.low >> 24 == 0x1ff else { return false }
        let tail = group.low & 0xff_ffff
        if node.pointee.neighbours.proxiesSolicited(tail, on: device) { return true }
        return node.pointee.routing.sources.ipv6.contains {
            let mask = AddressBits.mask(prefixLength: $0.length, family: .ipv6)
            let anycast = ($0.bits & mask).low & 0xff_ffff
            return $0.device == device && ($0.bits.low & 0xff_ffff == tail || (isForwarding && anycast == tail))
        }
    }
}
