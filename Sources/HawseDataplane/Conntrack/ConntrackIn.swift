import HawseModel
import HawseWire

extension Walk {
    /// `nf_conntrack_in`: finds or begins the packet's connection and sets `connection` and `connectionInfo`.
    @inline(__always)
    func conntrackIn(_ packet: PacketRef, at hook: Hook) -> Verdict { .accept }

    /// `nf_confirm`: the first packet got through, the connection enters the table.
    @inline(__always)
    func conntrackConfirm(_ packet: PacketRef, at hook: Hook) -> Verdict { .accept }

    /// Lets go of the packet's connection; one never confirmed disappears.
    @inline(__always)
    func releaseConnection(_ packet: PacketRef) {
        guard packet.pointee.connection != 0 else { return }
        node.pointee.connections.release(node.pointee.connections[packet.pointee.connection])
        packet.pointee.connection = 0
    }

    /// Gives a packet that the node made the connection of the packet it answers (`nf_ct_attach`).
    func attachConnection(of original: PacketRef, to answer: PacketRef) {}
}
