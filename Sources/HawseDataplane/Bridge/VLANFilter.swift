import HawseModel
import HawseWire

/// Bridges that filter VLANs (`br_vlan.c`). The kernel keeps a frame's tag beside it, this one in it: from here until the frame
/// leaves the bridge the tag of the VLAN that it belongs to stands in front, and `network` behind that tag.
extension Walk {
    /// `br_allowed_ingress`: the VLAN of a frame that comes in on a port, or that the node sends into the bridge; 0 where
    /// nothing is filtered, `nil` where it may not come in.
    @inline(__always)
    func admitVLAN(_ packet: PacketRef, on device: UInt16, of bridge: UInt16) -> UInt16? {
        let tag = node.pointee.interfaces[bridge].pointee.tagProtocol
        return tag.rawValue == 0 ? 0 : admitTagged(packet, device, tag)
    }

    @inline(never)
    private func admitTagged(_ packet: PacketRef, _ device: UInt16, _ tag: EtherType) -> UInt16? {
        voidRecording()
        let primary = node.pointee.bridges.vlans.primary(device)
        guard packet.ethernet.etherType == tag else {
            // Without a tag, or with one of another protocol, which counts as what the frame carries.
            guard primary != 0, packet.pointee.mac >= 4 else { return nil }
            insertTag(packet, tag, primary)
            return primary
        }
        let frame = packet.pointee.buffer + Int(packet.pointee.mac)
        guard packet.pointee.end &- packet.pointee.mac >= 18 else { return nil }
        let control = frame.loadBE16(at: 14)
        if packet.pointee.network &- packet.pointee.mac == 14 {
            packet.pointee.network += 4
            packet.pointee.etherType = frame.loadEtherType(at: 16)
        }
        let named = control & 0xfff
        guard named == 0 else { return node.pointee.bridges.vlans.has(device, named) ? named : nil }
        // A priority tag: the priority stays.
        guard primary != 0 else { return nil }
        frame.storeBE16(control | primary, at: 14)
        return primary
    }

    /// `br_should_learn`: the VLAN in which a frame for the port itself teaches its sender's place.
    func learningVLAN(_ packet: PacketRef, on port: UInt16, of bridge: UInt16) -> UInt16? {
        let tag = node.pointee.interfaces[bridge].pointee.tagProtocol
        if tag.rawValue == 0 { return 0 }
        let named = packet.pointee.etherType == tag && packet.length >= 4 ? packet.networkPointer.loadBE16(at: 0) & 0xfff : 0
        if named != 0 { return node.pointee.bridges.vlans.has(port, named) ? named : nil }
        let primary = node.pointee.bridges.vlans.primary(port)
        return primary == 0 ? nil : primary
    }

    /// `br_allowed_egress`.
    @inline(__always)
    func mayLeave(_ device: UInt16, vlan: UInt16) -> Bool { vlan == 0 || node.pointee.bridges.vlans.has(device, vlan) }

    /// `br_handle_vlan`: without its tag where the VLAN leaves untagged.
    @inline(__always)
    func leaveVLAN(_ packet: PacketRef, _ device: UInt16, _ vlan: UInt16) {
        if vlan != 0, node.pointee.bridges.vlans.leavesUntagged(device, vlan) { removeTag(packet) }
    }

    /// The same on the way up: what keeps its tag is read from there.
    func raiseVLAN(_ packet: PacketRef, _ bridge: UInt16, _ vlan: UInt16) {
        if node.pointee.bridges.vlans.leavesUntagged(bridge, vlan) { return removeTag(packet) }
        packet.pointee.network = packet.pointee.mac &+ 14
        packet.pointee.etherType = node.pointee.interfaces[bridge].pointee.tagProtocol
    }

    /// The frame has the tag of a bridge that filters: netfilter looks at no tagged frames (`IS_IP`).
    @inline(__always)
    func hasVLANTag(_ packet: PacketRef, _ bridge: UInt16) -> Bool {
        let tag = node.pointee.interfaces[bridge].pointee.tagProtocol
        return tag.rawValue != 0 && packet.ethernet.etherType == tag
    }
}
