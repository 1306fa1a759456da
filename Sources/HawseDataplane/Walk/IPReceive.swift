import HawseModel
import HawseWire

extension Walk {
    /// `ip_rcv` and `ipv6_rcv`: the checks before any rule sees the packet.
    @inline(__always)
    func ipReceive(_ packet: PacketRef) -> Stage {
        if packet.pointee.packetType == .otherHost { return drop(packet, .notForUs) }
        // Looked at by the bridge already, and perhaps changed since.
        if packet.pointee.flags.contains(.preroutingDone), packet.isIPv4 { return .prerouting }
        if packet.pointee.etherType == .ipv4 {
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
            // A packet that is routed already counts as having come in on the device its route goes out of.
            packet.pointee.arrival =
                packet.pointee.flags.contains(.loopback)
                ? packet.pointee.route.outInterface : packet.pointee.inInterface
            if let reason = refuseIPv6Addresses(packet) { return drop(packet, reason) }
            if packet.ipv6.nextHeader == .hopByHop, let stage = hopByHop(packet) { return stage }
        }
        return .prerouting
    }

    /// `ip6_rcv_core`'s address checks.
    @inline(__always)
    func refuseIPv6Addresses(_ packet: PacketRef) -> DropReason? {
        let source = packet.ipv6.source
        let destination = packet.ipv6.destination
        let device = node.pointee.interfaces[packet.pointee.inInterface]
        if !device.pointee.speaksIPv6 { return .interfaceDown }
        if device.pointee.kind != .loopback {
            if source.high == 0, source.low == 1 { return .martianSource }
            if destination.high == 0, destination.low == 1 { return .martianDestination }
        }
        if source.high >> 56 == 0xff { return .martianSource }
        if destination.high >> 56 == 0xff {
            let scope = destination.high >> 48 & 15
            // What the node has sent to itself may be meant for its own devices only.
            let isFromOutside = packet.pointee.packetType != .loopback && device.pointee.kind != .loopback
            if scope == 0 || (scope == 1 && isFromOutside) { return .martianDestination }
        }
        return nil
    }

    /// `ipv6_parse_hopopts`: looked at before any hook.
    @inline(never)
    private func hopByHop(_ packet: PacketRef) -> Stage? {
        guard packet.length >= 48 else { return drop(packet, .ipExtensionHeader) }
        let size = (Int(packet.networkPointer.load8(at: 41)) + 1) * 8
        guard packet.length >= 40 + size else { return drop(packet, .ipExtensionHeader) }
        return refuseOptions(packet, 40, size)
    }

    @inline(__always)
    func prerouting(_ packet: PacketRef) -> Stage {
        if packet.pointee.flags.contains(.preroutingDone) {
            packet.pointee.flags.remove(.preroutingDone)
            return .route
        }
        noteHook(packet, .prerouting)
        return after(hookPrerouting(packet), .route)
    }

    /// The next stage when the hook let the packet pass.
    @inline(__always)
    func after(_ verdict: Verdict, _ next: Stage) -> Stage {
        switch verdict {
        case .accept: return next
        case .drop: return .done
        case .stolen: return .held
        case .output: return .output
        }
    }
}
