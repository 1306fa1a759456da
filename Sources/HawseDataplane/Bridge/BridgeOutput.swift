import HawseModel
import HawseWire

extension Walk {
    /// `br_forward`: FORWARD by br_netfilter for one outgoing port.
    func bridgeForward(_ packet: PacketRef) -> Stage {
        guard packet.pointee.flags.contains(.bridged) else {
            // `br_nf_forward_arp` wants a header.
            if packet.pointee.etherType == .arp, packet.length < 8, node.pointee.settings.bridgeCallARPTables {
                return drop(packet, .bridgeFiltered)
            }
            return pushFrame(packet)
        }
        let bridge = packet.pointee.inInterface
        if hasVLANTag(packet, bridge), !node.pointee.settings.bridgeFiltersVLAN { return pushFrame(packet) }
        let isForOther = packet.pointee.packetType == .otherHost
        if isForOther { packet.pointee.packetType = .host }
        packet.pointee.outInterface = bridge
        packet.pointee.inInterface = logicalDevice(packet, bridge)
        noteHook(packet, .forward)
        let verdict = hookForward(packet)
        packet.pointee.inInterface = bridge
        if isForOther { packet.pointee.packetType = .otherHost }
        return after(verdict, .bridgeOutput)
    }

    /// POSTROUTING by br_netfilter, then out of the port (`br_nf_post_routing`, `br_nf_dev_queue_xmit`).
    func bridgeOutput(_ packet: PacketRef) -> Stage {
        let isForOther = packet.pointee.packetType == .otherHost
        if isForOther { packet.pointee.packetType = .host }
        let bridge = packet.pointee.inInterface
        packet.pointee.inInterface = 0
        packet.pointee.outInterface = bridge
        noteHook(packet, .postrouting)
        let verdict = hookPostrouting(packet)
        if isForOther { packet.pointee.packetType = .otherHost }
        guard verdict == .accept else { return after(verdict, .done) }
        return leaveBridge(packet)
    }

    /// `br_nf_dev_queue_xmit`.
    private func leaveBridge(_ packet: PacketRef) -> Stage {
        packet.pointee.flags.remove([.bridged, .physdev, .preroutingDone])
        let device = node.pointee.interfaces[packet.pointee.physOut]
        let largest = Int(packet.pointee.fragmentMaxSize)
        let mtu = largest != 0 ? min(largest, device.pointee.mtu) : device.pointee.mtu
        if packet.length + sessionHeader(packet) > mtu, !packet.pointee.flags.contains(.gso) {
            // `br_nf_ip_fragment`: nobody is told when that may not be. The pieces are as large as the bridge's MTU allows
            // (`fake_mtu`), and what the port still does not take goes.
            let limit = node.pointee.interfaces[packet.pointee.outInterface].pointee.mtu
            if packet.isIPv4 {
                if largest > limit || (largest == 0 && packet.ipv4.dontFragment) { return drop(packet, .packetTooBig) }
                return fragment4(packet, limit, next: .bridgeForward)
            }
            // One piece, and that with a fragment header, is larger still.
            if largest == 0, packet.length <= limit { return drop(packet, .packetTooBig) }
            return fragment6(packet, limit, next: .bridgeForward)
        }
        return pushFrame(packet)
    }

    /// `br_dev_queue_push_xmit`.
    private func pushFrame(_ packet: PacketRef) -> Stage {
        let port = packet.pointee.physOut
        let device = node.pointee.interfaces[port]
        packet.pointee.outInterface = port
        noteLimit(device.pointee.mtu, packet)
        // `is_skb_forwardable`: a tag does not count where it is kept beside the frame.
        let tag = packet.pointee.etherType == .vlan || packet.pointee.etherType == .qinq ? 4 : 0
        if packet.length + sessionHeader(packet) - tag > device.pointee.mtu + 4, !packet.pointee.flags.contains(.gso) {
            return drop(packet, .packetTooBig)
        }
        return .transmit
    }

    /// `br_dev_xmit`: a frame of the node itself into the bridge device.
    @inline(__always)
    func bridgeTransmit(_ packet: PacketRef) -> Stage {
        let bridge = packet.pointee.outInterface
        guard let vlan = admitVLAN(packet, on: bridge, of: bridge) else { return drop(packet, .bridgeFiltered) }
        let destination = packet.ethernet.destination
        if !destination.isGroup {
            let found = node.pointee.bridges.find(destination, bridge, vlan: vlan, node.pointee.now)
            if found >= 0 {
                let port = node.pointee.bridges.forwarding.entries[found].port
                if !node.pointee.bridges.forwarding.entries[found].isStatic { voidRecording() }
                guard port != 0, node.pointee.interfaces[port].pointee.isUp, mayLeave(port, vlan: vlan) else {
                    return drop(packet, .bridgeNoPort)
                }
                leaveVLAN(packet, port, vlan)
                if let stage = postroutingAgain(packet, bridge, port) { return stage }
                packet.pointee.physOut = port
                return pushFrame(packet)
            }
        }
        return floodLocal(packet, bridge, vlan)
    }

    /// TEE's copy of a frame on its way through the bridge knows the port that one was to leave by (`physoutdev`), and so
    /// `br_nf_post_routing` takes it for a bridged frame too. `nil`: it does not.
    @inline(__always)
    private func postroutingAgain(_ packet: PacketRef, _ bridge: UInt16, _ port: UInt16) -> Stage? {
        guard packet.pointee.flags.isSuperset(of: [.duplicated, .bridged]), packet.pointee.physOut != 0 else { return nil }
        packet.pointee.outInterface = bridge
        noteHook(packet, .postrouting)
        let verdict = hookPostrouting(packet)
        guard verdict == .accept else { return after(verdict, .done) }
        packet.pointee.physOut = port
        return leaveBridge(packet)
    }

    @inline(never)
    private func floodLocal(_ packet: PacketRef, _ bridge: UInt16, _ vlan: UInt16) -> Stage {
        var last: UInt16 = 0
        for position in 0..<node.pointee.bridges.portCount(bridge) {
            let port = node.pointee.bridges.port(bridge, position)
            let device = node.pointee.interfaces[port]
            guard device.pointee.isUp, mayLeave(port, vlan: vlan), packet.ethernet.destination.isGroup || device.pointee.port.floods else { continue }
            if last != 0, let twin = copy(packet) {
                leaveVLAN(twin, last, vlan)
                if let stage = postroutingAgain(twin, bridge, last) {
                    twin.pointee.stage = stage
                } else {
                    twin.pointee.physOut = last
                    twin.pointee.stage = pushFrame(twin)
                }
                run(twin)
            }
            last = port
        }
        guard last != 0 else { return drop(packet, .bridgeNoPort) }
        leaveVLAN(packet, last, vlan)
        if let stage = postroutingAgain(packet, bridge, last) { return stage }
        packet.pointee.physOut = last
        return pushFrame(packet)
    }
}
