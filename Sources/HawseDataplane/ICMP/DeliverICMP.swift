import HawseModel
import HawseWire

extension Walk {
    /// `icmp_rcv`.
    func deliverICMP4(_ packet: PacketRef) -> Stage {
        guard packet.transportLength >= 8 else { return drop(packet, .transportMalformed) }
        guard transportIsIntact(packet) else { return drop(packet, .checksum) }
        let type = packet.icmp.type
        let isGroup = packet.pointee.route.kind == .broadcast || packet.pointee.route.kind == .multicast
        if isGroup {
            if type == ICMPType.echoRequest || type == ICMPType.timestampRequest {
                if node.pointee.settings.echoIgnoreBroadcasts { return drop(packet, .icmpUnwanted) }
            } else if type != ICMPType.addressMaskRequest && type != ICMPType.addressMaskReply {
                return drop(packet, .icmpUnwanted)
            }
        }
        switch type {
        case ICMPType.echoRequest:
            if node.pointee.settings.echoIgnoreAll { return drop(packet, .icmpUnwanted) }
            reply4(packet, payload: packet.transportLength - 8)
        case ICMPType.timestampRequest:
            guard packet.transportLength >= 12 else { return drop(packet, .transportMalformed) }
            reply4(packet, payload: 12)
        case ICMPType.destinationUnreachable, ICMPType.sourceQuench, ICMPType.redirect, ICMPType.timeExceeded,
            ICMPType.parameterProblem:
            hearError4(packet)
            _ = isTakenByProcess(packet)
        default: break
        }
        return end(packet, .consumed)
    }

    /// `icmp_reply`: the same code, identifier and data, from the address that was asked (or what suits the asker).
    private func reply4(_ packet: PacketRef, payload: Int) {
        let ip = packet.ipv4
        guard let echo = echoedOptions(packet, ip.headerLength) else { return }
        let source = specificDestination(packet)
        let target = echo.firstHop ?? ip.source
        let route = lookupOutput(
            family: .ipv4, source: source, destination: AddressBits(ipv4: target), mark: reflectedMark(packet),
            tos: ip.tos & 0x1e,
            out: 0, anySource: false, ipProtocol: .icmp)
        let type = packet.icmp.type
        guard isUsable(route),
            let answer = newPacket(bytes: 20 + echo.bytes.count + 8 + payload)
        else { return }
        let headerLength = 20 + echo.bytes.count
        answer.pointee.transport = answer.pointee.network + Int32(headerLength)
        answer.transportPointer.copyMemory(from: packet.transportPointer, byteCount: min(8 + payload, packet.transportLength))
        let from = source.isZero ? route.source.ipv4 : source.ipv4
        storeOptions(echo, in: answer, source: from, destination: ip.source)
        let icmp = answer.icmp
        if type == ICMPType.echoRequest {
            icmp.type = ICMPType.echoReply
        } else {
            icmp.type = ICMPType.timestampReply
            icmp.code = 0
            icmp.base.storeBE32(currentTimestamp(), at: 12)
            icmp.base.storeBE32(currentTimestamp(), at: 16)
        }
        icmp.checksum = 0
        icmp.checksum = InternetChecksum.checksum(icmp.base, count: 8 + payload)
        writeIPv4(
            answer, protocolNumber: .icmp, source: from, destination: target, tos: ip.tos,
            ttl: node.pointee.settings.defaultTTL, dontFragment: false, identification: newIdentification(),
            headerLength: headerLength)
        answer.pointee.route = route
        answer.pointee.mark = reflectedMark(packet)
        note(packet, .answered("ICMP reply"))
        answer.pointee.flags.formUnion([.withinICMP, .ignoreDF])
        sendNow(answer, causedBy: packet, stage: .output)
    }

    /// `icmpv6_rcv`.
    func deliverICMP6(_ packet: PacketRef) -> Stage {
        guard packet.transportLength >= 4 else { return drop(packet, .transportMalformed) }
        guard transportIsIntact(packet) else { return drop(packet, .checksum) }
        guard packet.transportLength >= 8 else { return drop(packet, .transportMalformed) }
        switch packet.icmp.type {
        case ICMPv6Type.echoRequest:
            if node.pointee.settings.echoIgnoreAll6 { return drop(packet, .icmpUnwanted) }
            if packet.ipv6.destination.high >> 56 == 0xff, node.pointee.settings.echoIgnoreMulticast6 {
                return drop(packet, .icmpUnwanted)
            }
            reply6(packet)
        case ICMPv6Type.routerSolicitation...ICMPv6Type.redirect: return discoveryReceive(packet)
        case ICMPv6Type.packetTooBig, ICMPv6Type.destinationUnreachable:
            if packet.icmp.type == ICMPv6Type.packetTooBig { hearTooBig6(packet) }
            _ = isTakenByProcess(packet)
        default: break
        }
        return end(packet, .consumed)
    }

    /// `icmp6_dev`: what the node sends to itself counts as having come in where the address is.
    private func ownDevice6(_ address: AddressBits) -> UInt16 {
        let tables = node.pointee.routing.tables6
        guard node.pointee.routing.localTable6 >= 0 else { return 0 }
        let index = tables.find(address, 128, node.pointee.routing.localTable6)
        guard index >= 0, tables.entries[Int(index)].hopCount > 0 else { return 0 }
        return tables.hops[Int(tables.entries[Int(index)].firstHop)].device
    }

    /// `icmpv6_echo_reply`.
    private func reply6(_ packet: PacketRef) {
        let ip = packet.ipv6
        let target = ip.source
        if target.high >> 56 == 0xff { return }
        let asked = ip.destination
        let isAnycast = packet.pointee.route.isAnycast
        if packet.pointee.route.isTakenForAnycast, node.pointee.settings.echoIgnoreAnycast6 { return }
        let isUnicast =
            packet.pointee.route.kind == .local && (!isAnycast || node.pointee.settings.anycastEchoReply)
        let route = lookupOutput(
            family: .ipv6, source: isUnicast ? asked : .zero, destination: target, mark: reflectedMark(packet), tos: 0,
            out: isFromLoopback(packet) ? ownDevice6(asked) : packet.pointee.inInterface, anySource: true, ipProtocol: .icmpv6,
            ports: Self.portsOfICMP(ICMPv6Type.echoReply, 0))
        let size = packet.transportLength
        guard isUsable(route), let answer = newPacket(bytes: 40 + size) else { return }
        let source = isUnicast ? asked : route.source
        (answer.networkPointer + 40).copyMemory(from: packet.transportPointer, byteCount: size)
        writeIPv6(
            answer, protocolNumber: .icmpv6, source: source, destination: target, trafficClass: ip.trafficClass,
            flowLabel: node.pointee.settings.flowLabelReflect & 4 != 0
                ? ip.flowLabel : autoFlowLabel(source, target, UInt64(ICMPv6Type.echoReply)),
            hopLimit: node.pointee.interfaces[route.outInterface].pointee.hopLimit)
        answer.icmp.type = ICMPv6Type.echoReply
        TransportChecksum.store(
            answer.transportPointer, length: size, protocolNumber: .icmpv6, family: .ipv6, source: source,
            destination: target)
        answer.pointee.route = route
        answer.pointee.mark = reflectedMark(packet)
        note(packet, .answered("ICMPv6 echo reply"))
        answer.pointee.flags.formUnion([.withinICMP, .ignoreDF])
        sendNow(answer, causedBy: packet, stage: .output)
    }
}
