import HawseModel
import HawseWire

extension Walk {
    /// `nf_ct_frag6_gather`, `ipv6_frag_rcv`: puts a fragment in its queue. Accept: the packet has no fragment header,
    /// cannot be put together and goes on as it is, or is the whole datagram now.
    @inline(never)
    func gatherIPv6(_ packet: PacketRef, _ user: DefragUser) -> Verdict {
        guard packet.ipv6.payloadLength != 0, let place = findFragmentHeader(packet),
            !isHeaderChainCut(packet, place.fragment)
        else { return .accept }
        let fragment = IPv6FragmentHeader(packet.networkPointer + place.fragment)
        let destination = packet.ipv6.destination
        let isScoped = destination.high >> 56 == 0xff || destination.high >> 54 == 0x3fa
        let key = FragmentKey(
            source: packet.ipv6.source, destination: destination, identification: fragment.identification,
            ipProtocol: .unspecified, version: 6, user: user, interface: isScoped ? packet.pointee.inInterface : 0)
        guard let (slot, isNew) = node.pointee.reassembly.slot(for: key) else {
            return refuseFragment(packet, .fragmentLimit)
        }
        if isNew {
            let isDelivery = user == .localDeliver
            armReassembly(
                slot, isDelivery ? "net.ipv6.ip6frag_time" : "net.netfilter.nf_conntrack_frag6_timeout", 60)
        }
        switch queueIPv6(packet, slot, place) {
        case .held: break
        case .duplicate:
            packet.pointee.disposition = .consumed
            return .drop
        case .refused: return refuseFragment(packet, .fragmentMalformed)
        case .unaligned:
            killQueue(slot, .fragmentMalformed)
            return .accept
        case .overlap:
            killQueue(slot, .fragmentOverlap)
            return refuseFragment(packet, .fragmentOverlap)
        }
        let isComplete = node.pointee.reassembly.withQueue(slot) { $0.isComplete } ?? false
        return isComplete ? finishIPv6(packet, slot) : hold(packet)
    }

    private struct FragmentPlace {
        /// From the IP header: the byte that names the fragment header, and the fragment header.
        var nextHeader: Int
        var fragment: Int
    }

    private enum Queued { case held, duplicate, refused, unaligned, overlap }

    /// `find_prev_fhdr`.
    private func findFragmentHeader(_ packet: PacketRef) -> FragmentPlace? {
        let ip = packet.networkPointer
        let length = packet.length
        var next = packet.ipv6.nextHeader
        var nextHeader = 6
        var offset = 40
        while next != .fragment {
            guard IPv6ExtensionWalk.isExtension(next), next != .noNextHeader, length - offset >= 2 else { return nil }
            let units = Int(ip.load8(at: offset + 1))
            nextHeader = offset
            let size = next == .ah ? (units + 2) * 4 : (units + 1) * 8
            next = ip.loadProtocol(at: offset)
            offset += size
        }
        return length - offset >= 8 ? FragmentPlace(nextHeader: nextHeader, fragment: offset) : nil
    }

    /// `ipv6frag_thdr_truncated`: a first fragment must hold all headers up to the transport's (RFC 8200 section 4.5).
    private func isHeaderChainCut(_ packet: PacketRef, _ fragment: Int) -> Bool {
        let walk = IPv6ExtensionWalk.skip(
            from: .fragment, at: fragment, packet.networkPointer, length: packet.length)
        guard walk.outcome == .found, !walk.isLaterFragment else { return false }
        let need: Int
        switch walk.protocolNumber {
        case .tcp: need = 20
        case .udp, .icmpv6: need = 8
        default: need = 1
        }
        return walk.offset + need > packet.length
    }

    /// `nf_ct_frag6_queue`.
    private func queueIPv6(_ packet: PacketRef, _ slot: Int, _ place: FragmentPlace) -> Queued {
        let field = IPv6FragmentHeader(packet.networkPointer + place.fragment).base.loadBE16(at: 2)
        let offset = Int(field & 0xfff8)
        let payloadLength = Int(packet.ipv6.payloadLength)
        let end = offset + payloadLength - (place.fragment + 8 - 40)
        guard end <= 65535, end >= offset else { return .refused }
        let ecn: UInt8 = 1 << (packet.ipv6.trafficClass & 3)
        let interface = packet.pointee.inInterface
        return node.pointee.reassembly.withQueue(slot) { queue in
            if field & 1 == 0 {
                if end < queue.length || (queue.hasLast && end != queue.length) { return .refused }
                queue.hasLast = true
                queue.length = end
            } else {
                if end & 7 != 0 { return .unaligned }
                if end > queue.length {
                    if queue.hasLast { return .refused }
                    queue.length = end
                }
            }
            if end == offset { return .refused }
            switch queue.insert(offset: offset, end: end) {
            case .ok: break
            case .duplicate: return .duplicate
            case .overlap: return .overlap
            }
            queue.interface = interface
            queue.ecn |= ecn
            queue.maximumSize = max(queue.maximumSize, payloadLength)
            if offset == 0 { queue.nextHeaderOffset = place.nextHeader }
            queue.add(
                HeldFragment(
                    packet: packet, offset: offset, count: end - offset,
                    payload: packet.pointee.network + Int32(place.fragment + 8)))
            return .held
        } ?? .refused
    }

    /// `nf_ct_frag6_reasm`: the fragment header goes, the headers before it move up to the payload.
    private func finishIPv6(_ packet: PacketRef, _ slot: Int) -> Verdict {
        guard let queue = node.pointee.reassembly.remove(slot), let head = queue.fragments.first else {
            return refuseFragment(packet, .fragmentMalformed)
        }
        let unfragmentable = Int(head.payload - head.packet.pointee.network) - 8
        let payloadLength = unfragmentable - 40 + queue.length
        guard let ecn = queue.combinedECN, payloadLength <= 65535 else {
            for fragment in queue.fragments where fragment.packet != packet {
                fragment.packet.pointee.disposition = .dropped(.fragmentMalformed)
                finish(fragment.packet)
            }
            return refuseFragment(packet, .fragmentMalformed)
        }
        join(queue, into: packet)
        let ip = packet.networkPointer
        ip.store8(ip.load8(at: unfragmentable), at: queue.nextHeaderOffset)
        let start = packet.pointee.mac >= 0 ? Int(packet.pointee.mac) : Int(packet.pointee.network)
        let front = packet.pointee.buffer + start
        let count = Int(packet.pointee.network) - start + unfragmentable
        (front + 8).copyMemory(from: front, byteCount: count)
        if packet.pointee.mac >= 0 { packet.pointee.mac += 8 }
        packet.pointee.network += 8
        packet.ipv6.payloadLength = UInt16(payloadLength)
        packet.ipv6.trafficClass |= ecn
        packet.pointee.fragmentMaxSize = UInt16(clamping: 40 + queue.maximumSize)
        packet.pointee.wholeFrom = UInt16(clamping: unfragmentable)
        packet.locateIPv6Transport()
        return .accept
    }
}
