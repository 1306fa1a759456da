import HawseModel
import HawseWire

extension Walk {
    /// `ip_finish_output` / `ip6_finish_output`: a packet larger than the MTU leaves in pieces, or is refused with an
    /// ICMP error; one that came in pieces leaves in pieces.
    @inline(__always)
    func fragment(_ packet: PacketRef) -> Stage {
        let mtu = outputMTU(packet)
        noteLimit(mtu, packet)
        if packet.length <= mtu, packet.pointee.fragmentMaxSize == 0 { return .neighbour }
        return fragmentSlow(packet, mtu)
    }

    /// `ip_skb_dst_mtu`, `ip6_skb_dst_mtu`.
    @inline(__always)
    private func outputMTU(_ packet: PacketRef) -> Int {
        let route = packet.pointee.route
        let device = node.pointee.interfaces[packet.pointee.outInterface]
        if packet.isIPv4 { return route.mtu != 0 ? Int(route.mtu) : device.pointee.mtu }
        return route.mtu != 0 ? Int(route.mtu) : device.pointee.mtu6
    }

    @inline(never)
    private func fragmentSlow(_ packet: PacketRef, _ mtu: Int) -> Stage {
        voidRecording()
        if packet.pointee.flags.contains(.gso), packet.pointee.fragmentMaxSize == 0 { return .neighbour }
        return packet.isIPv4 ? fragment4(packet, mtu, next: .neighbour) : fragment6(packet, mtu, next: .neighbour)
    }

    /// `ip_fragment` and `ip_do_fragment`.
    func fragment4(_ packet: PacketRef, _ limit: Int, next: Stage) -> Stage {
        let ip = packet.ipv4
        let largest = Int(packet.pointee.fragmentMaxSize)
        let mayCut = packet.pointee.flags.contains(.ignoreDF)
            || (largest != 0 && !packet.pointee.flags.contains(.gatheredInForward))
        if ip.dontFragment, !mayCut || largest > limit {
            sendICMPError(
                about: packet, type: ICMPType.destinationUnreachable, code: ICMPUnreachableCode.fragmentationNeeded,
                info: UInt32(clamping: limit))
            return drop(packet, .packetTooBig)
        }
        let headerLength = ip.headerLength
        let mtu = (largest != 0 && largest < limit ? largest : limit) - headerLength
        guard mtu >= 8 else { return drop(packet, .packetTooBig) }
        let total = packet.length - headerLength
        let sizes = geometry(packet, total, mtu)
        let keepsDF = sizes == nil && packet.pointee.flags.contains(.fragmentDF)
        let base = ip.fragmentOffset
        let isLastOfMore = ip.moreFragments
        var at = 0
        var index = 0
        while at < total {
            var count = min(total - at, mtu)
            if let sizes {
                count = Int(sizes[index])
            } else if count < total - at {
                count &= ~7
            }
            guard let piece = piece(of: packet, header: headerLength, room: 0, from: headerLength + at, count: count)
            else { break }
            let header = piece.ipv4
            header.totalLength = UInt16(truncatingIfNeeded: headerLength + count)
            let hasMore = at + count < total || isLastOfMore
            header.fragmentField =
                UInt16(truncatingIfNeeded: (base + at) >> 3) | (hasMore ? 0x2000 : 0) | (keepsDF ? 0x4000 : 0)
            header.storeChecksum()
            piece.pointee.transport = piece.pointee.network + Int32(headerLength)
            piece.pointee.fragmentOffset = UInt16(truncatingIfNeeded: base + at)
            if at == 0, headerLength > 20, packet.pointee.options.flags.contains(.read) { keepCopiedOptions(packet, headerLength) }
            at += count
            index += 1
            piece.pointee.stage = next
            run(piece)
        }
        return end(packet, .consumed)
    }

    /// The sizes in which the packet came, when it may leave in them again (`skb_has_frag_list`'s checks).
    private func geometry(_ packet: PacketRef, _ total: Int, _ mtu: Int) -> [UInt16]? {
        guard packet.pointee.fragmentGeometry != 0 else { return nil }
        let sizes = node.pointee.reassembly.sizes(packet.pointee.fragmentGeometry)
        guard sizes.count > 1, sizes.reduce(0, { $0 + Int($1) }) == total else { return nil }
        // A transport header in two pieces was pulled into one on the way (early demultiplexing, SCTP's checksum).
        if packet.pointee.ipProtocol == .tcp, sizes[0] < 20 { return nil }
        if packet.pointee.ipProtocol == .sctp, sizes[0] < 12 { return nil }
        for (i, size) in sizes.enumerated() {
            if Int(size) > mtu || (size & 7 != 0 && i < sizes.count - 1) || size == 0 { return nil }
        }
        return sizes
    }

    /// `ip_options_fragment`: later fragments keep only the options that say so. Those of a packet that the stack has not read,
    /// as TEE's copies from PREROUTING and what is bridged, stay as they are.
    private func keepCopiedOptions(_ packet: PacketRef, _ headerLength: Int) {
        let base = packet.networkPointer
        var at = 20
        while at < headerLength {
            let kind = base.load8(at: at)
            if kind == 0 { return }
            if kind == 1 {
                at += 1
                continue
            }
            guard headerLength - at >= 2 else { return }
            let length = Int(base.load8(at: at + 1))
            guard length >= 2, length <= headerLength - at else { return }
            if kind & 0x80 == 0 {
                for i in at..<(at + length) { base.store8(1, at: i) }
            }
            at += length
        }
    }

    /// A packet with this one's first `header` bytes, `room` free bytes and `count` bytes from `from`.
    private func piece(of packet: PacketRef, header: Int, room: Int, from: Int, count: Int) -> PacketRef? {
        guard let piece = node.pointee.pool.take(bytes: header + room + count) else {
            node.pointee.outcomes.count(.dropped(.outOfPackets))
            return nil
        }
        let buffer = piece.pointee.buffer
        let capacity = piece.pointee.capacity
        piece.pointee = packet.pointee
        piece.pointee.buffer = buffer
        piece.pointee.capacity = capacity
        piece.pointee.network = Int32(PacketPool.headroom)
        piece.pointee.end = piece.pointee.network + Int32(header + room + count)
        piece.pointee.connection = 0
        piece.pointee.connectionInfo = .none
        piece.pointee.fragmentGeometry = 0
        piece.pointee.fragmentMaxSize = 0
        piece.pointee.virtualConnection = 0
        if packet.pointee.mac >= 0 {
            let link = packet.pointee.network - packet.pointee.mac
            piece.pointee.mac = piece.pointee.network - link
            (buffer + Int(piece.pointee.mac)).copyMemory(
                from: packet.pointee.buffer + Int(packet.pointee.mac), byteCount: Int(link))
        }
        piece.networkPointer.copyMemory(from: packet.networkPointer, byteCount: header)
        (piece.networkPointer + header + room).copyMemory(from: packet.networkPointer + from, byteCount: count)
        return piece
    }

    /// `ip6_fragment`.
    func fragment6(_ packet: PacketRef, _ limit: Int, next: Stage) -> Stage {
        let largest = Int(packet.pointee.fragmentMaxSize)
        if packet.length <= limit, largest == 0 || packet.length <= largest { return next }
        // `ignore_df`: set on what the kernel itself put together, neither on tunnels' packets nor on raw sockets'.
        let mayFragment =
            largest != 0 || packet.pointee.uid == Packet.kernelSocket || packet.pointee.flags.contains(.ignoreDF)
        if largest > limit || (packet.length > limit && !mayFragment) {
            sendICMPError(about: packet, type: ICMPv6Type.packetTooBig, code: 0, info: UInt32(clamping: limit))
            return drop(packet, .packetTooBig)
        }
        let (unfragmentable, nextOffset) = unfragmentablePart(packet)
        let mtu = (largest != 0 ? max(largest, 1280) : limit) - unfragmentable - 8
        let total = packet.length - unfragmentable
        guard mtu >= 8, total > 0 else { return drop(packet, .packetTooBig) }
        let sizes = geometry(packet, total, mtu)
        let identification = node.pointee.chance.ipIdentification.nextUInt32()
        let upper = packet.networkPointer.load8(at: nextOffset)
        var at = 0
        var index = 0
        while at < total {
            var count = min(total - at, mtu)
            if let sizes {
                count = Int(sizes[index])
            } else if count < total - at {
                count &= ~7
            }
            guard
                let piece = piece(
                    of: packet, header: unfragmentable, room: 8, from: unfragmentable + at, count: count)
            else { break }
            piece.networkPointer.store8(44, at: nextOffset)
            let header = IPv6FragmentHeader(piece.networkPointer + unfragmentable)
            header.nextHeader = IPProtocol(rawValue: upper)
            header.reserved = 0
            header.offsetField = UInt16(truncatingIfNeeded: at) | (at + count < total ? 1 : 0)
            header.identification = identification
            piece.ipv6.payloadLength = UInt16(truncatingIfNeeded: piece.length - 40)
            piece.locateIPv6Transport()
            at += count
            index += 1
            piece.pointee.stage = next
            run(piece)
        }
        return end(packet, .consumed)
    }

    /// `ip6_find_1stfragopt`: bytes that every fragment repeats, and where the last of them names what follows.
    private func unfragmentablePart(_ packet: PacketRef) -> (length: Int, nextOffset: Int) {
        let base = packet.networkPointer
        var nextOffset = 6
        var at = 40
        var sawRouting = false
        while at + 8 <= packet.length {
            switch base.load8(at: nextOffset) {
            case 0: break
            case 43: sawRouting = true
            case 60: if sawRouting { return (at, nextOffset) }
            default: return (at, nextOffset)
            }
            nextOffset = at
            at += (Int(base.load8(at: at + 1)) + 1) * 8
        }
        return (min(at, packet.length), nextOffset)
    }
}
