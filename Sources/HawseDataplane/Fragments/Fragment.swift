import HawseModel
import HawseWire

extension Walk {
    /// `ip_finish_output`: a packet larger than the MTU leaves in pieces, or is refused with an ICMP error.
    @inline(__always)
    func fragment(_ packet: PacketRef) -> Stage { .neighbour }
}
