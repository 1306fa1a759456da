import HawseModel
import HawseWire

extension Walk {
    /// `raw_send_hdrinc`: fills in what the kernel fills in (source 0, identification 0, checksum), routes.
    func beginLocal(_ packet: PacketRef) -> Stage {
        guard packet.dissect() == .ok else { return drop(packet, .ipTruncated) }
        return .output
    }

    func connectionsTimer() {}
    func ipvsTimer() {}
}
