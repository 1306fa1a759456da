import HawseModel
import HawseWire

extension Walk {
    /// A frame has come in on a device (`__netif_receive_skb_core`): to the bridge, or up by its EtherType.
    @inline(__always)
    func receive(_ packet: PacketRef) -> Stage {
        let device = node.pointee.interfaces[packet.pointee.inInterface]
        var outcome = node.pointee.flows.outcome
        node.pointee.flows.outcome = .untried
        guard device.pointee.isUp else { return drop(packet, .interfaceDown) }
        tally(Interface.received(device), packet.length)
        noteDevice(packet, .received, packet.pointee.inInterface)
        tap(packet, packet.pointee.inInterface, isOutbound: false)
        let type = packet.pointee.etherType
        if type == .vlan || type == .qinq { return receiveVLAN(packet) }
        if !Watch.isOn, node.pointee.flows.isEnabled, packet.pointee.connection == 0,
            packet.pointee.flags.contains(.hasEthernet)
        {
            if outcome == .untried { outcome = followPacket(packet) }
            switch outcome {
            case .sent:
                node.pointee.pool.give(back: packet)
                return .held
            case .record: if packet.pointee.packetType == .host { beginRecording(packet) }
            case .invalid: packet.pointee.flags.insert(.tracked)
            case .walk, .untried: break
            }
        }
        if device.pointee.master != 0 { return .bridgeInput }
        return receiveByType(packet)
    }

    @inline(__always)
    func receiveByType(_ packet: PacketRef) -> Stage {
        switch packet.pointee.etherType {
        case .ipv4, .ipv6: return .ipReceive
        case .arp: return .arp
        default: return drop(packet, .unknownEtherType)
        }
    }

    /// Reads the Ethernet header, sets packet type and EtherType, and leaves `network` behind it (`eth_type_trans`).
    @inline(__always)
    func readEthernet(_ packet: PacketRef) {
        let ethernet = packet.ethernet
        let device = node.pointee.interfaces[packet.pointee.inInterface]
        let destination = ethernet.destination
        packet.pointee.etherType = ethernet.etherType
        packet.pointee.flags.insert(.hasEthernet)
        if destination == device.pointee.mac {
            packet.pointee.packetType = .host
        } else if destination.isBroadcast {
            packet.pointee.packetType = .broadcast
        } else if destination.isGroup {
            packet.pointee.packetType = .multicast
        } else {
            packet.pointee.packetType = .otherHost
        }
    }
}
