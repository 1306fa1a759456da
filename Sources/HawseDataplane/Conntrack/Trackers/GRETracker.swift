import HawseModel
import HawseWire

extension Walk {
    /// `nf_conntrack_gre_packet`: 30 s, replied to 180 s and ASSURED.
    func trackGRE(_ packet: PacketRef, _ connection: ConnectionRef, _ direction: Direction) -> TrackVerdict {
        let timeouts = node.pointee.connections.timeouts(of: connection)
        guard connection.pointee.status.contains(.seenReply) else {
            refresh(packet, connection, direction, timeouts.pointee.gre)
            return .accept
        }
        refresh(packet, connection, direction, timeouts.pointee.greStream)
        if !connection.pointee.status.contains(.natClash) { connection.pointee.status.insert(.assured) }
        return .accept
    }
}
