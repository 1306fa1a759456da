import HawseModel
import HawseWire

/// DNAT and SNAT (`xt_dnat_target_v2`, `xt_snat_target_v1`).
struct NATAction: BitwiseCopyable {
    var range: NATRange

    init(_ target: NATTarget) { range = NATRange(target) }
}

/// MASQUERADE and REDIRECT: ports only, the address is found when a packet comes.
struct MasqueradeAction: BitwiseCopyable {
    var range: NATRange

    init(_ target: MasqueradeTarget) {
        range = NATRange()
        if let ports = target.ports {
            range.minimumPort = ports.lowerBound
            range.maximumPort = ports.upperBound
            range.flags.insert(.protoSpecified)
        }
        if target.random { range.flags.insert(.protoRandom) }
        if target.randomFully { range.flags.insert(.protoRandomFully) }
    }

    func range(_ address: AddressBits) -> NATRange {
        var range = range
        range.minimum = address
        range.maximum = address
        range.flags.insert(.mapIPs)
        return range
    }
}

/// NETMAP (`netmap_tg4`, `netmap_tg6`): the network part changes, the host part stays.
struct NetmapAction: BitwiseCopyable {
    var network: AddressBits
    var mask: AddressBits

    init(_ target: NetmapTarget) {
        mask = target.mask
        network = target.network.bits & target.mask
    }

    func range(_ address: AddressBits, family: AddressFamily) -> NATRange {
        let host = ~mask & .mask(prefixLength: family.bitCount, family: family)
        return NATRange(address: network | (address & host))
    }
}

extension Walk {
    func dnat(_ action: NATAction, _ context: RuleContext) -> TargetResult {
        TargetResult(natSetup(context.packet, action.range, .destination))
    }

    func snat(_ action: NATAction, _ context: RuleContext) -> TargetResult {
        TargetResult(natSetup(context.packet, action.range, .source))
    }

    /// `nf_nat_masquerade_ipv4` / `_ipv6`
    func masquerade(_ action: MasqueradeAction, _ context: RuleContext) -> TargetResult {
        let packet = context.packet
        guard let connection = context.connection else { return .accept }
        // A packet without a source yet (DHCP) is not to be masqueraded.
        if packet.isIPv4, node.pointee.connections.tuple(of: connection, .original).source.isZero { return .accept }
        let out = packet.pointee.outInterface
        guard let address = masqueradeAddress(packet, device: out) else {
            packet.pointee.disposition = .dropped(.natFailed)
            return .drop
        }
        return TargetResult(natSetup(packet, action.range(address), .source, masquerade: out))
    }

    /// `nf_nat_redirect_ipv4` / `_ipv6`: to the node itself; its own packets to the loopback address.
    func redirect(_ action: MasqueradeAction, _ context: RuleContext) -> TargetResult {
        let packet = context.packet
        let address: AddressBits
        if context.hook == .output {
            address = packet.isIPv4 ? AddressBits(ipv4: 0x7f00_0001) : AddressBits(high: 0, low: 1)
        } else if let first = redirectAddress(packet) {
            address = first
        } else {
            packet.pointee.disposition = .dropped(.natFailed)
            return .drop
        }
        return TargetResult(natSetup(packet, action.range(address), .destination))
    }

    func netmap(_ action: NetmapAction, _ context: RuleContext) -> TargetResult {
        let packet = context.packet
        let isSource = context.hook == .postrouting || context.hook == .input
        let range = action.range(isSource ? packet.sourceBits : packet.destinationBits, family: packet.family)
        return TargetResult(natSetup(packet, range, isSource ? .source : .destination))
    }
}
