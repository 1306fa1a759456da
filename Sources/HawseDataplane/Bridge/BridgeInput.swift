import HawseModel
import HawseWire

extension Walk {
    /// `br_handle_frame`: a frame on a port. Runs PREROUTING by br_netfilter, learns, finds the way.
    func bridgeInput(_ packet: PacketRef) -> Stage {
        let port = packet.pointee.inInterface
        let bridge = node.pointee.interfaces[port].pointee.master
        let device = node.pointee.interfaces[bridge]
        guard device.pointee.isUp else { return drop(packet, .interfaceDown) }
        let ethernet = packet.ethernet
        let source = ethernet.source
        if source.isGroup || source.value == 0 { return drop(packet, .bridgeFiltered) }
        let destination = ethernet.destination
        if destination.value >> 4 == 0x0180_c200_000, let stage = reservedGroup(packet, destination) { return stage }
        if destination == device.pointee.mac { packet.pointee.packetType = .host }
        if !packet.pointee.etherType.isIP, lookBehindTags(packet) == .refused { return drop(packet, .bridgeFiltered) }
        if packet.pointee.etherType == .ipv4 ? node.pointee.settings.bridgeCallIPTables
            : packet.pointee.etherType == .ipv6 && node.pointee.settings.bridgeCallIP6Tables
        {
            return bridgePrerouting(packet, port, bridge)
        }
        return bridgeFrame(packet, port)
    }

    /// 01:80:c2:00:00:0x: pause frames end here, spanning tree is forwarded while nobody speaks it, the rest is for
    /// the port itself.
    private func reservedGroup(_ packet: PacketRef, _ destination: MACAddress) -> Stage? {
        switch destination.value & 15 {
        case 0: return nil
        case 1: return drop(packet, .bridgeFiltered)
        case let group:
            let port = packet.pointee.inInterface
            let bridge = node.pointee.interfaces[port].pointee.master
            let forwarded =
                node.pointee.interfaces[bridge].pointee.forwardedGroups | node.pointee.interfaces[port].pointee.port.forwardedGroups
                | (node.pointee.interfaces[bridge].pointee.tagProtocol == .qinq ? Self.passedByProviders : 0)
            if forwarded >> group & 1 != 0 { return nil }
            // Heard of all the same (`br_handle_local_finish`).
            if node.pointee.interfaces[port].pointee.port.learns, let vlan = learningVLAN(packet, on: port, of: bridge) {
                learn(packet.ethernet.source, bridge, port, vlan)
            }
            return receiveByType(packet)
        }
    }

    /// `BR_GROUPFWD_8021AD`: groups that are a customer's own.
    private static var passedByProviders: UInt16 { 0xb801 }

    /// `br_nf_pre_routing`: the rules see the bridge as `-i`, the port as `--physdev-in`.
    private func bridgePrerouting(_ packet: PacketRef, _ port: UInt16, _ bridge: UInt16) -> Stage {
        let isIPv4 = packet.pointee.etherType == .ipv4
        guard (isIPv4 ? packet.dissectIPv4() : packet.dissectIPv6()) == .ok else {
            return drop(packet, .bridgeFiltered)
        }
        if !isIPv4, packet.ipv6.nextHeader == .hopByHop, let stage = bridgeHopByHop(packet) { return stage }
        let isForOther = packet.pointee.packetType == .otherHost
        if isForOther { packet.pointee.packetType = .host }
        packet.pointee.flags.insert([.bridged, .physdev])
        packet.pointee.physIn = port
        packet.pointee.inInterface = logicalDevice(packet, bridge)
        packet.pointee.outInterface = 0
        let before = packet.destinationBits
        noteHook(packet, .prerouting)
        let verdict = hookPrerouting(packet)
        guard verdict == .accept else { return after(verdict, .done) }
        if isForOther { packet.pointee.packetType = .otherHost }
        packet.pointee.flags.insert(.preroutingDone)
        if packet.destinationBits != before { return bridgeDNAT(packet, packet.pointee.physIn, packet.pointee.inInterface) }
        return bridgeFrame(packet, packet.pointee.physIn)
    }

    /// `nf_ip6_check_hbh_len`, by which `br_validate_ipv6` looks at hop-by-hop options.
    private func bridgeHopByHop(_ packet: PacketRef) -> Stage? {
        guard packet.length >= 48 else { return drop(packet, .bridgeFiltered) }
        let base = packet.networkPointer
        let end = 40 + (Int(base.load8(at: 41)) + 1) * 8
        guard packet.length >= end else { return drop(packet, .bridgeFiltered) }
        var at = 42
        while at < end {
            if base.load8(at: at) == 0 {
                at += 1
                continue
            }
            guard end - at >= 2 else { return drop(packet, .bridgeFiltered) }
            let size = Int(base.load8(at: at + 1)) + 2
            guard size <= end - at else { return drop(packet, .bridgeFiltered) }
            // A jumbogram says so in earnest: no payload length, more than fits in one, and as much is there.
            if base.load8(at: at) == 0xc2 {
                guard size == 6, at & 3 == 2, packet.ipv6.payloadLength == 0 else { return drop(packet, .bridgeFiltered) }
                let length = Int(base.loadBE32(at: at + 2))
                guard length > 65535, length <= packet.length - 40 else { return drop(packet, .bridgeFiltered) }
            }
            at += size
        }
        return nil
    }

    /// `br_nf_pre_routing_finish`: PREROUTING changed the destination. Towards the bridge's own network the frame is
    /// bridged to its new owner; any other way it goes up to be routed. `bridge`: as the rules have seen it.
    private func bridgeDNAT(_ packet: PacketRef, _ port: UInt16, _ bridge: UInt16) -> Stage {
        var route = lookupInput(packet)
        if route.kind == .noRoute || route.kind == .martian,
            !node.pointee.interfaces[bridge].pointee.forwarding4 || route.kind == .martian, packet.isIPv4
        {
            // Forwarding off gives a route that refuses, and the frame goes up to meet it. What the kernel means by traffic
            // that is bridged and DNATed not needing forwarding holds for destinations that are refused as such.
            if route.kind == .noRoute { return drop(packet, .forwardingOff) }
            if !node.pointee.interfaces[bridge].pointee.forwarding4 {
                let out = lookupOutput(
                    family: .ipv4, source: .zero, destination: packet.destinationBits, mark: 0,
                    tos: packet.ipv4.tos, out: 0)
                guard out.kind == .unicast, out.outInterface == bridge else { return drop(packet, .forwardingOff) }
                route = out
            } else {
                return drop(packet, .martianDestination)
            }
        }
        packet.pointee.route = route
        if route.kind == .unicast, route.outInterface == bridge {
            packet.pointee.flags.insert(.bridgedDNAT)
            packet.pointee.outInterface = bridge
            return bridgeToNeighbour(packet)
        }
        if packet.isIPv6, route.kind != .unicast, route.kind != .local { return drop(packet, .noRoute) }
        packet.ethernet.destination = node.pointee.interfaces[bridge].pointee.mac
        packet.pointee.packetType = .host
        packet.pointee.flags.insert(.loopback)
        return bridgeFrame(packet, port)
    }

    /// `br_nf_pre_routing_finish_bridge`: the new owner's MAC becomes the frame's destination, the source MAC stays.
    func bridgeToNeighbour(_ packet: PacketRef) -> Stage {
        let source = packet.ethernet.source
        let front = FrontBytes(packet)
        packet.pointee.stage = .bridgeInput
        if packet.pointee.route.gatewayVersion == 0, sessionHeader(packet) != 0 {
            // The session's header counts as part of the packet again (`nf_bridge_push_encap_header`), so the neighbour is asked for
            // by what stands eight bytes before the destination.
            packet.pointee.route.gateway =
                packet.isIPv4
                ? AddressBits(ipv4: packet.networkPointer.loadBE32(at: 8)) : packet.networkPointer.loadAddressBits(at: 16)
            packet.pointee.route.gatewayVersion = packet.pointee.version
        }
        let stage = resolveNeighbour(packet)
        guard stage == .transmit else { return stage }
        packet.ethernet.source = source
        front.putBack(packet)
        packet.pointee.flags.remove(.bridgedDNAT)
        return bridgeFrame(packet, packet.pointee.physIn)
    }

    /// `br_handle_frame_finish`.
    private func bridgeFrame(_ packet: PacketRef, _ port: UInt16) -> Stage {
        let bridge = node.pointee.interfaces[port].pointee.master
        packet.pointee.inInterface = bridge
        packet.pointee.physIn = port
        let now = node.pointee.now
        guard let vlan = admitVLAN(packet, on: port, of: bridge) else { return drop(packet, .bridgeFiltered) }
        let ethernet = packet.ethernet
        if node.pointee.interfaces[port].pointee.port.learns { learn(ethernet.source, bridge, port, vlan) }
        let destination = ethernet.destination
        if destination.isGroup {
            if node.pointee.interfaces[bridge].pointee.snoops, !destination.isBroadcast, !isWholeToGroup(packet) {
                return drop(packet, .bridgeFiltered)
            }
            flood(packet, bridge, from: port, vlan, thenLocal: true)
            return bridgeUp(packet, vlan)
        }
        let found = node.pointee.bridges.find(destination, bridge, vlan: vlan, now)
        guard found >= 0 else { return flood(packet, bridge, from: port, vlan, thenLocal: false) }
        let entry = node.pointee.bridges.forwarding.entries + found
        if !entry.pointee.isStatic { voidRecording() }
        if entry.pointee.isLocal { return bridgeUp(packet, vlan) }
        guard mayLeave(entry.pointee.port, from: port, vlan) else { return drop(packet, .bridgeSamePort) }
        leaveVLAN(packet, entry.pointee.port, vlan)
        packet.pointee.physOut = entry.pointee.port
        return .bridgeForward
    }

    /// `br_fdb_update`; a station that is new or has moved ends all known ways.
    @inline(__always)
    func learn(_ mac: MACAddress, _ bridge: UInt16, _ port: UInt16, _ vlan: UInt16) {
        if node.pointee.bridges.learn(mac, bridge, port, vlan: vlan, node.pointee.now) { node.pointee.flows.invalidate() }
    }

    /// `should_deliver`: not where it came from, unless the port is in hairpin mode.
    @inline(__always)
    private func mayLeave(_ port: UInt16, from origin: UInt16, _ vlan: UInt16) -> Bool {
        let device = node.pointee.interfaces[port]
        return mayLeave(port, vlan: vlan) && device.pointee.isUp && (port != origin || device.pointee.hairpin)
            && !(device.pointee.port.isIsolated && node.pointee.interfaces[origin].pointee.port.isIsolated)
    }

    /// `br_flood`: which kinds of frames a port gets that nobody asked for on it.
    @inline(__always)
    private func takesFlood(_ port: UInt16, _ destination: MACAddress) -> Bool {
        let rules = node.pointee.interfaces[port].pointee.port
        if destination.isBroadcast { return rules.floodsBroadcast }
        return destination.isGroup ? rules.floodsMulticast : rules.floods
    }

    /// `br_flood`: copies to every port but the last, which gets the frame itself unless the node wants it too.
    @discardableResult
    private func flood(_ packet: PacketRef, _ bridge: UInt16, from origin: UInt16, _ vlan: UInt16, thenLocal: Bool) -> Stage {
        let count = node.pointee.bridges.portCount(bridge)
        var last: UInt16 = 0
        for position in 0..<count {
            let port = node.pointee.bridges.port(bridge, position)
            guard mayLeave(port, from: origin, vlan), takesFlood(port, packet.ethernet.destination) else { continue }
            if last != 0 { sendCopy(packet, to: last, vlan) }
            last = port
        }
        if last == 0 { return thenLocal ? .done : drop(packet, .bridgeNoPort) }
        if thenLocal {
            sendCopy(packet, to: last, vlan)
            return .done
        }
        leaveVLAN(packet, last, vlan)
        packet.pointee.physOut = last
        return .bridgeForward
    }

    /// `deliver_clone`.
    private func sendCopy(_ packet: PacketRef, to port: UInt16, _ vlan: UInt16) {
        guard let twin = copy(packet) else { return }
        leaveVLAN(twin, port, vlan)
        shareConnection(of: packet, with: twin)
        twin.pointee.physOut = port
        twin.pointee.stage = .bridgeForward
        run(twin)
    }

    /// `br_pass_frame_up`: the frame comes in on the bridge device itself.
    private func bridgeUp(_ packet: PacketRef, _ vlan: UInt16) -> Stage {
        if vlan != 0 {
            let bridge = packet.pointee.inInterface
            guard mayLeave(bridge, vlan: vlan) else { return drop(packet, .bridgeFiltered) }
            raiseVLAN(packet, bridge, vlan)
        }
        if !packet.ethernet.etherType.isIP { lookAtTags(packet) }
        if packet.pointee.flags.contains(.bridged), packet.pointee.packetType != .host {
            // `br_nf_local_in`: copies may be on their way, so the connection is confirmed before it goes up.
            let verdict = conntrackConfirm(packet, at: .input)
            guard verdict == .accept else { return after(verdict, .done) }
        }
        packet.pointee.flags.remove(.bridged)
        packet.pointee.physOut = 0
        // `ip_rcv` clears the control block: that the packet was put together is forgotten, the pieces' sizes are not.
        if packet.pointee.fragmentMaxSize != 0 { packet.pointee.flags.insert(.ignoreDF) }
        packet.pointee.fragmentMaxSize = 0
        note(packet, .bridge("up to \(node.pointee.interfaces.name(packet.pointee.inInterface))"))
        return .receive
    }
}
