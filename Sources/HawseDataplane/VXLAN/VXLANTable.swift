import HawseModel
import HawseWire

/// VXLAN devices and their forwarding databases (`drivers/net/vxlan`).
struct VXLANTable {
    init(_ spec: NodeSpec, interfaces: InterfaceTable, seed: UInt64) {}
    func deallocate() {}
}

extension Walk {
    /// `vxlan_xmit`: encapsulates a frame and sends it as a packet of the node itself.
    func vxlanTransmit(_ packet: PacketRef) -> Stage { drop(packet, .vxlanNoPeer) }
    func vxlanDevice(for packet: PacketRef) -> UInt16? { nil }
    func vxlanReceive(_ packet: PacketRef, _ device: UInt16) -> Stage { .done }
    func vlanTransmit(_ packet: PacketRef) -> Stage { drop(packet, .interfaceDown) }
    func ipipTransmit(_ packet: PacketRef) -> Stage { drop(packet, .interfaceDown) }
    func tunnel(for packet: PacketRef) -> UInt16? { nil }
    func tunnelReceive(_ packet: PacketRef, _ device: UInt16) -> Stage { .done }
    /// A tagged frame: to its VLAN sub-interface, or dropped.
    func receiveVLAN(_ packet: PacketRef) -> Stage { drop(packet, .unknownEtherType) }
}
