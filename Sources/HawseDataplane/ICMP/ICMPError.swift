import HawseModel
import HawseWire

extension Walk {
    /// `icmp_send` / `icmp6_send`: answers a packet with an error, unless it is one that must not be answered.
    ///
    /// `info` is the last word of the ICMP header in host order: next-hop MTU, pointer (IPv4: in the top byte), gateway.
    /// Runs through OUTPUT and out before the call returns, as in the kernel.
    func sendICMPError(about packet: PacketRef, type: UInt8, code: UInt8, info: UInt32) {
        if packet.pointee.flags.contains(.withinICMP) { return }
        if packet.isIPv6 {
            sendICMPv6Error(about: packet, type: type, code: code, info: info)
        } else {
            sendICMPv4Error(about: packet, type: type, code: code, info: info)
        }
    }

    /// `icmp_send`. Quotes up to 576 bytes altogether; TOS keeps its TOS bits under precedence "internetwork control".
    private func sendICMPv4Error(about packet: PacketRef, type: UInt8, code: UInt8, info: UInt32) {
        guard mayAnswer4(packet) else { return }
        let ip = packet.ipv4
        guard allowsICMP(type, code, .ipv4, isFromLoopback: isFromLoopback(packet)) else { return }
        let headerLength = ip.headerLength
        guard let options = echoedOptions(packet, headerLength) else { return }
        let isLocal = packet.pointee.route.kind == .local
        let tos = (ip.tos & 0x1e) | 0xc0
        var target = ip.source
        if let hop = options.firstHop { target = hop }
        let route = lookupOutput(
            family: .ipv4, source: isLocal ? ip.destinationBits : inboundSource(packet),
            destination: AddressBits(ipv4: target), mark: reflectedMark(packet), tos: tos, out: 0, anySource: false,
            ipProtocol: .icmp, ports: Self.portsOfICMP(type, code), about: packet)
        guard isUsable(route) else { return }
        let peer = IPAddress(family: .ipv4, bits: AddressBits(ipv4: target))
        guard allowsPeer(peer, type, code, route) else { return }
        let mtu = min(routeMTU(route), 576)
        let optionLength = options.bytes.count
        let room = mtu - 20 - optionLength - 8
        guard room > 20 else { return }
        let quoted = min(packet.length, room)
        guard let answer = newPacket(bytes: 20 + optionLength + 8 + quoted) else { return }
        let chosen = inboundSource(packet)
        let source = isLocal && ip.destination != 0 ? ip.destination : chosen.isZero ? route.source.ipv4 : chosen.ipv4
        quote(packet, count: quoted, to: answer.networkPointer + 20 + optionLength + 8)
        answer.pointee.transport = answer.pointee.network + Int32(20 + optionLength)
        storeOptions(options, in: answer, source: source, destination: ip.source)
        let icmp = answer.icmp
        icmp.type = type
        icmp.code = code
        icmp.rest = info
        icmp.checksum = InternetChecksum.checksum(icmp.base, count: 8 + quoted)
        writeIPv4(
            answer, protocolNumber: .icmp, source: source, destination: target, tos: tos,
            ttl: node.pointee.settings.defaultTTL, dontFragment: false, identification: newIdentification(),
            headerLength: 20 + optionLength)
        answer.pointee.route = route
        answer.pointee.mark = reflectedMark(packet)
        attachConnection(of: packet, to: answer)
        note(packet, .answered("ICMP error \(type)/\(code)"))
        answer.pointee.flags.formUnion([.withinICMP, .ignoreDF])
        sendNow(answer, causedBy: packet, stage: .output)
    }

    /// `icmp_errors_use_inbound_ifaddr`: errors about forwarded packets come from the device they came in on. Zero:
    /// from the one they leave by.
    private func inboundSource(_ packet: PacketRef) -> AddressBits {
        guard node.pointee.settings.errorsFromInbound, packet.pointee.inInterface != 0 else { return .zero }
        return node.pointee.routing.sources.select4(
            on: packet.pointee.inInterface, near: packet.sourceBits, scope: 253)
    }

    /// Never about broadcasts, later fragments or other errors.
    private func mayAnswer4(_ packet: PacketRef) -> Bool {
        guard packet.pointee.route.kind != .none || !packet.pointee.flags.isDisjoint(with: [.local, .bridged]) else { return false }
        guard packet.pointee.packetType == .host || packet.pointee.packetType == .outgoing else { return false }
        if packet.pointee.route.kind == .broadcast || packet.pointee.route.kind == .multicast { return false }
        let ip = packet.ipv4
        if ip.isLaterFragment { return false }
        if ip.protocolNumber == .icmp {
            let header = ip.headerLength
            guard packet.length > header else { return false }
            let type = packet.networkPointer.load8(at: header)
            // `icmp_pointers[].error`: what the kernel counts as an error is more than the errors there are.
            if type > 18 || 0b1_1110_1111_1110 >> UInt32(type) & 1 == 1 { return false }
        }
        return true
    }

    func isFromLoopback(_ packet: PacketRef) -> Bool {
        packet.pointee.inInterface != 0
            && node.pointee.interfaces[packet.pointee.inInterface].pointee.kind == .loopback
    }

    /// The global bucket.
    func allowsICMP(_ type: UInt8, _ code: UInt8, _ family: AddressFamily, isFromLoopback: Bool) -> Bool {
        if isFromLoopback || !node.pointee.limits.limits(type, code, family) { return true }
        return node.pointee.limits.allowsGlobally(node.pointee.now)
    }

    /// The peer's bucket; nothing is limited on the way to the loopback device.
    func allowsPeer(
        _ peer: IPAddress, _ type: UInt8, _ code: UInt8, _ route: RouteResult
    ) -> Bool {
        guard node.pointee.limits.limits(type, code, peer.family) else { return true }
        if node.pointee.interfaces[route.outInterface].pointee.kind == .loopback { return true }
        let timeout = node.pointee.limits.timeout(peer.family)
        guard node.pointee.limits.allows(peer, timeout: timeout, node.pointee.now) else { return false }
        node.pointee.limits.consume(&node.pointee.chance.ipIdentification)
        return true
    }

    /// `dst_mtu`.
    @inline(__always)
    func routeMTU(_ route: RouteResult) -> Int {
        let device = node.pointee.interfaces[route.outInterface]
        return route.mtu != 0 ? Int(route.mtu) : device.pointee.mtu
    }

    /// `icmp6_send`. Quotes up to 1280 bytes altogether.
    private func sendICMPv6Error(about packet: PacketRef, type: UInt8, code: UInt8, info: UInt32) {
        let ip = packet.ipv6
        let target = ip.source
        let destination = ip.destination
        var source: AddressBits = .zero
        var isOwn = false
        if isOwn6(destination, near: packet)
            || node.pointee.routing.isAnycast6(destination)
        {
            source = destination
            isOwn = true
        }
        let isUnicastFrame = packet.pointee.packetType == .host || packet.pointee.packetType == .outgoing
        if destination.high >> 56 == 0xff || !isUnicastFrame {
            guard type == ICMPv6Type.packetTooBig || (type == ICMPv6Type.parameterProblem && code == 2 && asksForAnswer(packet, Int(info)))
            else { return }
            source = .zero
            isOwn = false
        }
        if target.isZero || target.high >> 56 == 0xff || isAboutICMPv6Error(packet) { return }
        guard allowsICMP(type, code, .ipv6, isFromLoopback: isFromLoopback(packet)) else { return }
        let isScoped = target.high >> 54 == 0x3fa
        let out = isScoped ? deviceOfError6(packet) : 0
        let mark = reflectedMark(packet)
        if !isOwn, packet.pointee.arrival != 0 {
            // The device that the packet came in on tells more than the one the answer leaves by, unless the route
            // there says itself what its source is (`icmpv6_rt_has_prefsrc`).
            let plain = lookupOutput(
                family: .ipv6, source: .zero, destination: target, mark: mark, tos: 0, out: out, anySource: true,
                ipProtocol: .icmpv6, ports: Self.portsOfICMP(type, code))
            source =
                plain.hasPreferredSource
                ? plain.source
                : node.pointee.routing.sources.select6(on: packet.pointee.arrival, for: target) ?? .zero
        }
        let route = lookupOutput(
            family: .ipv6, source: source, destination: target, mark: mark, tos: 0, out: out, anySource: true, ipProtocol: .icmpv6,
            ports: Self.portsOfICMP(type, code), about: packet)
        guard route.kind == .unicast || route.kind == .local else { return }
        // `icmpv6_route_lookup`: nothing is told to addresses that several may have.
        if route.isTakenForAnycast, !node.pointee.settings.errorsToAnycast { return }
        if source.isZero { source = route.source }
        let peer = IPAddress(family: .ipv6, bits: target)
        guard allowsPeer(peer, type, code, route) else { return }
        let quoted = min(packet.length, 1280 - 40 - 8)
        guard let answer = newPacket(bytes: 48 + quoted) else { return }
        quote(packet, count: quoted, to: answer.networkPointer + 48)
        answer.pointee.transport = answer.pointee.network + 40
        let icmp = answer.icmp
        icmp.type = type
        icmp.code = code
        icmp.rest = info
        writeIPv6(
            answer, protocolNumber: .icmpv6, source: source, destination: target, trafficClass: 0,
            flowLabel: autoFlowLabel(source, target, UInt64(type) << 8 | UInt64(code)),
            hopLimit: node.pointee.interfaces[route.outInterface].pointee.hopLimit)
        TransportChecksum.store(
            icmp.base, length: 8 + quoted, protocolNumber: .icmpv6, family: .ipv6, source: source, destination: target)
        answer.pointee.route = route
        answer.pointee.mark = mark
        attachConnection(of: packet, to: answer)
        note(packet, .answered("ICMPv6 error \(type)/\(code)"))
        answer.pointee.flags.formUnion([.withinICMP, .ignoreDF])
        sendNow(answer, causedBy: packet, stage: .output)
    }

    /// The packet's first bytes, as they lie in memory at this moment.
    private func quote(_ packet: PacketRef, count: Int, to place: UnsafeMutableRawPointer) {
        place.copyMemory(from: packet.networkPointer, byteCount: count)
        let checksum = packet.transportOffset + 16
        guard packet.pointee.flags.contains(.checksumPartial), packet.pointee.ipProtocol == .tcp, checksum + 2 <= count else { return }
        let sum = InternetChecksum.pseudoHeader(
            family: packet.family, source: packet.sourceBits, destination: packet.destinationBits, protocolNumber: .tcp,
            length: packet.transportLength)
        place.storeBE16(InternetChecksum.fold(sum), at: checksum)
    }

    /// `icmp6_dev`: the device at which a packet is. One that the node sends itself is at the device of its address, not at lo;
    /// a redirect is at the one that it is about, by whichever it leaves.
    private func deviceOfError6(_ packet: PacketRef) -> UInt16 {
        if packet.pointee.ownDevice != 0 { return packet.pointee.ownDevice }
        let device = packet.pointee.arrival != 0 ? packet.pointee.arrival : packet.pointee.outInterface
        guard node.pointee.interfaces[device].pointee.kind == .loopback, packet.pointee.route.kind == .local else { return device }
        return node.pointee.routing.deviceOfLocal6(packet.ipv6.destination) ?? device
    }

    /// `struct flowi_uli`: what rules take for the destination port of an ICMP message are its type and code.
    static func portsOfICMP(_ type: UInt8, _ code: UInt8) -> UInt32 { UInt32(type) << 8 | UInt32(code) }

    /// `opt_unrec`: of the kinds of unknown options one is answered whomever the packet went to.
    private func asksForAnswer(_ packet: PacketRef, _ at: Int) -> Bool {
        at < packet.length && packet.networkPointer.load8(at: at) & 0xc0 == 0x80
    }

    /// `ipv6_chk_addr`: an address of ours; a link-local one must be of the device that the packet is at.
    private func isOwn6(_ address: AddressBits, near packet: PacketRef) -> Bool {
        guard address.high >> 54 == 0x3fa else { return node.pointee.routing.isLocalAddress6(address) }
        if packet.pointee.ownDevice != 0 { return node.pointee.routing.isLocalAddress6(address, on: packet.pointee.ownDevice) }
        let device = packet.pointee.outInterface != 0 ? packet.pointee.outInterface : packet.pointee.inInterface
        return node.pointee.routing.isLocalAddress6(address, on: device)
    }

    /// `is_ineligible`: errors about errors. A packet whose headers cannot be followed (`ipv6_skip_exthdr`), and a
    /// fragment that does not show its ICMP type, may be answered.
    private func isAboutICMPv6Error(_ packet: PacketRef) -> Bool {
        let base = packet.networkPointer
        let walk = IPv6ExtensionWalk.skip(from: packet.ipv6.nextHeader, at: IPv6Header.length, base, length: packet.length)
        guard walk.outcome == .found, walk.protocolNumber == .icmpv6 else { return false }
        guard walk.offset < packet.length else { return walk.fragmentField == 0 }
        return base.load8(at: walk.offset) & 0x80 == 0
    }

    /// A neighbour did not answer (`ipv4_link_failure`, `ip6_link_failure`).
    func linkFailure(_ packet: PacketRef) {
        if packet.isIPv4 {
            sendICMPError(
                about: packet, type: ICMPType.destinationUnreachable, code: ICMPUnreachableCode.host, info: 0)
        } else {
            sendICMPError(
                about: packet, type: ICMPv6Type.destinationUnreachable, code: ICMPv6UnreachableCode.address, info: 0)
        }
    }
}
