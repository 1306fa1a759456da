import HawseModel
import HawseWire

extension Walk {
    /// `ip_local_out`: a packet of the node itself, its route already in the packet. OUTPUT, then the way out.
    @inline(__always)
    func output(_ packet: PacketRef) -> Stage {
        packet.pointee.inInterface = 0
        packet.pointee.outInterface = packet.pointee.route.outInterface
        packet.pointee.packetType = .outgoing
        note(packet, hookEvent(packet, .output))
        return after(hookOutput(packet), .postrouting)
    }

    /// `ip_output`: the device is the route's; POSTROUTING sees it as `-o`.
    @inline(__always)
    func postrouting(_ packet: PacketRef) -> Stage {
        packet.pointee.outInterface = packet.pointee.route.outInterface
        note(packet, hookEvent(packet, .postrouting))
        return after(hookPostrouting(packet), .fragment)
    }
}
