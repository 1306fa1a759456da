import HawseModel
import HawseWire

extension Walk {
    /// A frame has come in on a device (`__netif_receive_skb_core`): to the bridge, or up by its EtherType.
    @inline(__always)
    func receive(_ packet: PacketRef) -> Stage {
        let device = node.pointee.interfaces[packet.pointee.inInterface]
        guard device.pointee.isUp else { return drop(packet, .interfaceDown) }
        tally(Interface.received(device), packet.length)
        note(packet, .received(interface: node.pointee.interfaces.name(packet.pointee.inInterface)))
        tap(packet, packet.pointee.inInterface, isOutbound: false)
        let type = packet.pointee.etherType
        if type == 0x8100 || type == 0x88a8 { return receiveVLAN(packet) }
        if !Watch.isOn, node.pointee.flows.isEnabled, node.pointee.ipvs.active == 0, packet.pointee.connection == 0,
            packet.pointee.flags.contains(.hasEthernet)
        {
            switch takeFastPath(packet) {
            case .sent: return .held
            case .transmit: return .transmit
            case .record: beginRecording(packet)
            case .walk: break
            }
            node.pointee.flows.hashHint = 0
        }
        if device.pointee.master != 0 { return .bridgeInput }
        return receiveByType(packet)
    }

    @inline(__always)
    func receiveByType(_ packet: PacketRef) -> Stage {
        switch packet.pointee.etherType {
        case 0x0800, 0x86dd: return .ipReceive
        case 0x0806: return .arp
        default: return drop(packet, .unknownEtherType)
        }
    }

    /// Reads the Ethernet header, sets packet type and EtherType, and leaves `network` behind it (`eth_type_trans`).
    @inline(__always)
    func readEthernet(_ packet: PacketRef) {
        let ethernet = packet.ethernet
        let device = node.pointee.interfaces[packet.pointee.inInterface]
        let destination = ethernet.destination
        packet.pointee.etherType = ethernet.etherType.rawValue
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
