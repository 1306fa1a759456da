import HawseModel
import HawseWire

extension Walk {
    /// `ip_forward` / `ip6_forward`: the checks come before the FORWARD hook, the TTL goes down before it too.
    @inline(__always)
    func forward(_ packet: PacketRef) -> Stage {
        if let refusal = refuseForward(packet) { return refusal }
        packet.pointee.outInterface = packet.pointee.route.outInterface
        packet.pointee.flags.insert(.forwarded)
        if packet.isIPv4 { packet.ipv4.decrementTTL() } else { packet.ipv6.hopLimit &-= 1 }
        note(packet, hookEvent(packet, .forward))
        return after(hookForward(packet), .postrouting)
    }
}
