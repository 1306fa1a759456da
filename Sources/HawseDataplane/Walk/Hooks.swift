import HawseModel
import HawseWire

/// The five hooks: which functions run at each, in the order of their priorities (`enum nf_ip_hook_priorities`).
///
///     PREROUTING   defrag −400, raw −300, conntrack −200, mangle −150, nat −100
///     INPUT        mangle −150, filter 0, security 50, IPVS 98 and 99, nat 100, confirm
///     FORWARD      mangle −150, filter 0, security 50, IPVS 99 and 100
///     OUTPUT       defrag −400, raw −300, conntrack −200, mangle −150, nat −100, IPVS −99 and −98, filter 0, security 50
///     POSTROUTING  mangle −150, nat 100, confirm
///
/// Each returns the verdict; a verdict other than accept ends the hook, and the packet's `disposition` tells why.
/// The functions read what they need from the packet: `inInterface`, `outInterface`, `physIn`, `physOut`.
extension Walk {
    @inline(__always)
    func hookPrerouting(_ packet: PacketRef) -> Verdict {
        let family = node.pointee.netfilter(packet)
        if family.pointee.usesConntrack || family.pointee.usesDefragmentation {
            let verdict = defragment(packet, at: .prerouting)
            if verdict != .accept { return verdict }
        }
        if family.pointee.has(.raw, .prerouting) {
            let verdict = evaluate(packet, family, .raw, .prerouting)
            if verdict != .accept { return verdict }
        }
        if family.pointee.usesConntrack {
            let verdict = conntrackIn(packet, at: .prerouting)
            if verdict != .accept { return verdict }
        }
        if family.pointee.has(.mangle, .prerouting) {
            let verdict = evaluate(packet, family, .mangle, .prerouting)
            if verdict != .accept { return verdict }
        }
        if family.pointee.usesConntrack {
            return nat(packet, family, at: .prerouting)
        }
        return .accept
    }

    @inline(__always)
    func hookInput(_ packet: PacketRef) -> Verdict {
        let family = node.pointee.netfilter(packet)
        if family.pointee.has(.mangle, .input) {
            let verdict = evaluate(packet, family, .mangle, .input)
            if verdict != .accept { return verdict }
        }
        if family.pointee.has(.filter, .input) {
            let verdict = evaluate(packet, family, .filter, .input)
            if verdict != .accept { return verdict }
        }
        if !node.pointee.natBeforeSecurity, family.pointee.has(.security, .input) {
            let verdict = evaluate(packet, family, .security, .input)
            if verdict != .accept { return verdict }
        }
        if node.pointee.ipvs.isActive(packet.pointee.version) {
            let verdict = ipvsInput(packet)
            if verdict != .accept { return verdict }
        }
        if family.pointee.usesConntrack {
            let verdict = nat(packet, family, at: .input)
            if verdict != .accept { return verdict }
        }
        if node.pointee.natBeforeSecurity, family.pointee.has(.security, .input) {
            let verdict = evaluate(packet, family, .security, .input)
            if verdict != .accept { return verdict }
        }
        return family.pointee.usesConntrack ? conntrackConfirm(packet, at: .input) : .accept
    }

    @inline(__always)
    func hookForward(_ packet: PacketRef) -> Verdict {
        let family = node.pointee.netfilter(packet)
        if family.pointee.has(.mangle, .forward) {
            let verdict = evaluate(packet, family, .mangle, .forward)
            if verdict != .accept { return verdict }
        }
        if family.pointee.has(.filter, .forward) {
            let verdict = evaluate(packet, family, .filter, .forward)
            if verdict != .accept { return verdict }
        }
        if family.pointee.has(.security, .forward) {
            let verdict = evaluate(packet, family, .security, .forward)
            if verdict != .accept { return verdict }
        }
        if node.pointee.ipvs.isActive(packet.pointee.version) { return ipvsForward(packet) }
        return .accept
    }

    /// The caller routes again when mark, addresses or TOS changed (`ip_route_me_harder`).
    @inline(__always)
    func hookOutput(_ packet: PacketRef) -> Verdict {
        let family = node.pointee.netfilter(packet)
        if family.pointee.usesConntrack || family.pointee.usesDefragmentation {
            let verdict = defragment(packet, at: .output)
            if verdict != .accept { return verdict }
        }
        if family.pointee.has(.raw, .output) {
            let verdict = evaluate(packet, family, .raw, .output)
            if verdict != .accept { return verdict }
        }
        if family.pointee.usesConntrack {
            let verdict = conntrackIn(packet, at: .output)
            if verdict != .accept { return verdict }
        }
        if family.pointee.has(.mangle, .output) {
            let verdict = evaluateMangleOutput(packet, family)
            if verdict != .accept { return verdict }
        }
        if family.pointee.usesConntrack {
            let verdict = nat(packet, family, at: .output)
            if verdict != .accept { return verdict }
        }
        if node.pointee.ipvs.isActive(packet.pointee.version) {
            let verdict = ipvsOutput(packet)
            if verdict != .accept { return verdict }
        }
        if family.pointee.has(.filter, .output) {
            let verdict = evaluate(packet, family, .filter, .output)
            if verdict != .accept { return verdict }
        }
        if family.pointee.has(.security, .output) { return evaluate(packet, family, .security, .output) }
        return .accept
    }

    @inline(__always)
    func hookPostrouting(_ packet: PacketRef) -> Verdict {
        let family = node.pointee.netfilter(packet)
        if family.pointee.has(.mangle, .postrouting) {
            let verdict = evaluate(packet, family, .mangle, .postrouting)
            if verdict != .accept { return verdict }
        }
        if family.pointee.usesConntrack {
            let verdict = nat(packet, family, at: .postrouting)
            if verdict != .accept { return verdict }
            return conntrackConfirm(packet, at: .postrouting)
        }
        return .accept
    }
}
