import HawseModel
import HawseWire

extension Walk {
    /// `nf_nat_setup_info`: chooses the binding of a new connection within the range and records it. The packet itself
    /// is rewritten after the table's evaluation. The verdict is drop when no unique tuple could be had or the
    /// connection is not new.
    func natSetup(_ packet: PacketRef, _ range: NATRange, _ manip: NATManip) -> Verdict { .accept }
}
