import HawseModel
import HawseWire

extension Walk {
    /// `ip_route_input` / `ip6_route_input` for a packet from outside, with rp_filter and martian checks.
    @inline(__always)
    func lookupInput(_ packet: PacketRef) -> RouteResult {
        let isIPv4 = packet.isIPv4
        let source = packet.sourceBits
        let destination = packet.destinationBits
        let tos = isIPv4 ? packet.ipv4.tos & 0xfc : packet.ipv6.trafficClass & 0xfc
        if node.pointee.routing.cacheOff { return findInput(packet, isIPv4, source, destination, tos) }
        let tag = RouteCache.inputTag(packet.pointee.inInterface, tos, isIPv4: isIPv4)
        // Only rules look at the mark.
        let hasRules = isIPv4 ? node.pointee.routing.policy4.isCustom : node.pointee.routing.policy6.isCustom
        let mark = hasRules ? packet.pointee.mark : 0
        if let cached = node.pointee.routing.cache.find(source, destination, mark, tag) { return cached.pointee.route }
        let route = findInput(packet, isIPv4, source, destination, tos)
        // What was learnt about a path ends by itself.
        if route.kind != .martian, node.pointee.routing.exceptions.isEmpty {
            node.pointee.routing.cache.store(source, destination, mark, tag, route)
        }
        return route
    }

    @inline(never)
    private func findInput(
        _ packet: PacketRef, _ isIPv4: Bool, _ source: AddressBits, _ destination: AddressBits, _ tos: UInt8
    ) -> RouteResult {
        var question = RouteQuestion(
            destination: destination, source: source, mark: packet.pointee.mark, tos: tos,
            inInterface: packet.pointee.inInterface)
        // `fib4_rules_early_flow_dissect`, `fib6_rules_early_flow_dissect`.
        guard isIPv4 ? node.pointee.routing.policy4.looksAtPorts : node.pointee.routing.policy6.looksAtPorts else {
            return isIPv4 ? inputRoute4(packet, question) : inputRoute6(packet, question, nil)
        }
        let keys = packet.flowKeys(stopsAtEncapsulation: true)
        (question.ipProtocol, question.sourcePort, question.destinationPort) =
            (keys.ipProtocol, keys.sourcePort, keys.destinationPort)
        return isIPv4 ? inputRoute4(packet, question) : inputRoute6(packet, question, keys)
    }

    /// `ip_route_input_slow`.
    @inline(never)
    func inputRoute4(_ packet: PacketRef?, _ question: RouteQuestion) -> RouteResult {
        let device = node.pointee.interfaces[question.inInterface]
        let source = question.source.ipv4
        let destination = question.destination.ipv4
        let martian = RouteResult(kind: .martian)
        if destination >> 28 == 0xe { return multicastRoute4(packet, question) }
        if source >> 28 == 0xe || source == .max { return martian }
        if destination == .max || (source == 0 && destination == 0) { return broadcastRoute4(question) }
        if source == 0 || destination == 0 { return martian }
        if !device.pointee.routeLocalnet, source >> 24 == 127 || destination >> 24 == 127,
            device.pointee.kind != .loopback
        {
            return martian
        }
        var q = question
        var match = node.pointee.routing.lookup4(q)
        switch match.kind {
        case .broadcast:
            if !device.pointee.forwardsBroadcast { return broadcastRoute4(question) }
        case .local:
            if validateSource(question, out: 0) < 0 { return martian }
            return node.pointee.routing.tables4.result(match)
        case .unicast: break
        case .multicast: return martian
        default: return RouteResult(kind: match.kind)
        }
        guard device.pointee.forwarding4 else { return RouteResult(kind: .noRoute) }
        if node.pointee.routing.tables4.hasPaths(match) {
            if q.hash == 0 { q.hash = multipathHash(packet, question, isIPv4: true) }
            match = node.pointee.routing.tables4.selectPath(match, q, skipping: hopsToSkip(match))
        }
        var result = node.pointee.routing.tables4.result(match)
        let verdict = validateSource(question, out: result.outInterface)
        if verdict < 0 { return martian }
        // `__mkroute_input`: on a shared medium any neighbour may be told.
        result.redirects =
            verdict > 0 && result.outInterface == question.inInterface && device.pointee.sendRedirects
            && (device.pointee.hasSharedMedia
                || areOnLink(
                    question.source, result.gatewayVersion == 4 ? result.gateway : question.source, question.inInterface))
        if match.kind == .broadcast { result.kind = .unicast }
        return withExceptions(result, question.destination, isIPv4: true, forwards: true)
    }

    /// `brd_input`.
    private func broadcastRoute4(_ question: RouteQuestion) -> RouteResult {
        var q = question
        q.destination = .zero
        if question.source.ipv4 != 0, validateSource(q, out: 0) < 0 { return RouteResult(kind: .martian) }
        return RouteResult(kind: .broadcast)
    }

    /// `ip_route_input_mc` behind `ip_check_mc_rcu`.
    private func multicastRoute4(_ packet: PacketRef?, _ question: RouteQuestion) -> RouteResult {
        let source = question.source.ipv4
        let destination = question.destination.ipv4
        // Every device listens to all hosts, 224.0.0.1, and to nothing else unless somebody joined.
        guard destination == 0xe000_0001
            || node.pointee.ipvs.sync.hasJoined(question.destination, on: question.inInterface)
        else { return RouteResult(kind: .multicast) }
        let device = node.pointee.interfaces[question.inInterface]
        if source >> 28 == 0xe || source == .max { return RouteResult(kind: .martian) }
        if source >> 24 == 127, !device.pointee.routeLocalnet, device.pointee.kind != .loopback {
            return RouteResult(kind: .martian)
        }
        if source != 0 {
            var q = question
            q.destination = .zero
            if validateSource(q, out: 0) < 0 { return RouteResult(kind: .martian) }
        }
        return RouteResult(kind: .broadcast)
    }

    /// `fib_validate_source`: negative refuses; positive says that the source is a neighbour on the link.
    func validateSource(_ question: RouteQuestion, out: UInt16) -> Int {
        let device = node.pointee.interfaces[question.inInterface]
        let mode = device.pointee.rpFilter
        if mode == 0, !node.pointee.routing.hasRealms, out != question.inInterface || !device.pointee.sendRedirects {
            if device.pointee.acceptLocal { return 0 }
            if !node.pointee.routing.needsFullSourceCheck {
                return node.pointee.routing.tables4.hasAddress(question.source, node.pointee.routing.localTable4) ? -1 : 0
            }
        }
        var back = RouteQuestion(destination: question.source, source: question.destination, tos: question.tos)
        back.inInterface = out == 0 ? node.pointee.routing.loopback : out
        if device.pointee.sourceMark { back.mark = question.mark }
        back.ipProtocol = question.ipProtocol
        back.sourcePort = question.destinationPort
        back.destinationPort = question.sourcePort
        let match = node.pointee.routing.lookup4(back)
        guard match.kind == .unicast || match.kind == .local || match.kind == .broadcast || match.kind == .multicast
        else { return mode != 0 ? -1 : 0 }
        if match.kind != .unicast, match.kind != .local || !device.pointee.acceptLocal {
            // Packets of the node to itself come in by the loopback device with their route already made.
            return match.kind == .local && device.pointee.kind == .loopback ? 1 : -1
        }
        if match.entry >= 0 {
            let entry = node.pointee.routing.tables4.entries[Int(match.entry)]
            for i in Int(entry.firstHop)..<Int(entry.firstHop + entry.hopCount)
            where node.pointee.routing.tables4.hops[i].device == question.inInterface {
                return node.pointee.routing.tables4.hops[Int(match.hop)].scope >= 254 ? 1 : 0
            }
        }
        if !node.pointee.routing.sources.ipv4.contains(where: { $0.device == question.inInterface }) {
            return mode != 0 ? -1 : 0
        }
        if mode == 1 { return -1 }
        back.outInterface = question.inInterface
        let again = node.pointee.routing.lookup4(back)
        guard again.kind == .unicast, again.hop >= 0 else { return 0 }
        return node.pointee.routing.tables4.hops[Int(again.hop)].scope >= 254 ? 1 : 0
    }

    /// `ip6_route_input`.
    @inline(never)
    private func inputRoute6(_ packet: PacketRef, _ question: RouteQuestion, _ early: FlowKeys?) -> RouteResult {
        var q = question
        let high = q.destination.high
        q.isStrict = high >> 56 == 0xff || high >> 54 == 0x3fa || (high == 0 && q.destination.low == 1)
        // Only for ICMPv6 the hash is made here, of what was dissected for the rules.
        let dissected = early?.ipProtocol == .icmpv6 ? early : nil
        q.hash = multipathHash(packet, question, isIPv4: false, dissected: dissected)
        var match = node.pointee.routing.lookup6(q)
        if match.kind == .unicast { match = node.pointee.routing.tables6.selectPath(match, q) }
        return withExceptions(
            node.pointee.routing.tables6.result(match, to: question.destination), question.destination, isIPv4: false)
    }
}
