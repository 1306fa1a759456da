import HawseModel
import HawseWire

/// REJECT (`reject_tg`, `reject_tg6`): the type and code of the error, or a reset.
struct RejectAction: BitwiseCopyable {
    var isReset: Bool
    var type: UInt8
    var code: UInt8

    init(_ target: RejectTarget) {
        isReset = false
        type = ICMPType.destinationUnreachable
        switch target.kind {
        case .netUnreachable: code = ICMPUnreachableCode.network
        case .hostUnreachable: code = ICMPUnreachableCode.host
        case .protocolUnreachable: code = ICMPUnreachableCode.protocolUnreachable
        case .portUnreachable: code = ICMPUnreachableCode.port
        case .netProhibited: code = ICMPUnreachableCode.networkProhibited
        case .hostProhibited: code = ICMPUnreachableCode.hostProhibited
        case .adminProhibited: code = ICMPUnreachableCode.administrativelyProhibited
        case .v6NoRoute: (type, code) = (ICMPv6Type.destinationUnreachable, ICMPv6UnreachableCode.noRoute)
        case .v6AdminProhibited:
            (type, code) = (ICMPv6Type.destinationUnreachable, ICMPv6UnreachableCode.administrativelyProhibited)
        case .v6AddressUnreachable:
            (type, code) = (ICMPv6Type.destinationUnreachable, ICMPv6UnreachableCode.address)
        case .v6PortUnreachable: (type, code) = (ICMPv6Type.destinationUnreachable, ICMPv6UnreachableCode.port)
        case .v6PolicyFail: (type, code) = (ICMPv6Type.destinationUnreachable, ICMPv6UnreachableCode.policyFailed)
        case .v6RejectRoute: (type, code) = (ICMPv6Type.destinationUnreachable, ICMPv6UnreachableCode.rejectRoute)
        case .tcpReset:
            isReset = true
            code = 0
        }
    }
}

extension Walk {
    func reject(_ action: RejectAction, _ context: RuleContext) -> TargetResult {
        let packet = context.packet
        packet.pointee.disposition = .dropped(.rejected)
        if action.isReset {
            if packet.isIPv4 { rejectReset4(packet, context.hook) } else { rejectReset6(packet, context.hook) }
        } else if isWorthAnError(packet, context.hook) {
            sendICMPError(about: packet, type: action.type, code: action.code, info: 0)
        }
        return .drop
    }

    /// `nf_send_unreach`, `reject6_csum_ok`: no error about a later fragment or a packet with a wrong checksum.
    private func isWorthAnError(_ packet: PacketRef, _ hook: Hook) -> Bool {
        if packet.isLaterFragment { return false }
        var ipProtocol = packet.pointee.ipProtocol
        var offset = packet.transportOffset
        if packet.isIPv6 {
            let walk = IPv6ExtensionWalk.skip(
                from: packet.ipv6.nextHeader, at: 40, packet.networkPointer, length: packet.length)
            guard walk.outcome == .found, !walk.isLaterFragment, walk.offset < packet.length else { return false }
            ipProtocol = walk.protocolNumber
            offset = walk.offset
        }
        switch ipProtocol {
        // Checksums that do not cover everything, or are none of this kind.
        case .ah, .esp, .sctp, .udplite, .gre: return true
        case .icmpv6 where packet.isIPv4: return true
        case .udp:
            let udp = packet.networkPointer + offset
            if packet.length - offset >= UDPHeader.length, udp.loadBE16(at: 6) == 0 { return true }
        default: break
        }
        return isChecksumRight(packet, ipProtocol, offset, hook, isReset: false)
    }

    /// `nf_ip_checksum`, `nf_ip6_checksum`: only TCP and UDP have a pseudo header under IPv4; other payloads must sum up alone.
    private func isChecksumRight(_ packet: PacketRef, _ ipProtocol: IPProtocol, _ offset: Int, _ hook: Hook, isReset: Bool) -> Bool {
        if isBelieved(packet, ipProtocol, hook, isReset: isReset) { return true }
        // Conntrack has found it right before, though it belongs to no connection.
        let isValid = hook != .output && !(isReset && hook == .forward) && isSummed(packet, ipProtocol)
        if !isValid, isSpoiltByOptions(packet) { return false }
        let length = packet.length - offset
        // IPv4's header is added up too, so that a payload of nothing but zeroes, or none, is right.
        var sum = UInt64(InternetChecksum.sum(packet.networkPointer + offset, count: length)) + (packet.isIPv4 ? 0xffff : 0)
        if packet.isIPv6 || ipProtocol == .tcp || ipProtocol == .udp {
            sum += InternetChecksum.pseudoHeader(
                family: packet.family, source: packet.sourceBits, destination: packet.destinationBits,
                protocolNumber: ipProtocol, length: length)
        }
        return InternetChecksum.fold(sum) == 0xffff
    }

    /// Whether the packet is taken for right without another look: its sum was found right once (`skb->csum_valid`), or in
    /// OUTPUT nobody holds what conntrack has left against the addresses. A reset does not know of the former in FORWARD,
    /// on the way to which router and bridge forget the sum itself (`skb_forward_csum`).
    private func isBelieved(_ packet: PacketRef, _ ipProtocol: IPProtocol, _ hook: Hook, isReset: Bool) -> Bool {
        switch hook {
        case .output:
            packet.pointee.flags.contains(.checksumPartial)
                || packet.pointee.flags.contains(.checksumComplete) && !(isReset && packet.pointee.flags.contains(.forwarded))
        case .forward where isReset: false
        default: packet.pointee.flags.contains(.checksumValid) || isVerified(packet, ipProtocol)
        }
    }

    /// `nf_send_reset`
    private func rejectReset4(_ packet: PacketRef, _ hook: Hook) {
        guard !packet.isLaterFragment, packet.pointee.ipProtocol == .tcp, packet.transportLength >= TCPHeader.length,
            !packet.tcp.flags.contains(.rst),
            isChecksumRight(packet, .tcp, packet.transportOffset, hook, isReset: true), !isSpoiltByOptions(packet)
        else { return }
        switch packet.pointee.route.kind {
        case .broadcast, .multicast: return
        default: break
        }
        guard let answer = newPacket(bytes: 40) else { return }
        writeIPv4(
            answer, protocolNumber: .tcp, source: packet.ipv4.destination, destination: packet.ipv4.source, tos: 0,
            ttl: node.pointee.settings.defaultTTL, dontFragment: true, identification: 0)
        answer.pointee.mark = reflectedMark(packet)
        answer.pointee.uid = -1
        writeReset(answer, to: packet.tcp, segment: packet.transportLength)
        answer.pointee.flags.insert(.checksumPartial)
        guard routeAgain(answer) else {
            finish(answer)
            return
        }
        sendReset(answer, about: packet)
    }

    /// `nf_send_reset6`
    private func rejectReset6(_ packet: PacketRef, _ hook: Hook) {
        let ip = packet.ipv6
        func isUnicast(_ address: AddressBits) -> Bool { address.high >> 56 != 0xff && !address.isZero }
        guard isUnicast(ip.source), isUnicast(ip.destination) else { return }
        let walk = IPv6ExtensionWalk.skip(from: ip.nextHeader, at: 40, packet.networkPointer, length: packet.length)
        guard walk.outcome == .found, !walk.isLaterFragment, walk.protocolNumber == .tcp,
            packet.length - walk.offset >= TCPHeader.length
        else { return }
        let tcp = TCPHeader(packet.networkPointer + walk.offset)
        guard !tcp.flags.contains(.rst), isChecksumRight(packet, .tcp, walk.offset, hook, isReset: true) else { return }
        let route = lookupOutput(
            family: .ipv6, source: ip.destination, destination: ip.source, mark: reflectedMark(packet), tos: 0, out: 0)
        guard route.kind == .unicast || route.kind == .local else { return }
        guard let answer = newPacket(bytes: 60) else { return }
        writeIPv6(
            answer, protocolNumber: .tcp, source: ip.destination, destination: ip.source, trafficClass: 0, flowLabel: 0,
            hopLimit: node.pointee.interfaces[route.outInterface].pointee.hopLimit)
        answer.pointee.mark = reflectedMark(packet)
        answer.pointee.uid = -1
        answer.pointee.route = route
        writeReset(answer, to: tcp, segment: packet.length - walk.offset)
        sendReset(answer, about: packet)
    }

    /// `nf_reject_ip_tcphdr_put`
    private func writeReset(_ answer: PacketRef, to old: TCPHeader, segment: Int) {
        let tcp = answer.tcp
        tcp.sourcePort = old.destinationPort
        tcp.destinationPort = old.sourcePort
        tcp.headerLength = TCPHeader.length
        if old.flags.contains(.ack) {
            tcp.sequence = old.acknowledgement
            tcp.flags = .rst
        } else {
            let extra = UInt32(old.flags.contains(.syn) ? 1 : 0) + UInt32(old.flags.contains(.fin) ? 1 : 0)
            let payload = UInt32(truncatingIfNeeded: segment - old.headerLength)
            tcp.acknowledgement = old.sequence &+ extra &+ payload
            tcp.flags = [.rst, .ack]
        }
        TransportChecksum.store(
            tcp.base, length: TCPHeader.length, protocolNumber: .tcp, family: answer.family,
            source: answer.sourceBits, destination: answer.destinationBits)
    }

    private func sendReset(_ answer: PacketRef, about packet: PacketRef) {
        attachConnection(of: packet, to: answer)
        setConnectionClosing(packet)
        note(packet, .answered("TCP reset"))
        // A packet that came over a bridge port is answered on that port, from the MAC it was sent to.
        let isFromBridge = !packet.pointee.flags.isDisjoint(with: [.bridged, .physdev])
        if isFromBridge, packet.pointee.physIn != 0, packet.pointee.mac >= 0 {
            let frame = packet.ethernet
            answer.pointee.mac = answer.pointee.network - 14
            answer.pointee.flags.insert(.hasEthernet)
            answer.ethernet.destination = frame.source
            answer.ethernet.source = frame.destination
            answer.ethernet.etherType = answer.isIPv4 ? .ipv4 : .ipv6
            answer.pointee.outInterface = packet.pointee.physIn
            sendNow(answer, causedBy: packet, stage: .transmit)
        } else {
            sendNow(answer, causedBy: packet, stage: .output)
        }
    }
}
