import HawseModel
import HawseWire

/// Bridges: ports and forwarding databases (`struct net_bridge`).
struct BridgeTable {
    init(_ spec: NodeSpec, interfaces: InterfaceTable) {}
    func deallocate() {}
}

extension Walk {
    /// `br_handle_frame`: a frame on a port. Learns, runs PREROUTING by br_netfilter, finds the way.
    func bridgeInput(_ packet: PacketRef) -> Stage { drop(packet, .bridgeNoPort) }

    /// `br_forward`: FORWARD by br_netfilter for one outgoing port.
    func bridgeForward(_ packet: PacketRef) -> Stage { drop(packet, .bridgeNoPort) }

    /// `br_dev_queue_push_xmit` behind POSTROUTING by br_netfilter.
    func bridgeOutput(_ packet: PacketRef) -> Stage { drop(packet, .bridgeNoPort) }

    /// `br_dev_xmit`: a frame of the node itself into the bridge device.
    func bridgeTransmit(_ packet: PacketRef) -> Stage { drop(packet, .bridgeNoPort) }
}
