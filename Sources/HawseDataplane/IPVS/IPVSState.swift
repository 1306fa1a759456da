import HawseModel
import HawseWire

/// The virtual server: services, destinations, connections.
struct IPVSState {
    /// Bit 0: an IPv4 service exists, bit 1: an IPv6 one. Without one the hooks are not registered.
    var active: UInt8 = 0

    init(_ spec: IPVSSpec?, sysctls: Sysctls, seed: UInt64) {}
    func deallocate() {}

    @inline(__always)
    func isActive(_ version: UInt8) -> Bool { active & (version == 6 ? 2 : 1) != 0 }
}

extension Walk {
    /// LOCAL_IN: replies of local real servers first (priority 98), then requests for virtual services (99).
    func ipvsInput(_ packet: PacketRef) -> Verdict { .accept }

    /// FORWARD: ICMP (99), then replies of real servers (100).
    func ipvsForward(_ packet: PacketRef) -> Verdict { .accept }

    /// LOCAL_OUT: replies (−99), then requests of local clients (−98).
    func ipvsOutput(_ packet: PacketRef) -> Verdict { .accept }
}
