import HawseModel
import HawseWire

extension Walk {
    /// `nf_defrag_ipv4` / `nf_defrag_ipv6`: holds fragments until the datagram is whole.
    @inline(__always)
    func defragment(_ packet: PacketRef, at hook: Hook) -> Verdict {
        if packet.isIPv4 {
            if packet.ipv4.fragmentField & 0x3fff == 0 { return .accept }
        } else {
            let next = packet.ipv6.nextHeader
            if !IPv6ExtensionWalk.isExtension(next) { return .accept }
        }
        if packet.pointee.connectionInfo == .untracked { return .accept }
        let user: DefragUser = packet.pointee.flags.contains(.bridged) ? .bridgeIn
            : hook == .prerouting ? .conntrackIn : .conntrackOut
        return packet.isIPv4 ? gatherIPv4(packet, user) : gatherIPv6(packet, user)
    }

    /// `ip_local_deliver`: fragments for the node itself are put together even without conntrack. (IPv6 does it as
    /// the fragment header's protocol handler: see `reassembleDelivered`.)
    @inline(__always)
    func defragmentForDelivery(_ packet: PacketRef) -> Verdict {
        guard packet.isIPv4, packet.ipv4.fragmentField & 0x3fff != 0 else { return .accept }
        return gatherIPv4(packet, .localDeliver)
    }

    /// `ipv6_frag_rcv`: an IPv6 fragment that got to local delivery. Accept: the packet is whole now.
    func reassembleDelivered(_ packet: PacketRef) -> Verdict {
        guard packet.isIPv6, IPv6ExtensionWalk.isExtension(packet.ipv6.nextHeader) else { return .accept }
        return gatherIPv6(packet, .localDeliver)
    }

    /// Held: the packet belongs to its queue until the datagram is whole or its time is over.
    func hold(_ packet: PacketRef) -> Verdict {
        packet.pointee.stage = .held
        return .stolen
    }

    func refuseFragment(_ packet: PacketRef, _ reason: DropReason) -> Verdict {
        packet.pointee.disposition = .dropped(reason)
        return .drop
    }

    /// `inet_frag_kill` with everything that was held.
    func killQueue(_ slot: Int, _ reason: DropReason) {
        guard let queue = node.pointee.reassembly.remove(slot) else { return }
        for fragment in queue.fragments {
            fragment.packet.pointee.disposition = .dropped(reason)
            finish(fragment.packet)
        }
    }

    /// Makes the last packet the whole datagram (`inet_frag_reasm_prepare`, `inet_frag_reasm_finish`): it gets the first
    /// fragment's bytes and what goes with them, and the others' payload behind. `last` is in the queue too.
    func join(_ queue: FragmentQueue, into last: PacketRef) {
        var fragments = queue.fragments
        let first = fragments[0].packet
        if first != last {
            swapContents(first, last)
            for i in fragments.indices where fragments[i].packet == first || fragments[i].packet == last {
                fragments[i].packet = fragments[i].packet == first ? last : first
            }
        }
        // Trim the first to what counts, then append.
        last.pointee.end = fragments[0].payload + Int32(fragments[0].count)
        last.reserveTail(queue.length)
        for fragment in fragments.dropFirst() {
            let source = fragment.packet.pointee.buffer + Int(fragment.payload)
            (last.pointee.buffer + Int(last.pointee.end)).copyMemory(from: source, byteCount: fragment.count)
            last.pointee.end += Int32(fragment.count)
            fragment.packet.pointee.disposition = .consumed
            finish(fragment.packet)
        }
        last.pointee.fragmentGeometry = node.pointee.reassembly.remember(sizes(fragments, queue.key, of: last))
    }

    /// The pieces that the datagram consists of in memory. For delivery, IPv4 fragments that fit behind the first one's bytes
    /// are copied there (`skb_try_coalesce`, `ip_frag_coalesce_ok`).
    private func sizes(_ fragments: [HeldFragment], _ key: FragmentKey, of packet: PacketRef) -> [UInt16] {
        var sizes = fragments.map { UInt16(clamping: $0.count) }
        guard key.version == 4, key.user == .localDeliver else { return sizes }
        let frame = 14 + Int(fragments[0].payload - packet.pointee.network) + fragments[0].count
        var room = Self.tailroom(frame)
        while sizes.count > 1, Int(sizes[1]) <= room, let sum = UInt16(exactly: Int(sizes[0]) + Int(sizes[1])) {
            room -= Int(sizes[1])
            sizes[0] = sum
            sizes.remove(at: 1)
        }
        return sizes
    }

    /// Free bytes behind a frame that came from a packet socket by way of a veth: 16 before it and 320 behind, in the sizes
    /// of which the kernel allocates.
    private static func tailroom(_ frame: Int) -> Int {
        let needed = (16 + frame + 63) & ~63 + 320
        let size = [640, 1024, 2048, 4096].first { needed <= $0 } ?? needed
        return max(size - 336 - frame, 0)
    }

    /// `skb_morph`: bytes and metadata of the first fragment go to the packet that completed the datagram, which stays
    /// what caused it.
    private func swapContents(_ a: PacketRef, _ b: PacketRef) {
        swap(&a.pointee.buffer, &b.pointee.buffer)
        swap(&a.pointee.capacity, &b.pointee.capacity)
        swap(&a.pointee.mac, &b.pointee.mac)
        swap(&a.pointee.network, &b.pointee.network)
        swap(&a.pointee.transport, &b.pointee.transport)
        swap(&a.pointee.end, &b.pointee.end)
        b.pointee.mark = a.pointee.mark
        b.pointee.packetType = a.pointee.packetType
        b.pointee.physIn = a.pointee.physIn
    }

    /// `ip_expire` / `ip6frag_expire_frag_queue`: the datagram did not get whole in time. The sender is told when the first
    /// fragment is here; for datagrams put together only for conntrack on their way in, IPv4 tells it just about the node's own.
    func reassemblyTimer(_ handle: UInt32) {
        guard let slot = node.pointee.reassembly.slot(ofTimer: handle),
            let queue = node.pointee.reassembly.remove(slot)
        else { return }
        if queue.hasFirst, let head = queue.fragments.first?.packet, queue.interface != 0 {
            if queue.key.version == 6 {
                sendICMPError(about: head, type: ICMPv6Type.timeExceeded, code: 1, info: 0)
            } else {
                head.pointee.route = lookupInput(head)
                let isOnlyTracked = queue.key.user == .conntrackIn || queue.key.user == .bridgeIn
                if head.pointee.route.kind == .local || !isOnlyTracked {
                    sendICMPError(about: head, type: ICMPType.timeExceeded, code: 1, info: 0)
                }
            }
        }
        for fragment in queue.fragments {
            fragment.packet.pointee.disposition = .dropped(.fragmentTimeout)
            finish(fragment.packet)
        }
    }

    /// Arms a new queue's timer, which the kernel's timer wheel lets fire late. `ipfrag_time` and the like are in seconds.
    func armReassembly(_ slot: Int, _ sysctl: String, _ fallback: Int) {
        let seconds = max(node.pointee.settings.all.integer(sysctl, default: fallback), 0)
        let jiffy = Jiffies.at(node.pointee.now)
        let fires = Jiffies.fire(jiffy + Jiffies.seconds(seconds), at: jiffy)
        node.pointee.timers.arm(
            .reassembly(node.pointee.reassembly.timerHandle(slot)), at: Instant(nanoseconds: fires * Jiffies.nanoseconds))
    }
}
