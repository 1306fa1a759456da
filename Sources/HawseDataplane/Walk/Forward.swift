import HawseModel
import HawseWire

extension Walk {
    /// `ip_forward` / `ip6_forward`: the checks come before the FORWARD hook, the TTL goes down before it too.
    @inline(__always)
    func forward(_ packet: PacketRef) -> Stage {
        if let refusal = refuseForward(packet) { return refusal }
        packet.pointee.outInterface = packet.pointee.route.outInterface
        packet.pointee.flags.insert(.forwarded)
        if packet.isIPv4 {
            packet.ipv4.decrementTTL()
            if packet.pointee.route.redirects {
                voidRecording()
                redirect4(packet)
            }
        } else {
            packet.ipv6.hopLimit &-= 1
        }
        noteHook(packet, .forward)
        let verdict = hookForward(packet)
        if verdict == .accept, packet.isIPv4, packet.pointee.transport &- packet.pointee.network > 20 {
            forwardOptions(packet)
        }
        return after(verdict, .postrouting)
    }

    /// Refusals (switch off, wrong packet type, TTL, size): `nil` when the packet may go on.
    @inline(__always)
    func refuseForward(_ packet: PacketRef) -> Stage? {
        if packet.pointee.packetType != .host || packet.pointee.socket != 0 { return drop(packet, .broadcastUnwanted) }
        if packet.isIPv4 {
            if packet.ipv4.ttl <= 1 { return hopsExceeded(packet) }
            if packet.pointee.options.flags.contains(.strict), packet.pointee.route.gatewayVersion != 0 {
                return sourceRouteFailed(packet)
            }
            let mtu = forwardMTU(packet.pointee.route)
            noteLimit(mtu, packet)
            if packet.length > mtu, packet.ipv4.dontFragment || packet.pointee.fragmentMaxSize != 0,
                isTooBig4(packet, mtu)
            {
                return tooBig(packet, mtu)
            }
            return nil
        }
        return refuseForward6(packet)
    }

    /// `ip_dst_mtu_maybe_forward`: a route's own MTU, else the device's.
    @inline(__always)
    private func forwardMTU(_ route: RouteResult) -> Int {
        route.mtu != 0 ? Int(route.mtu) : node.pointee.interfaces[route.outInterface].pointee.mtu
    }

    /// `ip_exceeds_mtu`.
    private func isTooBig4(_ packet: PacketRef, _ mtu: Int) -> Bool {
        guard packet.ipv4.dontFragment, !packet.pointee.flags.contains(.gso) else { return false }
        let largest = Int(packet.pointee.fragmentMaxSize)
        // A packet put together from fragments goes out in pieces again, however long it is (`ignore_df`).
        return largest > mtu || (largest == 0 && !packet.pointee.flags.contains(.ignoreDF))
    }

    @inline(never)
    private func hopsExceeded(_ packet: PacketRef) -> Stage {
        sendICMPError(
            about: packet, type: packet.isIPv4 ? ICMPType.timeExceeded : ICMPv6Type.timeExceeded, code: 0, info: 0)
        return drop(packet, .ttlExceeded)
    }

    @inline(never)
    private func sourceRouteFailed(_ packet: PacketRef) -> Stage {
        sendICMPError(
            about: packet, type: ICMPType.destinationUnreachable, code: ICMPUnreachableCode.sourceRouteFailed, info: 0)
        return drop(packet, .sourceRoute)
    }

    @inline(never)
    private func tooBig(_ packet: PacketRef, _ mtu: Int) -> Stage {
        if packet.isIPv4 {
            sendICMPError(
                about: packet, type: ICMPType.destinationUnreachable, code: ICMPUnreachableCode.fragmentationNeeded,
                info: UInt32(clamping: mtu))
        } else {
            sendICMPError(about: packet, type: ICMPv6Type.packetTooBig, code: 0, info: UInt32(clamping: mtu))
        }
        return drop(packet, .packetTooBig)
    }

    /// `ip6_forward`.
    @inline(__always)
    private func refuseForward6(_ packet: PacketRef) -> Stage? {
        guard node.pointee.settings.ipv6Forward || node.pointee.interfaces[packet.pointee.arrival].pointee.forwardsAnyway6 else {
            return drop(packet, .forwardingOff)
        }
        if packet.ipv6.hopLimit <= 1 { return hopsExceeded(packet) }
        if node.pointee.settings.proxyNDP, let stage = forwardProxy(packet) { return stage }
        let source = packet.ipv6.source
        let route = packet.pointee.route
        if route.outInterface == packet.pointee.arrival {
            redirect6(packet)
        } else {
            if source.isZero || source.high >> 56 == 0xff || (source.high == 0 && source.low == 1) {
                return drop(packet, .martianSource)
            }
            if source.high >> 54 == 0x3fa {
                sendICMPError(
                    about: packet, type: ICMPv6Type.destinationUnreachable, code: ICMPv6UnreachableCode.beyondScope,
                    info: 0)
                return drop(packet, .linkLocalForward)
            }
        }
        // A route's own MTU counts behind the FORWARD hook only (`ip6_fragment`), unless it is locked.
        let mtu =
            route.hasLockedMTU && route.mtu != 0
            ? Int(route.mtu) : node.pointee.interfaces[route.outInterface].pointee.mtu6
        noteLimit(mtu, packet)
        if packet.length > mtu {
            let largest = Int(packet.pointee.fragmentMaxSize)
            if largest > mtu || (largest == 0 && packet.pointee.flags.isDisjoint(with: [.gso, .ignoreDF])) {
                // The kernel makes the way out the device the error is about.
                packet.pointee.outInterface = route.outInterface
                return tooBig(packet, mtu)
            }
        }
        return nil
    }

    /// `ip6_forward_proxy_check`: neighbour discovery for a proxied address is ours to hear; link-local ones do not pass.
    @inline(never)
    private func forwardProxy(_ packet: PacketRef) -> Stage? {
        let device = packet.pointee.inInterface
        guard node.pointee.neighbours.isProxied(packet.ipv6.destination, .ipv6, on: device) else { return nil }
        if packet.pointee.ipProtocol == .icmpv6, packet.transportLength >= 1 {
            switch packet.icmp.type {
            case ICMPv6Type.routerSolicitation, ICMPv6Type.routerAdvertisement, ICMPv6Type.neighborSolicitation,
                ICMPv6Type.neighborAdvertisement, ICMPv6Type.redirect:
                return .input
            default: break
            }
        }
        if packet.ipv6.destination.high >> 54 == 0x3fa {
            linkFailure(packet)
            return drop(packet, .linkLocalForward)
        }
        return nil
    }
}
