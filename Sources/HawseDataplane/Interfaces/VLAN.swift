import HawseModel
import HawseWire

extension Walk {
    /// `vlan_dev_hard_start_xmit`: the tag goes in behind the addresses, the frame out of the parent.
    func vlanTransmit(_ packet: PacketRef) -> Stage {
        let device = node.pointee.interfaces[packet.pointee.outInterface]
        guard device.pointee.parent != 0, packet.pointee.mac >= 4, packet.pointee.generation < 16 else {
            return drop(packet, .interfaceDown)
        }
        insertTag(packet, device.pointee.tagProtocol, device.pointee.vlan & 0x0fff)
        packet.pointee.outInterface = device.pointee.parent
        packet.pointee.generation &+= 1
        return .transmit
    }

    /// The tag goes in behind the addresses; there must be room in front.
    func insertTag(_ packet: PacketRef, _ type: EtherType, _ control: UInt16) {
        let old = packet.pointee.buffer + Int(packet.pointee.mac)
        moveAddresses(old, to: old - 4)
        (old - 4).storeBE16(type.rawValue, at: 12)
        (old - 4).storeBE16(control, at: 14)
        packet.pointee.mac -= 4
    }

    /// The tag behind the addresses goes; what stands behind it is the frame's EtherType.
    func removeTag(_ packet: PacketRef) {
        let old = packet.pointee.buffer + Int(packet.pointee.mac)
        moveAddresses(old, to: old + 4)
        packet.pointee.mac += 4
    }

    private func moveAddresses(_ old: UnsafeMutableRawPointer, to new: UnsafeMutableRawPointer) {
        let addresses = (old.loadBE64(at: 0), old.loadBE32(at: 8))
        new.storeBE64(addresses.0, at: 0)
        new.storeBE32(addresses.1, at: 8)
    }

    /// `vlan_do_receive`: a tagged frame comes in on its sub-interface. Priority tags (0) are looked through; other
    /// tags that nobody has are for nobody, but a bridge passes them on as they are.
    func receiveVLAN(_ packet: PacketRef) -> Stage {
        // `skb_vlan_untag` wants two bytes behind the tag and the type.
        guard packet.length >= 6 else { return drop(packet, .frameTooShort) }
        let control = packet.networkPointer.loadBE16(at: 0)
        let identifier = control & 0x0fff
        let type = packet.networkPointer.loadEtherType(at: 2)
        if let child = vlanDevice(packet.pointee.inInterface, packet.pointee.etherType, identifier) {
            guard node.pointee.interfaces[child].pointee.isUp else { return drop(packet, .interfaceDown) }
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
        return type == .vlan || type == .qinq ? receiveVLAN(packet) : receiveByType(packet)
    }

    private func untag(_ packet: PacketRef, _ type: EtherType) {
        removeTag(packet)
        packet.pointee.network += 4
        packet.pointee.etherType = type
    }

    func vlanDevice(_ parent: UInt16, _ type: EtherType, _ identifier: UInt16) -> UInt16? {
        for index in 1..<UInt16(node.pointee.interfaces.count) {
            let device = node.pointee.interfaces[index]
            if device.pointee.kind == .vlan, device.pointee.parent == parent, device.pointee.vlan == identifier,
                device.pointee.tagProtocol == type
            {
                return index
            }
        }
        return nil
    }
}
