import HawseModel
import HawseWire

extension Walk {
    /// `dev_queue_xmit`: the frame is complete and goes into the device, whatever that is.
    @inline(__always)
    func transmit(_ packet: PacketRef) -> Stage {
        let device = node.pointee.interfaces[packet.pointee.outInterface]
        guard device.pointee.isUp else { return drop(packet, .interfaceDown) }
        tally(Interface.transmitted(device), packet.length)
        tap(packet, packet.pointee.outInterface, isOutbound: true)
        switch device.pointee.kind {
        case .ether, .veth, .tun: return emit(packet)
        case .bridge: return bridgeTransmit(packet)
        case .vxlan: return vxlanTransmit(packet)
        case .loopback: return loopbackTransmit(packet)
        case .dummy: return drop(packet, .dummyDevice)
        case .vlan: return vlanTransmit(packet)
        case .ipip: return ipipTransmit(packet)
        }
    }

    /// Out of the node: the frame's bytes go to the output queue.
    @inline(__always)
    func emit(_ packet: PacketRef) -> Stage {
        if node.pointee.flows.recorder.isOn { endRecording(packet) }
        let start = packet.pointee.mac >= 0 ? packet.pointee.mac : packet.pointee.network
        node.pointee.outputs.append(
            packet.pointee.buffer + Int(start), Int(packet.pointee.end &- start),
            interface: packet.pointee.outInterface, cause: packet.pointee.cause, time: node.pointee.now,
            mark: packet.pointee.mark)
        noteDevice(packet, .transmitted, packet.pointee.outInterface)
        return end(packet, .transmitted)
    }

    /// `loopback_xmit`: back in, behind the present work. The packet keeps its connection, mark and route.
    func loopbackTransmit(_ packet: PacketRef) -> Stage {
        packet.pointee.inInterface = node.pointee.interfaces.loopback
        packet.pointee.outInterface = 0
        packet.pointee.ownDevice = 0
        if !packet.pointee.packetType.isGroup { packet.pointee.packetType = .host }
        packet.pointee.wholeFrom = 0
        packet.pointee.flags.insert(.loopback)
        packet.pointee.flags.subtract(.whileCalling)
        // `skb_orphan`: whoever sent it owns it no more.
        packet.pointee.uid = -1
        packet.pointee.gid = -1
        packet.pointee.etherType = packet.isIPv4 ? .ipv4 : .ipv6
        enqueueAgain(packet)
        return .held
    }
}
