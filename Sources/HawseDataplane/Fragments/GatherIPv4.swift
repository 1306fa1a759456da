import HawseModel
import HawseWire

extension Walk {
    /// `ip_defrag`: puts a fragment in its queue. Accept: it was the last missing, and the packet is the datagram now.
    @inline(never)
    func gatherIPv4(_ packet: PacketRef, _ user: DefragUser) -> Verdict {
        let ip = packet.ipv4
        let key = FragmentKey(
            source: ip.sourceBits, destination: ip.destinationBits, identification: UInt32(ip.identification),
            ipProtocol: ip.protocolNumber, version: 4, user: user, interface: 0)
        guard let (slot, isNew) = node.pointee.reassembly.slot(for: key) else {
            return refuseFragment(packet, .fragmentLimit)
        }
        if isNew { armReassembly(slot, "net.ipv4.ipfrag_time", 30) }
        let distance = node.pointee.settings.all.integer("net.ipv4.ipfrag_max_dist", default: 64)
        var target = slot
        if node.pointee.reassembly.isTooFar(slot, maximum: distance) {
            // `ip_frag_reinit`: what is held is likely of an older datagram with the same number.
            killQueue(slot, .fragmentMalformed)
            guard let (fresh, _) = node.pointee.reassembly.slot(for: key) else {
                return refuseFragment(packet, .fragmentLimit)
            }
            target = fresh
            armReassembly(target, "net.ipv4.ipfrag_time", 30)
        }
        switch queueIPv4(packet, target) {
        case .held: break
        case .duplicate: return refuseFragment(packet, .fragmentOverlap)
        case .spoilt(let reason):
            killQueue(target, reason)
            return refuseFragment(packet, reason)
        }
        let isComplete = node.pointee.reassembly.withQueue(target) { $0.isComplete } ?? false
        return isComplete ? finishIPv4(packet, target) : hold(packet)
    }

    private enum Queued {
        case held, duplicate
        case spoilt(DropReason)
    }

    /// `ip_frag_queue`.
    private func queueIPv4(_ packet: PacketRef, _ slot: Int) -> Queued {
        let ip = packet.ipv4
        let headerLength = ip.headerLength
        let offset = ip.fragmentOffset
        let isLast = !ip.moreFragments
        let hasDF = ip.dontFragment
        let ecn: UInt8 = 1 << ip.ecn
        let interface = packet.pointee.inInterface
        var end = offset + packet.length - headerLength
        return node.pointee.reassembly.withQueue(slot) { queue in
            if isLast {
                if end < queue.length || (queue.hasLast && end != queue.length) { return .spoilt(.fragmentMalformed) }
                queue.hasLast = true
                queue.length = end
            } else {
                end &= ~7
                if end > queue.length {
                    if queue.hasLast { return .spoilt(.fragmentMalformed) }
                    queue.length = end
                }
            }
            if end <= offset { return .spoilt(.fragmentMalformed) }
            switch queue.insert(offset: offset, end: end) {
            case .ok: break
            case .duplicate: return .duplicate
            case .overlap: return .spoilt(.fragmentOverlap)
            }
            queue.interface = interface
            queue.ecn |= ecn
            queue.add(
                HeldFragment(
                    packet: packet, offset: offset, count: end - offset,
                    payload: packet.pointee.network + Int32(headerLength)))
            let size = end - offset + headerLength
            queue.maximumSize = max(queue.maximumSize, size)
            if hasDF { queue.maximumDFSize = max(queue.maximumDFSize, size) }
            return .held
        } ?? .duplicate
    }

    /// `ip_frag_reasm`.
    private func finishIPv4(_ packet: PacketRef, _ slot: Int) -> Verdict {
        guard let queue = node.pointee.reassembly.remove(slot), let head = queue.fragments.first else {
            return refuseFragment(packet, .fragmentMalformed)
        }
        let total = Int(head.payload - head.packet.pointee.network) + queue.length
        guard let ecn = queue.combinedECN, total <= 65535 else {
            for fragment in queue.fragments where fragment.packet != packet {
                fragment.packet.pointee.disposition = .dropped(.fragmentMalformed)
                finish(fragment.packet)
            }
            return refuseFragment(packet, .fragmentMalformed)
        }
        join(queue, into: packet)
        let ip = packet.ipv4
        ip.totalLength = UInt16(total)
        ip.tos |= ecn
        packet.pointee.fragmentMaxSize = UInt16(clamping: max(queue.maximumDFSize, queue.maximumSize))
        if queue.maximumDFSize == queue.maximumSize {
            packet.pointee.flags.insert(.fragmentDF)
            ip.fragmentField = 0x4000
        } else {
            ip.fragmentField = 0
        }
        ip.storeChecksum()
        guard packet.dissectIPv4(verifyChecksum: false) == .ok else {
            return refuseFragment(packet, .fragmentMalformed)
        }
        return .accept
    }
}
