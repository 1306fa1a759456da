import HawseModel
import HawseWire

extension Walk {
    /// `vlan_dev_hard_start_xmit`: the tag goes in behind the addresses, the frame out of the parent.
    func vlanTransmit(_ packet: PacketRef) -> Stage {
        let device = node.pointee.interfaces[packet.pointee.outInterface]
        guard device.pointee.parent != 0, packet.pointee.mac >= 4, packet.pointee.generation < 16 else {
            return drop(packet, .interfaceDown)
        }
        let old = packet.pointee.buffer + Int(packet.pointee.mac)
        let new = old - 4
        let addresses = (old.loadBE64(at: 0), old.loadBE32(at: 8))
        new.storeBE64(addresses.0, at: 0)
        new.storeBE32(addresses.1, at: 8)
        new.storeBE16(EtherType.vlan.rawValue, at: 12)
        new.storeBE16(device.pointee.vlan & 0x0fff, at: 14)
        packet.pointee.mac -= 4
        packet.pointee.outInterface = device.pointee.parent
        packet.pointee.generation &+= 1
        return .transmit
    }

    /// `vlan_do_receive`: a tagged frame comes in on its sub-interface. Priority tags (0) are looked through; other
    /// tags that nobody has are for nobody, but a bridge passes them on as they are.
    func receiveVLAN(_ packet: PacketRef) -> Stage {
        guard packet.length >= 4 else { return drop(packet, .frameTooShort) }
        let control = packet.networkPointer.loadBE16(at: 0)
        let identifier = control & 0x0fff
        let type = EtherType(rawValue: packet.networkPointer.loadBE16(at: 2))
        if packet.pointee.etherType == .vlan, let child = vlanDevice(packet.pointee.inInterface, identifier) {
            untag(packet, type)
            packet.pointee.inInterface = child
            if packet.pointee.packetType == .otherHost,
                packet.ethernet.destination == node.pointee.interfaces[child].pointee.mac
            {
                packet.pointee.packetType = .host
            }
            return .receive
        }
        if node.pointee.interfaces[packet.pointee.inInterface].pointee.master != 0 { return .bridgeInput }
        guard identifier == 0 else { return drop(packet, .notForUs) }
        untag(packet, type)
        return receiveByType(packet)
    }

    private func untag(_ packet: PacketRef, _ type: EtherType) {
        let old = packet.pointee.buffer + Int(packet.pointee.mac)
        let addresses = (old.loadBE64(at: 0), old.loadBE32(at: 8))
        let new = old + 4
        new.storeBE64(addresses.0, at: 0)
        new.storeBE32(addresses.1, at: 8)
        new.storeBE16(type.rawValue, at: 12)
        packet.pointee.mac += 4
        packet.pointee.network += 4
        packet.pointee.etherType = type
    }

    private func vlanDevice(_ parent: UInt16, _ identifier: UInt16) -> UInt16? {
        for index in 1..<UInt16(node.pointee.interfaces.count) {
            let device = node.pointee.interfaces[index]
            if device.pointee.kind == .vlan, device.pointee.parent == parent, device.pointee.vlan == identifier,
                device.pointee.isUp
            {
                return index
            }
        }
        return nil
    }
}
