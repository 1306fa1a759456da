import HawseModel

extension Match {
    /// Whether the answer is the same for every packet of a flow's direction that the fast path would take: same
    /// devices, addresses, ports, TOS, connection state, without SYN, FIN and RST. What counts, draws, remembers or looks
    /// at the payload is not steady. (Which sets are is looked up when one is asked: `SetInstance.isSteady`.)
    var isSteady: Bool {
        switch self {
        case .addrtype, .cluster, .comment, .devgroup, .helper, .iprange, .mark, .multiport, .physdev, .pkttype, .realm,
            .rpfilter, .set, .tos, .dscp, .udp, .udplite:
            return true
        // Of which the controlling connection may go.
        case .ipvs(let match): return match.controllingPort == nil
        case .conntrack(let match): return match.expiry == nil && match.status == nil
        case .tcp(let match): return match.option == nil && (match.flags.map { $0.mask & ~0x07 == 0 } ?? true)
        default: return false
        }
    }
}

extension SetInstance {
    /// Whether an entry, once there, stays and does not count, and the packet's addresses, ports, devices and mark are all
    /// that is looked at. What packets put in or take out ends the epoch.
    var isSteady: Bool {
        switch kind {
        case .bitmapIPMac, .hashMac, .hashIPMac, .listSet: false
        default: options.timeout == nil && !options.counters
        }
    }
}

extension TargetCode {
    /// Whether the target does the same to every such packet, and nothing besides.
    var isSteady: Bool {
        switch self {
        case .next, .accept, .return, .jump, .goto, .policyAccept, .mark, .classify: true
        default: false
        }
    }
}
