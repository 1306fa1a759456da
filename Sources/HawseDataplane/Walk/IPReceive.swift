import HawseModel
import HawseWire

extension Walk {
    /// `ip_rcv` and `ipv6_rcv`: the checks before any rule sees the packet.
    @inline(__always)
    func ipReceive(_ packet: PacketRef) -> Stage {
        if packet.pointee.packetType == .otherHost { return drop(packet, .notForUs) }
        if packet.pointee.etherType == 0x0800 {
            switch packet.dissectIPv4() {
            case .ok: break
            case .truncated: return drop(packet, .ipTruncated)
            case .badVersion: return drop(packet, .ipVersion)
            case .badHeaderLength: return drop(packet, .ipHeaderLength)
            case .badChecksum: return drop(packet, .ipChecksum)
            case .badLength: return drop(packet, .ipLength)
            }
        } else {
            switch packet.dissectIPv6() {
            case .ok: break
            case .badVersion: return drop(packet, .ipVersion)
            default: return drop(packet, .ipTruncated)
            }
            if let reason = refuseIPv6Addresses(packet) { return drop(packet, reason) }
        }
        return .prerouting
    }

    @inline(__always)
    func prerouting(_ packet: PacketRef) -> Stage {
        if packet.pointee.flags.contains(.preroutingDone) {
            packet.pointee.flags.remove(.preroutingDone)
            return .route
        }
        note(packet, hookEvent(packet, .prerouting))
        return after(hookPrerouting(packet), .route)
    }

    /// The next stage when the hook let the packet pass.
    @inline(__always)
    func after(_ verdict: Verdict, _ next: Stage) -> Stage {
        switch verdict {
        case .accept: return next
        case .drop: return .done
        case .stolen: return .held
        }
    }

    func hookEvent(_ packet: PacketRef, _ hook: Hook) -> TraceEvent.Kind {
        .hook(
            hook, inInterface: node.pointee.interfaces.name(packet.pointee.inInterface),
            outInterface: node.pointee.interfaces.name(packet.pointee.outInterface))
    }
}
