import HawseModel
import HawseWire

extension Walk {
    /// `ip6_protocol_deliver_rcu`: extension headers one by one, then the upper protocol.
    @inline(never)
    func deliver6(_ packet: PacketRef) -> Stage {
        // Conntrack leaves the transport header where the pieces began (`nf_ct_frag6_reasm`); a header that stood before the
        // fragment header is then looked for there.
        let whole = packet.pointee.fragmentMaxSize != 0 ? Int(packet.pointee.wholeFrom) : 0
        // Hop-by-hop options were looked at before PREROUTING, and have no place but the first.
        if packet.ipv6.nextHeader == .hopByHop {
            return deliver6(packet, from: 40, at: max(whole, 40 + (Int(packet.networkPointer.load8(at: 41)) + 1) * 8))
        }
        return deliver6(packet, from: 6, at: max(whole, 40))
    }

    /// A datagram put together: its fragment header is gone, what was behind it is in its place. One that stands
    /// alone (offset 0, nothing more) still has its header.
    private func deliverWhole6(_ packet: PacketRef, from nextOffset: Int, at: Int) -> Stage {
        guard packet.networkPointer.loadProtocol(at: nextOffset) == .fragment else {
            return deliver6(packet, from: nextOffset, at: at)
        }
        let field = packet.networkPointer.loadBE16(at: at + 2)
        guard field & 0xfff9 == 0 else { return drop(packet, .fragmentMalformed) }
        return deliver6(packet, from: at, at: at + 8)
    }

    private func deliver6(_ packet: PacketRef, from firstNextOffset: Int, at firstOffset: Int) -> Stage {
        let base = packet.networkPointer
        let length = packet.length
        var nextOffset = firstNextOffset
        var next = base.loadProtocol(at: nextOffset)
        var at = firstOffset
        var sawFragmentHeader = false
        while true {
            switch next {
            case .destinationOptions:
                guard length - at >= 8, (Int(base.load8(at: at + 1)) + 1) * 8 <= length - at else {
                    return drop(packet, .ipExtensionHeader)
                }
                let size = (Int(base.load8(at: at + 1)) + 1) * 8
                if let stage = refuseOptions(packet, at, size) { return stage }
                nextOffset = at
                next = base.loadProtocol(at: at)
                at += size
            case .routing:
                if let stage = routingHeader(packet, at) { return stage }
                nextOffset = at
                next = base.loadProtocol(at: at)
                at += (Int(base.load8(at: at + 1)) + 1) * 8
            case .fragment:
                guard length - at >= 8 else { return drop(packet, .fragmentMalformed) }
                if sawFragmentHeader {
                    sendICMPError(about: packet, type: ICMPv6Type.parameterProblem, code: 0, info: UInt32(at))
                    return drop(packet, .fragmentMalformed)
                }
                let field = base.loadBE16(at: at + 2)
                if field & 0xfff8 == 0, field & 1 == 1, lacksUpperHeader(packet) {
                    sendICMPError(about: packet, type: ICMPv6Type.parameterProblem, code: 3, info: 0)
                    return drop(packet, .fragmentMalformed)
                }
                if let stage = fragmentHeader(packet, at) { return stage }
                if field & 0xfff9 == 0 {
                    sawFragmentHeader = true
                    nextOffset = at
                    next = base.loadProtocol(at: at)
                    at += 8
                    continue
                }
                let verdict = reassembleDelivered(packet)
                if verdict != .accept { return after(verdict, .done) }
                return deliverWhole6(packet, from: nextOffset, at: at)
            case .noNextHeader: return end(packet, .consumed)
            default:
                packet.pointee.transport = packet.pointee.network + Int32(at)
                packet.pointee.ipProtocol = next
                return deliverUpper6(packet, nextOffset)
            }
        }
    }

    private func deliverUpper6(_ packet: PacketRef, _ nextOffset: Int) -> Stage {
        switch packet.pointee.ipProtocol {
        case .tcp: return deliverTCP(packet)
        case .udp, .udplite: return deliverUDP(packet)
        case .icmpv6: return deliverICMP6(packet)
        case .pim: return end(packet, .consumed)
        default:
            if hasListener(packet) { return end(packet, .delivered) }
            sendICMPError(
                about: packet, type: ICMPv6Type.parameterProblem, code: 1, info: UInt32(nextOffset))
            return drop(packet, .unknownProtocol)
        }
    }

    /// `ipv6frag_thdr_truncated`: a first fragment has all headers, up to the upper protocol's (RFC 8200).
    private func lacksUpperHeader(_ packet: PacketRef) -> Bool {
        let walk = IPv6ExtensionWalk.find(packet.networkPointer, length: packet.length)
        guard walk.outcome == .found else { return false }
        let size = switch walk.protocolNumber {
        case .tcp: 20
        case .udp, .icmpv6: 8
        default: 1
        }
        return walk.offset + size > packet.length
    }

    /// What `ipv6_frag_rcv` and `ip6_frag_queue` answer: lengths that no fragment can have.
    private func fragmentHeader(_ packet: PacketRef, _ at: Int) -> Stage? {
        let field = packet.networkPointer.loadBE16(at: at + 2)
        let end = Int(field & 0xfff8) + packet.length - at - 8
        let wrong: Int
        if end > 65535 {
            wrong = at + 2
        } else if field & 1 == 1, end & 7 != 0 {
            wrong = 4
        } else {
            return nil
        }
        sendICMPError(about: packet, type: ICMPv6Type.parameterProblem, code: 0, info: UInt32(wrong))
        return drop(packet, .fragmentMalformed)
    }

    /// `ipv6_rthdr_rcv`: with segments left and no kind of source routing switched on the packet ends here.
    private func routingHeader(_ packet: PacketRef, _ at: Int) -> Stage? {
        let base = packet.networkPointer
        guard packet.length - at >= 8, (Int(base.load8(at: at + 1)) + 1) * 8 <= packet.length - at else {
            return drop(packet, .ipExtensionHeader)
        }
        guard packet.pointee.packetType == .host, packet.ipv6.destination.high >> 56 != 0xff else {
            return drop(packet, .ipExtensionHeader)
        }
        let type = base.load8(at: at + 2)
        if type == 3 || type == 4 { return drop(packet, .sourceRoute) }
        guard base.load8(at: at + 3) != 0 else { return nil }
        sendICMPError(about: packet, type: ICMPv6Type.parameterProblem, code: 0, info: UInt32(at + 2))
        return drop(packet, .sourceRoute)
    }

    /// `ip6_parse_tlv`: an option nobody knows says itself what is to become of the packet.
    @inline(never)
    func refuseOptions(_ packet: PacketRef, _ start: Int, _ size: Int) -> Stage? {
        let base = packet.networkPointer
        var at = start + 2
        let end = start + size
        var padding = 0
        let isHopByHop = start == 40 && packet.ipv6.nextHeader == .hopByHop
        let settings = node.pointee.settings
        guard size <= (isHopByHop ? settings.largestHopByHop : settings.largestDestinationOptions) else {
            return drop(packet, .ipExtensionHeader)
        }
        let limit = isHopByHop ? settings.mostHopByHop : settings.mostDestinationOptions
        var left = limit.magnitude
        while at < end {
            let kind = base.load8(at: at)
            if kind == 0 {
                padding += 1
                if padding > 7 { return drop(packet, .ipExtensionHeader) }
                at += 1
                continue
            }
            guard end - at >= 2 else { return drop(packet, .ipExtensionHeader) }
            let length = Int(base.load8(at: at + 1)) + 2
            guard length <= end - at else { return drop(packet, .ipExtensionHeader) }
            if kind == 1 {
                padding += length
                if padding > 7 { return drop(packet, .ipExtensionHeader) }
                // PadN must be zero.
                for i in 2..<max(length, 2) where base.load8(at: at + i) != 0 {
                    return drop(packet, .ipExtensionHeader)
                }
            } else {
                padding = 0
                if left == 0 { return drop(packet, .ipExtensionHeader) }
                left -= 1
                if let stage = optionByKind(packet, kind, at, isHopByHop: isHopByHop, knownOnly: limit < 0) { return stage }
            }
            at += length
        }
        return nil
    }

    /// Options that the kernel knows, and `ip6_tlvopt_unknown`: the two top bits are skip, drop, report, report unless multicast.
    private func optionByKind(_ packet: PacketRef, _ kind: UInt8, _ at: Int, isHopByHop: Bool, knownOnly: Bool) -> Stage? {
        if isHopByHop {
            switch kind {
            case 5, 0xc2: return knownHopByHop(packet, kind, at)
            // CALIPSO: no domain of interpretation is set up here.
            case 7: return drop(packet, .ipExtensionHeader)
            // IOAM: passed over unless it does not begin at a word.
            case 0x31: return at & 3 == 0 ? nil : drop(packet, .ipExtensionHeader)
            default: break
            }
        }
        if knownOnly { return drop(packet, .ipExtensionHeader) }
        switch kind >> 6 {
        case 0: return nil
        case 1: return drop(packet, .ipExtensionHeader)
        case 3 where packet.ipv6.destination.high >> 56 == 0xff: return drop(packet, .ipExtensionHeader)
        default:
            sendICMPError(about: packet, type: ICMPv6Type.parameterProblem, code: 2, info: UInt32(at))
            return drop(packet, .ipExtensionHeader)
        }
    }

    /// Router alert and jumbo payload.
    private func knownHopByHop(_ packet: PacketRef, _ kind: UInt8, _ at: Int) -> Stage? {
        let length = packet.networkPointer.load8(at: at + 1)
        if kind == 5 { return length == 2 ? nil : drop(packet, .ipExtensionHeader) }
        // `ipv6_hop_jumbo`: a jumbogram says so and has no payload length; longer packets than that no device here takes.
        guard length == 4, at & 3 == 2 else { return drop(packet, .ipExtensionHeader) }
        let size = packet.networkPointer.loadBE32(at: at + 2)
        if size <= 65535 || packet.ipv6.payloadLength != 0 {
            sendICMPError(
                about: packet, type: ICMPv6Type.parameterProblem, code: 0,
                info: UInt32(size <= 65535 ? at + 2 : at))
        }
        return drop(packet, .ipExtensionHeader)
    }
}
