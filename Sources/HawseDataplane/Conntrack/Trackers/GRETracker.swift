import HawseModel
import HawseWire

extension Walk {
    /// `nf_conntrack_gre_packet`: 30 s, replied to 180 s and ASSURED.
    func trackGRE(_ packet: PacketRef, _ connection: ConnectionRef, _ direction: Direction) -> TrackVerdict {
        let settings = node.pointee.connections.settings
        guard connection.pointee.status.contains(.seenReply) else {
            refresh(packet, connection, direction, settings.greTimeout)
            return .accept
        }
        refresh(packet, connection, direction, settings.greStreamTimeout)
        if !connection.pointee.status.contains(.natClash) { connection.pointee.status.insert(.assured) }
        return .accept
    }
}
