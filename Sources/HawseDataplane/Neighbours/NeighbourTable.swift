import HawseModel
import HawseWire

/// ARP and neighbour-discovery entries (`struct neigh_table`).
struct NeighbourTable {
    init(_ neighbors: [Neighbor], interfaces: InterfaceTable, sysctls: Sysctls) {}
    func deallocate() {}
}

extension Walk {
    /// `ip_finish_output2`: puts the Ethernet header on, or queues the packet until its neighbour is known.
    @inline(__always)
    func resolveNeighbour(_ packet: PacketRef) -> Stage { .transmit }

    /// An ARP message has come in (`arp_rcv`).
    func arpReceive(_ packet: PacketRef) -> Stage { end(packet, .consumed) }

    /// A neighbour's retry timer fired.
    func neighbourTimer(_ handle: UInt32) {}
}
