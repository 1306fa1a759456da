import HawseModel
import HawseWire

extension Walk {
    /// `ip_local_deliver_finish`: the node itself takes the packet, answers it, or refuses it.
    @inline(__always)
    func deliver(_ packet: PacketRef) -> Stage {
        packet.isIPv4 ? deliver4(packet) : deliver6(packet)
    }

    /// `ip_protocol_deliver_rcu`.
    @inline(never)
    private func deliver4(_ packet: PacketRef) -> Stage {
        switch packet.pointee.ipProtocol {
        case .icmp: return deliverICMP4(packet)
        case .tcp: return deliverTCP(packet)
        case .udp, .udplite: return deliverUDP(packet)
        case .igmp, .pim: return end(packet, .consumed)
        case .ipip:
            if let device = tunnel(for: packet) { return tunnelReceive(packet, device) }
        case .gre, .esp, .ah, .sctp:
            break
        default: break
        }
        if hasListener(packet) { return end(packet, .delivered) }
        // `tunnel4_rcv`, `tunnel64_rcv`: with tunnels on the node the protocols are known, but nobody takes the packet.
        let isKnown = node.pointee.interfaces.hasTunnels && [.ipip, .ipv6].contains(packet.pointee.ipProtocol)
        let code = isKnown ? ICMPUnreachableCode.port : ICMPUnreachableCode.protocolUnreachable
        sendICMPError(about: packet, type: ICMPType.destinationUnreachable, code: code, info: 0)
        return drop(packet, .unknownProtocol)
    }

    func hasListener(_ packet: PacketRef) -> Bool {
        let number = packet.pointee.ipProtocol
        return node.pointee.sockets.listeners.contains {
            $0.ipProtocol == number && $0.family == packet.family && $0.port == 0
        }
    }

    /// The listener that takes a TCP or UDP packet: one that TPROXY named, else by address and port.
    @inline(__always)
    func listener(for packet: PacketRef) -> Bool {
        if packet.pointee.socket != 0 { return true }
        guard packet.transportLength >= 4, !node.pointee.sockets.listeners.isEmpty else { return false }
        return node.pointee.sockets.find(
            ipProtocol: packet.pointee.ipProtocol, family: packet.family,
            address: packet.destinationBits, port: packet.transportPointer.loadBE16(at: 2)) != nil
    }

    @inline(__always)
    private func endAtListener(_ packet: PacketRef) -> Stage {
        if node.pointee.flows.recorder.isOn { learnDelivery(packet) }
        return end(packet, .delivered)
    }

    @inline(__always)
    func transportIsIntact(_ packet: PacketRef, isWhole: Bool = true) -> Bool {
        // A sum over the whole packet that the header has been changed under says nothing: then the bytes themselves do.
        let isHeaderKept = packet.isIPv4 || packet.pointee.headerSum == 0 || packet.pointee.headerSum == 0xffff
        if isWhole, isHeaderKept,
            packet.pointee.flags.contains(.checksumValid) || isVerified(packet, packet.pointee.ipProtocol)
        {
            return true
        }
        return TransportChecksum.isValid(
            packet.transportPointer, length: packet.transportLength,
            protocolNumber: packet.pointee.ipProtocol, family: packet.family,
            source: packet.sourceBits, destination: packet.destinationBits)
    }

    /// `tcp_v4_rcv` / `tcp_v6_rcv`: without a socket the answer is a reset.
    func deliverTCP(_ packet: PacketRef) -> Stage {
        guard packet.pointee.packetType == .host || packet.pointee.packetType == .outgoing else {
            return drop(packet, .notForUs)
        }
        guard packet.transportLength >= 20 else { return drop(packet, .transportMalformed) }
        let headerLength = packet.tcp.headerLength
        guard headerLength >= 20, headerLength <= packet.transportLength else {
            return drop(packet, .transportMalformed)
        }
        guard transportIsIntact(packet) else { return drop(packet, .checksum) }
        if listener(for: packet) { return endAtListener(packet) }
        if isTakenByProcess(packet) { return end(packet, .delivered) }
        sendReset(about: packet)
        return drop(packet, .noListener)
    }

    /// `tcp_v4_send_reset` / `tcp_v6_send_reset`.
    private func sendReset(about packet: PacketRef) {
        let tcp = packet.tcp
        guard !tcp.flags.contains(.rst), packet.pointee.route.kind == .local,
            !packet.pointee.route.isAnycast
        else { return }
        let isIPv4 = packet.isIPv4
        // `__ip_options_echo`: IPv4 options come back with the reset.
        guard let echo = echoedOptions(packet, isIPv4 ? packet.ipv4.headerLength : 20) else { return }
        let headerLength = isIPv4 ? 20 + echo.bytes.count : 40
        let source = packet.destinationBits
        let target = isIPv4 ? echo.firstHop.map { AddressBits(ipv4: $0) } ?? packet.sourceBits : packet.sourceBits
        let tos = (isIPv4 ? packet.ipv4.tos : packet.ipv6.trafficClass) & 0xfc
        let isScoped = !isIPv4 && target.high >> 54 == 0x3fa
        let route = lookupOutput(
            // `tcp_v6_send_response` gives the class to the packet, not to the question.
            family: packet.family, source: source, destination: target, mark: reflectedMark(packet), tos: isIPv4 ? tos : 0,
            out: isScoped ? packet.pointee.inInterface : 0, anySource: !isIPv4, ipProtocol: .tcp,
            ports: UInt32(tcp.destinationPort) << 16 | UInt32(tcp.sourcePort))
        guard isUsable(route), let answer = newPacket(bytes: headerLength + 20) else { return }
        answer.pointee.transport = answer.pointee.network + Int32(headerLength)
        let reset = answer.tcp
        reset.sourcePort = tcp.destinationPort
        reset.destinationPort = tcp.sourcePort
        reset.headerLength = 20
        if tcp.flags.contains(.ack) {
            reset.sequence = tcp.acknowledgement
            reset.flags = .rst
        } else {
            let payload = packet.transportLength - tcp.headerLength
            let occupied = (tcp.flags.contains(.syn) ? 1 : 0) + (tcp.flags.contains(.fin) ? 1 : 0) + payload
            reset.acknowledgement = tcp.sequence &+ UInt32(truncatingIfNeeded: occupied)
            reset.flags = [.rst, .ack]
        }
        if isIPv4 {
            storeOptions(echo, in: answer, source: source.ipv4, destination: packet.ipv4.source)
            writeIPv4(
                answer, protocolNumber: .tcp, source: source.ipv4, destination: target.ipv4, tos: tos,
                ttl: node.pointee.settings.defaultTTL, dontFragment: true, identification: 0, headerLength: headerLength)
        } else {
            writeIPv6(
                answer, protocolNumber: .tcp, source: source, destination: target, trafficClass: tos,
                flowLabel: node.pointee.settings.flowLabelReflect & 2 != 0
                    ? packet.ipv6.flowLabel : autoFlowLabel(source, target, UInt64(tcp.base.loadBE32(at: 0))),
                hopLimit: node.pointee.interfaces[route.outInterface].pointee.hopLimit)
            // `ip6_xmit` is told of the control socket and does not give it to the packet.
            answer.pointee.uid = -1
            answer.pointee.flags.insert(.checksumPartial)
        }
        TransportChecksum.store(
            reset.base, length: 20, protocolNumber: .tcp, family: packet.family, source: source, destination: target)
        answer.pointee.route = route
        answer.pointee.mark = reflectedMark(packet)
        note(packet, .answered("TCP reset"))
        sendNow(answer, causedBy: packet, stage: .output)
    }

    /// `udp6_csum_init` believes the sum over the whole packet that conntrack has left, unless the datagram is so short
    /// that it is added up at once (`CHECKSUM_BREAK`): a TOS, DSCP or HL target has made it wrong.
    private func isSumSpoilt(_ packet: PacketRef) -> Bool {
        guard packet.isIPv6, packet.pointee.headerSum != 0, packet.pointee.headerSum != 0xffff else { return false }
        return packet.transportLength > 76 && isVerified(packet, .udp)
    }

    /// `__udp4_lib_rcv` / `__udp6_lib_rcv`.
    func deliverUDP(_ packet: PacketRef) -> Stage {
        guard packet.transportLength >= 8 else { return drop(packet, .transportMalformed) }
        let udp = packet.udp
        let isLite = packet.pointee.ipProtocol == .udplite
        // IPv6 takes a length of 0 for that of a jumbogram: as long as the packet.
        let isJumbo = packet.isIPv6 && !isLite && udp.datagramLength == 0
        let claimed = isJumbo ? packet.transportLength : Int(udp.datagramLength)
        // What lies behind a datagram is cut off, and what conntrack has added up with it counts no more (`pskb_trim_rcsum`).
        let isWhole = isLite || claimed == packet.transportLength
        if isLite {
            // `udplite_checksum_init`: more is covered than is there, or not even the header; whoever has verified the rest.
            guard claimed == 0 || (8...packet.transportLength).contains(claimed) else { return drop(packet, .checksum) }
        } else {
            guard claimed >= 8, claimed <= packet.transportLength else { return drop(packet, .transportMalformed) }
            packet.pointee.end = packet.pointee.transport + Int32(claimed)
        }
        if udp.checksum == 0 {
            if isLite || (packet.isIPv6 && !node.pointee.vxlan.acceptsZeroChecksum6(udp.destinationPort)) {
                return drop(packet, .checksum)
            }
        } else if !transportIsIntact(packet, isWhole: isWhole) || !isLite && isSumSpoilt(packet) {
            return drop(packet, .checksum)
        }
        if packet.pointee.ipProtocol == .udp {
            if isForVXLAN(packet) { return vxlanReceive(packet) }
            if node.pointee.ipvs.sync.isBackup, takeSync(packet) { return end(packet, .consumed) }
        }
        if listener(for: packet) { return endAtListener(packet) }
        if isTakenByProcess(packet) { return end(packet, .delivered) }
        let kind = packet.pointee.route.kind
        if kind == .broadcast || kind == .multicast { return drop(packet, .noListener) }
        // `nf_reset_ct` comes before the answer: conntrack finds its connection by what it quotes, or not at all.
        releaseConnection(packet)
        packet.pointee.connectionInfo = .none
        if packet.isIPv4 {
            sendICMPError(
                about: packet, type: ICMPType.destinationUnreachable, code: ICMPUnreachableCode.port, info: 0)
        } else {
            sendICMPError(
                about: packet, type: ICMPv6Type.destinationUnreachable, code: ICMPv6UnreachableCode.port, info: 0)
        }
        return drop(packet, .noListener)
    }
}
