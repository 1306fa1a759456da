import HawseModel
import HawseWire

extension Walk {
    /// How an address would be classified (`inet_dev_addr_type`, `match_lookup_rt6`): for `addrtype` and NAT.
    /// `device` 0 asks for any device.
    func addressKind(_ address: AddressBits, family: AddressFamily, on device: UInt16) -> RouteResult.Kind {
        family == .ipv4 ? addressKind4(address, on: device) : addressKind6(address, on: device)
    }

    private func addressKind4(_ address: AddressBits, on device: UInt16) -> RouteResult.Kind {
        let value = address.ipv4
        if value == 0 || value == .max { return .broadcast }
        if value >> 28 == 0xe { return .multicast }
        let q = RouteQuestion(destination: address)
        node.pointee.routing.adopt(address, .ipv4)
        // While nobody ran `ip rule` the local table is main's trie.
        let tables = node.pointee.routing.tables4
        let match =
            node.pointee.routing.policy4.isCustom
            ? tables.lookup(q, node.pointee.routing.localTable4)
            : tables.lookupMerged(q, local: node.pointee.routing.localTable4, main: node.pointee.routing.mainTable4)
        guard match.hop >= 0 else { return .unicast }
        if device != 0, node.pointee.routing.tables4.hops[Int(match.hop)].device != device { return .unicast }
        return match.kind
    }

    private func addressKind6(_ address: AddressBits, on device: UInt16) -> RouteResult.Kind {
        if address.high >> 56 == 0xff { return .multicast }
        if device != 0, node.pointee.routing.isLocalAddress6(address, on: device) { return .local }
        var q = RouteQuestion(destination: address)
        q.outInterface = device
        // `ip6_route_output` for a bound device and no source: routes of that device only.
        q.isStrict = device != 0
        let match = node.pointee.routing.lookup6(q)
        switch match.kind {
        case .noRoute, .unreachable, .prohibit, .blackhole: return .unreachable
        case .local:
            if match.entry >= 0, node.pointee.routing.tables6.entries[Int(match.entry)].isAnycast { return .anycast }
            return device == 0 ? .local : .unicast
        default: return match.kind
        }
    }

    /// The address MASQUERADE takes (`inet_select_addr` towards the packet's gateway; `ipv6_dev_get_saddr`).
    func masqueradeAddress(_ packet: PacketRef, device: UInt16) -> AddressBits? {
        if packet.isIPv4 {
            let nextHop = packet.pointee.route.gatewayVersion == 4 ? packet.pointee.route.gateway : packet.destinationBits
            let address = node.pointee.routing.sources.masquerade4(on: device, near: nextHop)
            return address.isZero ? nil : address
        }
        return node.pointee.routing.sources.select6(on: device, for: packet.destinationBits)
    }

    /// The first address of the packet's incoming device: what REDIRECT takes (`nf_nat_redirect_ipv4`, `…_ipv6`).
    func redirectAddress(_ packet: PacketRef) -> AddressBits? {
        let sources = node.pointee.routing.sources
        if packet.isIPv4 { return sources.ipv4.first { $0.device == packet.pointee.inInterface }?.bits }
        let scope = Self.scopeType6(packet.destinationBits)
        return sources.ipv6.first {
            $0.device == packet.pointee.inInterface && (scope == 0 || scope & Self.scopeType6($0.bits) != 0)
        }?.bits
    }

    /// `ipv6_addr_type() & IPV6_ADDR_SCOPE_MASK`: loopback 1, link 2, site 4, and nothing for the whole world.
    private static func scopeType6(_ address: AddressBits) -> UInt8 {
        if address.high >> 56 == 0xff {
            switch address.high >> 48 & 15 {
            case 1: return 1
            case 2: return 2
            case 5: return 4
            default: return 0
            }
        }
        if address.high >> 54 == 0x3fa { return 2 }
        if address.high >> 54 == 0x3fb { return 4 }
        return address.high == 0 && address.low == 1 ? 3 : 0
    }
}
