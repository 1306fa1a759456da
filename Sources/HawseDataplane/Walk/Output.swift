import HawseModel
import HawseWire

extension Walk {
    /// `ip_local_out`: a packet of the node itself, its route already in the packet. OUTPUT, then the way out.
    @inline(__always)
    func output(_ packet: PacketRef) -> Stage {
        packet.pointee.inInterface = 0
        packet.pointee.outInterface = packet.pointee.route.outInterface
        // A copy by TEE stays what its frame was: to everybody or to a group.
        if !packet.pointee.packetType.isGroup { packet.pointee.packetType = .outgoing }
        noteHook(packet, .output)
        return after(hookOutput(packet), .postrouting)
    }

    /// `ip_output`: the device is the route's; POSTROUTING sees it as `-o`.
    @inline(__always)
    func postrouting(_ packet: PacketRef) -> Stage {
        packet.pointee.outInterface = packet.pointee.route.outInterface
        let kind = packet.pointee.route.kind
        if kind == .broadcast || kind == .multicast, packet.pointee.flags.contains(.local) { loopBack(packet) }
        if kind == .unicast, packet.pointee.flags.contains(.duplicated), isForGroup6(packet) { loopBack(packet) }
        let own = packet.pointee.ownDevice
        if own != 0 { packet.pointee.inInterface = own }
        noteHook(packet, .postrouting)
        if kind == .multicast, isNodeLocal(packet) { return end(packet, .consumed) }
        let verdict = hookPostrouting(packet)
        if own != 0, verdict == .accept { packet.pointee.inInterface = 0 }
        return after(verdict, .fragment)
    }

    /// `ip6_finish_output2` looks at the address, not at the route: what TEE sends to a neighbour comes back too, and ends
    /// behind PREROUTING, where its route leads on (`ip6_forward` takes no such packet).
    @inline(never)
    private func isForGroup6(_ packet: PacketRef) -> Bool {
        packet.isIPv6 && packet.ipv6.destination.high >> 56 == 0xff
    }

    /// Groups of interface-local scope do not leave the node (`ip6_finish_output2`).
    @inline(never)
    private func isNodeLocal(_ packet: PacketRef) -> Bool {
        packet.isIPv6 && packet.ipv6.destination.high >> 48 & 15 <= 1
            && node.pointee.interfaces[packet.pointee.outInterface].pointee.kind != .loopback
    }

    /// `ip_mc_output`, `ip6_finish_output2`: what the node sends to a group that it is in itself, or to everybody, comes
    /// back to it, by way of POSTROUTING and the device it went out of. (Neighbour discovery's own does not.)
    @inline(never)
    private func loopBack(_ packet: PacketRef) {
        let device = packet.pointee.outInterface
        guard node.pointee.interfaces[device].pointee.kind != .loopback, packet.pointee.generation < 15 else { return }
        if packet.isIPv4 {
            guard packet.pointee.route.kind == .broadcast || packet.ipv4.destination == 0xe000_0001 else { return }
        } else {
            guard packet.pointee.uid >= 0 || packet.pointee.flags.contains(.duplicated), hasJoined(packet.ipv6.destination, on: device) else { return }
        }
        guard let twin = copy(packet) else { return }
        twin.pointee.ownDevice = 0
        shareConnection(of: packet, with: twin)
        switch hookPostrouting(twin) {
        case .accept: break
        case .drop:
            finish(twin)
            return
        case .stolen, .output: return
        }
        if twin.isIPv4 { twin.pointee.route.kind = .broadcast }
        twin.pointee.inInterface = device
        twin.pointee.outInterface = 0
        twin.pointee.packetType = .loopback
        twin.pointee.etherType = twin.isIPv4 ? .ipv4 : .ipv6
        twin.pointee.flags.insert(.loopback)
        twin.pointee.flags.subtract(.whileCalling)
        if packet.pointee.uid >= 0, packet.pointee.generation == 0 {
            // A process waits until its copy has been dealt with, and only then does the packet leave.
            twin.pointee.generation = 1
            twin.pointee.stage = .receive
            run(twin)
        } else {
            enqueue(twin, causedBy: packet, stage: .receive)
        }
    }
}
