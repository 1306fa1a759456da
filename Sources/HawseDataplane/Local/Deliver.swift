import HawseModel
import HawseWire

extension Walk {
    /// `ip_local_deliver_finish`: the node itself takes the packet, answers it, or refuses it.
    @inline(__always)
    func deliver(_ packet: PacketRef) -> Stage { end(packet, .delivered) }
}
