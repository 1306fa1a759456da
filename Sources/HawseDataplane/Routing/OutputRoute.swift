import HawseModel
import HawseWire

extension Walk {
    /// `ip_route_output_key`: the route for a packet of the node itself. `out` is a device it is bound to (0: any).
    ///
    /// `source` of the result is the address the packet gets when it has none (zero) yet.
    func lookupOutput(
        family: AddressFamily, source: AddressBits, destination: AddressBits, mark: UInt32, tos: UInt8, out: UInt16
    ) -> RouteResult {
        lookupOutput(
            family: family, source: source, destination: destination, mark: mark, tos: tos, out: out, anySource: true)
    }

    /// `ipProtocol` and `ports` (source in the upper half) are for rules and hashes that ask for them.
    ///
    /// `packet` is the one that an error is about: the hash among several next hops is of that.
    ///
    /// `anySource` off is the kernel's check that the source is the node's own (`FLOWI_FLAG_ANYSRC` absent).
    func lookupOutput(
        family: AddressFamily, source: AddressBits, destination: AddressBits, mark: UInt32, tos: UInt8, out: UInt16,
        anySource: Bool, ipProtocol: IPProtocol = .unspecified, ports: UInt32 = 0, about packet: PacketRef? = nil
    ) -> RouteResult {
        if node.pointee.routing.cacheOff || !node.pointee.routing.exceptions.isEmpty {
            return findOutput(
                family: family, source: source, destination: destination, mark: mark, tos: tos, out: out,
                anySource: anySource, ipProtocol: ipProtocol, ports: ports, about: packet)
        }
        let tag =
            UInt32(out) << 8 | UInt32(tos & 0xfc) | (anySource ? 1 : 0) | (family == .ipv4 ? 0x2000_0000 : 0x6000_0000)
        if let cached = node.pointee.routing.cache.find(source, destination, mark, tag) { return cached.pointee.route }
        let route = findOutput(
            family: family, source: source, destination: destination, mark: mark, tos: tos, out: out,
            anySource: anySource, ipProtocol: ipProtocol, ports: ports, about: packet)
        node.pointee.routing.cache.store(source, destination, mark, tag, route)
        return route
    }

    @inline(never)
    private func findOutput(
        family: AddressFamily, source: AddressBits, destination: AddressBits, mark: UInt32, tos: UInt8, out: UInt16,
        anySource: Bool, ipProtocol: IPProtocol, ports: UInt32, about packet: PacketRef?
    ) -> RouteResult {
        var q = RouteQuestion(destination: destination, source: source, mark: mark, tos: tos & 0xfc)
        q.ipProtocol = ipProtocol
        q.sourcePort = UInt16(truncatingIfNeeded: ports >> 16)
        q.destinationPort = UInt16(truncatingIfNeeded: ports)
        q.outInterface = out
        q.inInterface = node.pointee.routing.loopback
        if let packet { q.hash = multipathHash(packet, q, isIPv4: family == .ipv4) }
        if family == .ipv4 {
            if !anySource, !source.isZero, addressKind(source, family: .ipv4, on: 0) != .local {
                return RouteResult(kind: .noRoute)
            }
            return withExceptions(tableRoute4(q), destination, isIPv4: true)
        }
        return withExceptions(tableRoute6(q), destination, isIPv4: false)
    }

    /// `ip_route_output_key_hash_rcu`.
    func tableRoute4(_ question: RouteQuestion) -> RouteResult {
        var q = question
        if !q.source.isZero {
            let source = q.source.ipv4
            if source >> 28 == 0xe || source == .max { return RouteResult(kind: .martian) }
        }
        let isLimited = q.destination.ipv4 == .max
        let isMulticast = q.destination.ipv4 >> 28 == 0xe
        if q.outInterface == 0, isLimited || isMulticast, !q.source.isZero {
            let index = node.pointee.routing.tables4.find(q.source, 32, max(node.pointee.routing.localTable4, 0))
            guard node.pointee.routing.localTable4 >= 0, index >= 0 else { return RouteResult(kind: .noRoute) }
            q.outInterface = node.pointee.routing.tables4.hops[Int(node.pointee.routing.tables4.entries[Int(index)].firstHop)].device
            return directRoute4(q, isLimited ? .broadcast : .multicast)
        }
        if q.outInterface != 0 {
            guard node.pointee.interfaces[q.outInterface].pointee.isUp else { return RouteResult(kind: .noRoute) }
            if isLimited || q.destination.ipv4 >> 8 == 0xe00000 {
                return directRoute4(q, isLimited ? .broadcast : .multicast)
            }
        }
        if q.destination.isZero {
            var result = RouteResult(kind: .local)
            result.outInterface = node.pointee.routing.loopback
            result.source = AddressBits(ipv4: 0x7f00_0001)
            return result
        }
        if q.hash == 0 { q.hash = multipathHash(nil, q, isIPv4: true) }
        var match = node.pointee.routing.lookup4(q)
        if q.outInterface != 0, match.isRefused {
            // A bound device: the destination is taken to be on its link, whatever the tables say against it.
            return directRoute4(q, .unicast)
        }
        match = node.pointee.routing.tables4.selectPath(match, q, prefersSource: true, skipping: hopsToSkip(match))
        return finishOutput4(node.pointee.routing.tables4.result(match), match, q)
    }

    /// No route leads to `destination` by this device: it is only taken to be on its link.
    func isAssumedOnLink4(_ destination: AddressBits, on device: UInt16, tos: UInt8) -> Bool {
        var q = RouteQuestion(destination: destination, source: .zero, mark: 0, tos: tos)
        q.outInterface = device
        q.inInterface = node.pointee.routing.loopback
        return node.pointee.routing.lookup4(q).isRefused
    }

    /// `__mkroute_output`.
    private func finishOutput4(_ found: RouteResult, _ match: RouteMatch, _ q: RouteQuestion) -> RouteResult {
        var result = found
        switch result.kind {
        case .local:
            let preferred = match.entry >= 0 ? node.pointee.routing.tables4.entries[Int(match.entry)].preferredSource : .zero
            result.source = preferred.isZero ? q.destination : preferred
            result.outInterface = node.pointee.routing.loopback
            result.gatewayVersion = 0
        case .unicast, .broadcast, .multicast:
            if q.destination.ipv4 == .max {
                result.kind = .broadcast
                result.gatewayVersion = 0
            } else if q.destination.ipv4 >> 28 == 0xe {
                result.kind = .multicast
                if match.entry >= 0, node.pointee.routing.tables4.entries[Int(match.entry)].length < 4 { result.gatewayVersion = 0 }
            }
            let source = q.source.isZero ? result.source : q.source
            let device = node.pointee.interfaces[result.outInterface]
            if source.ipv4 >> 24 == 127, !device.pointee.routeLocalnet, device.pointee.kind != .loopback {
                return RouteResult(kind: .martian)
            }
        default: break
        }
        return result
    }

    /// Straight on to a device's link.
    private func directRoute4(_ q: RouteQuestion, _ kind: RouteResult.Kind) -> RouteResult {
        var result = RouteResult(kind: kind)
        result.outInterface = q.outInterface
        result.source = node.pointee.routing.sources.select4(on: q.outInterface, scope: 253)
        return result
    }

    /// `ip6_route_output` with `ip6_route_get_saddr`.
    func tableRoute6(_ question: RouteQuestion) -> RouteResult {
        var q = question
        let high = q.destination.high
        // `RT6_LOOKUP_F_IFACE`: with a source the device is a wish only.
        if q.outInterface != 0 {
            q.isStrict =
                q.source.isZero || high >> 56 == 0xff || high >> 54 == 0x3fa || (high == 0 && q.destination.low == 1)
        }
        // `ip6_pol_route_output` asks with the output device only.
        let loopback = q.inInterface
        q.inInterface = node.pointee.routing.policy6.isCustom ? loopback : 0
        if q.hash == 0 { q.hash = multipathHash(nil, q, isIPv4: false) }
        var match = node.pointee.routing.lookup6(q)
        if match.kind == .unicast { match = node.pointee.routing.tables6.selectPath(match, q) }
        var result = node.pointee.routing.tables6.result(match, to: q.destination)
        let device = result.outInterface
        if result.kind == .local {
            result.outInterface = node.pointee.routing.loopback
            result.gatewayVersion = 0
        }
        guard result.kind == .unicast || result.kind == .local || result.kind == .multicast else { return result }
        // The route's own preferred source, or the sibling's.
        if !result.source.isZero {
            result.hasPreferredSource = true
        } else {
            result.source = node.pointee.routing.sources.select6(on: device, for: q.destination) ?? .zero
        }
        return result
    }

    /// `ip_route_me_harder` / `ip6_route_me_harder`: routes a packet again after OUTPUT or IPVS changed what its
    /// route depended on. Returns `false` when there is no way any more.
    func routeAgain(_ packet: PacketRef) -> Bool {
        let tos = packet.isIPv4 ? packet.ipv4.tos : packet.ipv6.trafficClass
        var source = packet.sourceBits
        var out: UInt16 = 0
        if packet.isIPv4 {
            let kind = addressKind(source, family: .ipv4, on: 0)
            if kind != .local, kind != .unicast { source = .zero }
        } else {
            let high = packet.destinationBits.high
            if high >> 56 == 0xff || high >> 54 == 0x3fa { out = packet.pointee.route.outInterface }
        }
        let route = lookupOutput(
            family: packet.family, source: source, destination: packet.destinationBits, mark: packet.pointee.mark,
            tos: tos, out: out)
        switch route.kind {
        case .unicast, .local, .broadcast, .multicast:
            // The hook that asks keeps the device it began with (`nf_hook_state.out`): `-o` further on sees that one.
            packet.pointee.route = route
            return true
        default:
            packet.pointee.disposition = .dropped(.noRoute)
            return false
        }
    }
}
