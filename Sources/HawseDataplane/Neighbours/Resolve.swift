import HawseModel
import HawseWire

extension Walk {
    /// `ip_finish_output2`: puts the Ethernet header on, or queues the packet until its neighbour is known.
    @inline(__always)
    func resolveNeighbour(_ packet: PacketRef) -> Stage {
        let device = node.pointee.interfaces[packet.pointee.outInterface]
        switch device.pointee.kind {
        case .bridge:
            if packet.pointee.flags.contains(.bridgedDNAT), packet.pointee.stage == .neighbour {
                return bridgeToNeighbour(packet)
            }
        case .loopback, .tun, .ipip:
            packet.pointee.mac = -1
            return .transmit
        default: break
        }
        let version: UInt8
        let nextHop: AddressBits
        if packet.pointee.route.gatewayVersion != 0 {
            version = packet.pointee.route.gatewayVersion
            nextHop = packet.pointee.route.gateway
        } else {
            version = packet.pointee.version
            nextHop = packet.destinationBits
        }
        let handle = node.pointee.neighbours.find(nextHop, packet.pointee.outInterface, version: version)
        if handle >= 0 {
            let neighbour = node.pointee.neighbours.entries + Int(handle)
            if neighbour.pointee.isConnected {
                writeEthernet(packet, to: neighbour.pointee.mac, from: device.pointee.mac)
                return .transmit
            }
        }
        return resolveSlow(packet, nextHop, version, device)
    }

    /// The entry of an address, made when there is none; -1 when there is no room for it, or no IPv6 on the device, which ends
    /// below 1,280 bytes (`ndisc_constructor`).
    func neighbourEntry(_ address: AddressBits, _ device: UInt16, version: UInt8) -> Int32 {
        let count = node.pointee.neighbours.count
        if version == 6, node.pointee.interfaces[device].pointee.mtu < 1280 {
            return node.pointee.neighbours.find(address, device, version: 6)
        }
        let handle = node.pointee.neighbours.findOrMake(address, device, version: version, now: node.pointee.now)
        if handle >= 0, node.pointee.neighbours.entries[Int(handle)].state == .none {
            construct(node.pointee.neighbours.entries + Int(handle))
        }
        if node.pointee.neighbours.count == count { return handle }
        let isArmed = version == 6 ? node.pointee.neighbours.isCollecting.1 : node.pointee.neighbours.isCollecting.0
        if !isArmed, node.pointee.neighbours.isCollected(version) { armCollection(version) }
        return handle
    }

    /// `arp_constructor`, `ndisc_constructor`: groups and broadcasts have their MAC from the beginning, and nothing changes it.
    private func construct(_ neighbour: UnsafeMutablePointer<Neighbour>) {
        let address = neighbour.pointee.address
        if neighbour.pointee.version == 6 {
            guard address.high >> 56 == 0xff else { return }
            neighbour.pointee.mac = MACAddress(0x3333_0000_0000 | address.low & 0xffff_ffff)
        } else {
            switch addressKind(address, family: .ipv4, on: 0) {
            case .broadcast: neighbour.pointee.mac = .broadcast
            case .multicast: neighbour.pointee.mac = MACAddress(0x0100_5e00_0000 | UInt64(address.ipv4 & 0x7f_ffff))
            default: return
            }
        }
        neighbour.pointee.state = .noarp
    }

    /// Every half `base_reachable_time` of the family's defaults.
    private func armCollection(_ version: UInt8) {
        if version == 6 { node.pointee.neighbours.isCollecting.1 = true } else { node.pointee.neighbours.isCollecting.0 = true }
        let period = max(node.pointee.neighbours.settings.of(0, version: version).reachable / 2, .seconds(1))
        node.pointee.timers.arm(.neighbourCollection(version), at: node.pointee.now + period)
    }

    func collectNeighbours(_ version: UInt8) {
        node.pointee.flows.invalidate()
        node.pointee.neighbours.collect(version, node.pointee.now)
        if version == 6 { node.pointee.neighbours.isCollecting.1 = false } else { node.pointee.neighbours.isCollecting.0 = false }
        if node.pointee.neighbours.isCollected(version) { armCollection(version) }
    }

    @inline(__always)
    func writeEthernet(_ packet: PacketRef, to destination: MACAddress, from source: MACAddress) {
        packet.pointee.mac = packet.pointee.network &- 14
        let header = packet.pointee.buffer + Int(packet.pointee.mac)
        header.storeBE64(destination.value << 16 | source.value >> 32, at: 0)
        header.storeBE32(UInt32(truncatingIfNeeded: source.value), at: 8)
        let type: EtherType = packet.isIPv4 ? .ipv4 : .ipv6
        header.storeBE16(type.rawValue, at: 12)
        packet.pointee.etherType = type
        packet.pointee.flags.insert(.hasEthernet)
        if packet.pointee.tag != 0 { writeTag(packet) }
    }

    @inline(never)
    private func writeTag(_ packet: PacketRef) {
        let tag = packet.pointee.tag
        packet.pointee.tag = 0
        insertTag(packet, EtherType(rawValue: UInt16(tag >> 16)), UInt16(truncatingIfNeeded: tag))
    }

    /// Group addresses, entries that have to be asked for, and entries on probation (`neigh_resolve_output`).
    @inline(never)
    private func resolveSlow(
        _ packet: PacketRef, _ nextHop: AddressBits, _ version: UInt8, _ device: UnsafeMutablePointer<Interface>
    ) -> Stage {
        if let mac = groupMAC(packet, nextHop, version, device) {
            writeEthernet(packet, to: mac, from: device.pointee.mac)
            return .transmit
        }
        let now = node.pointee.now
        let handle = neighbourEntry(nextHop, device.pointee.index, version: version)
        guard handle >= 0 else { return drop(packet, .neighbourUnresolved) }
        voidRecording()
        node.pointee.neighbours.hasResolved = true
        let neighbour = node.pointee.neighbours.entries + Int(handle)
        neighbour.pointee.used = now
        switch neighbour.pointee.state {
        case .stale:
            neighbour.pointee.state = .delay
            neighbour.pointee.updated = now
            armNeighbour(handle, now + node.pointee.neighbours.parameters(neighbour.pointee).delayProbe)
            fallthrough
        case .delay, .probe, .reachable, .permanent, .noarp:
            writeEthernet(packet, to: neighbour.pointee.mac, from: device.pointee.mac)
            return .transmit
        case .none, .failed:
            // The question is asked from where the packet is: within TEE's or ICMP's sending, if that is so.
            let calling = packet.pointee.flags.intersection(.whileCalling)
            holdForNeighbour(packet, handle)
            packet.pointee.flags.formUnion(calling)
            askFor(handle)
            packet.pointee.flags.subtract(.whileCalling)
            return .held
        case .incomplete:
            holdForNeighbour(packet, handle)
            return .held
        }
    }

    /// `neigh_event_send` for an entry that is not valid: asks, unless that is under way.
    func askFor(_ handle: Int32) {
        let neighbour = node.pointee.neighbours.entries + Int(handle)
        guard neighbour.pointee.state == .none || neighbour.pointee.state == .failed else { return }
        let settings = node.pointee.neighbours.parameters(neighbour.pointee)
        neighbour.pointee.updated = node.pointee.now
        guard settings.multicastProbes > 0 || settings.applicationProbes > 0 else {
            // The packet is freed, and nobody is told.
            neighbour.pointee.state = .failed
            failQueue(handle, isTold: false)
            return
        }
        neighbour.pointee.probes = settings.unicastProbes
        neighbour.pointee.state = .incomplete
        armNeighbour(handle, node.pointee.now + settings.retransmit)
        solicit(handle)
    }

    /// MACs that need no asking (`arp_constructor`, `ndisc_constructor`).
    private func groupMAC(
        _ packet: PacketRef, _ nextHop: AddressBits, _ version: UInt8, _ device: UnsafeMutablePointer<Interface>
    ) -> MACAddress? {
        if version == 4 {
            let value = nextHop.ipv4
            if value >> 28 == 0xe { return MACAddress(0x0100_5e00_0000 | UInt64(value & 0x7f_ffff)) }
            if packet.pointee.route.kind == .broadcast || value == .max { return .broadcast }
            if addressKind(nextHop, family: .ipv4, on: 0) == .broadcast { return .broadcast }
        } else if nextHop.high >> 56 == 0xff {
            return MACAddress(0x3333_0000_0000 | nextHop.low & 0xffff_ffff)
        }
        return device.pointee.kind == .dummy ? device.pointee.mac : nil
    }

    /// `__neigh_event_send`: the queue is bounded in bytes, the oldest packet goes first.
    private func holdForNeighbour(_ packet: PacketRef, _ handle: Int32) {
        let neighbour = node.pointee.neighbours.entries + Int(handle)
        let limit = node.pointee.neighbours.parameters(neighbour.pointee).queueBytes
        let size = Self.trueSize(packet)
        var queue = node.pointee.neighbours.queues[handle] ?? []
        while neighbour.pointee.queuedBytes + size > limit, !queue.isEmpty {
            let oldest = queue.removeFirst()
            neighbour.pointee.queuedBytes -= Self.trueSize(oldest)
            oldest.pointee.disposition = .dropped(.neighbourQueueFull)
            finish(oldest)
        }
        packet.pointee.flags.subtract(.whileCalling)
        queue.append(packet)
        neighbour.pointee.queuedBytes += size
        node.pointee.neighbours.queues[handle] = queue
        note(packet, .neighbour("waits for \(IPAddress(family: neighbour.pointee.version == 6 ? .ipv6 : .ipv4, bits: neighbour.pointee.address))"))
    }

    /// `skb->truesize` of a packet that was allocated at its size: the slab its data fits in with what is shared
    /// (`skb_small_head_cache` has one for all small ones), and the descriptor.
    private static func trueSize(_ packet: PacketRef) -> Int {
        let need = (packet.length + 32 + 63) & ~63 + 320
        if need <= 640 { return 640 + 256 }
        var slab = 1024
        while slab < need { slab *= 2 }
        return slab + 256
    }

    /// `pneigh_enqueue`: who stands in for another answers questions to everybody after a random time, so that the
    /// owner may be first. `nil`: answer now.
    func delayForProxy(_ packet: PacketRef, _ family: AddressFamily) -> Stage? {
        guard packet.pointee.packetType != .host else { return nil }
        let settings = node.pointee.neighbours.settings.of(packet.pointee.inInterface, version: family.rawValue)
        let longest = settings.proxyDelay
        guard longest > 0 else { return nil }
        guard let handle = node.pointee.neighbours.delay(packet, atMost: settings.proxyQueue) else { return drop(packet, .neighbourQueueFull) }
        let wait = Int64(node.pointee.chance.hashSeed.below(UInt32(clamping: longest / 1000))) &* 1000
        node.pointee.timers.arm(.neighbour(handle), at: node.pointee.now + wait)
        return .held
    }

    func armNeighbour(_ handle: Int32, _ due: Instant) {
        let neighbour = node.pointee.neighbours.entries + Int(handle)
        neighbour.pointee.timerGeneration &+= 1
        neighbour.pointee.timerDue = due
        node.pointee.timers.arm(.neighbour(UInt32(bitPattern: handle)), at: due)
    }

    func disarmNeighbour(_ handle: Int32) {
        node.pointee.neighbours.entries[Int(handle)].timerDue = .distantFuture
    }

    /// `neigh_timer_handler`.
    func neighbourTimer(_ handle: UInt32) {
        if handle & 0x8000_0000 != 0 {
            guard let packet = node.pointee.neighbours.delayed.removeValue(forKey: handle) else { return }
            // Its turn has come: nothing delays a question a second time (`LOCALLY_ENQUEUED`).
            packet.pointee.packetType = .host
            packet.pointee.stage = packet.pointee.etherType == .arp ? .arp : .deliver
            run(packet)
            return
        }
        let index = Int32(bitPattern: handle)
        guard index >= 0, Int(index) < node.pointee.neighbours.count else { return }
        let neighbour = node.pointee.neighbours.entries + Int(index)
        let now = node.pointee.now
        // A timer that was cancelled or moved since it was armed.
        guard neighbour.pointee.timerDue <= now else { return }
        node.pointee.flows.invalidate()
        neighbour.pointee.timerDue = .distantFuture
        let settings = node.pointee.neighbours.parameters(neighbour.pointee)
        switch neighbour.pointee.state {
        case .reachable:
            if now < neighbour.pointee.confirmed + settings.reachable {
                armNeighbour(index, neighbour.pointee.confirmed + settings.reachable)
            } else if now <= neighbour.pointee.used + settings.delayProbe {
                neighbour.pointee.state = .delay
                neighbour.pointee.updated = now
                armNeighbour(index, now + settings.delayProbe)
            } else {
                neighbour.pointee.state = .stale
                neighbour.pointee.updated = now
            }
            return
        case .delay:
            if now <= neighbour.pointee.confirmed + settings.delayProbe {
                neighbour.pointee.state = .reachable
                armNeighbour(index, neighbour.pointee.confirmed + settings.reachable)
                return
            }
            neighbour.pointee.state = .probe
            neighbour.pointee.updated = now
            neighbour.pointee.probes = 0
        case .incomplete, .probe: break
        default: return
        }
        probeOrFail(index, settings)
    }

    private func probeOrFail(_ index: Int32, _ settings: NeighbourParameters) {
        let neighbour = node.pointee.neighbours.entries + Int(index)
        guard neighbour.pointee.probes < settings.mostProbes(isProbing: neighbour.pointee.state == .probe) else {
            neighbour.pointee.state = .failed
            neighbour.pointee.updated = node.pointee.now
            failQueue(index)
            return
        }
        armNeighbour(index, node.pointee.now + settings.retransmit)
        solicit(index)
    }

    /// `neigh_invalidate`: everybody who waited gets host unreachable (`arp_error_report`, `ndisc_error_report`).
    func failQueue(_ handle: Int32, isTold: Bool = true) {
        let queue = node.pointee.neighbours.queues.removeValue(forKey: handle) ?? []
        node.pointee.neighbours.entries[Int(handle)].queuedBytes = 0
        for packet in queue {
            if isTold { linkFailure(packet) }
            packet.pointee.disposition = .dropped(.neighbourUnresolved)
            finish(packet)
        }
    }

    /// `neigh_update`: what an answer or question says of a neighbour. Packets that waited leave now, in order.
    func updateNeighbour(
        _ handle: Int32, _ address: MACAddress?, _ proposed: Neighbour.State, override: Bool, weak: Bool = false
    ) {
        let neighbour = node.pointee.neighbours.entries + Int(handle)
        let old = neighbour.pointee.state
        if old == .permanent || old == .noarp { return }
        let wasValid = neighbour.pointee.isValid
        let now = node.pointee.now
        var new = proposed
        guard var mac = address ?? (wasValid ? neighbour.pointee.mac : nil) else { return }
        if new == .reachable { neighbour.pointee.confirmed = now }
        if wasValid {
            if mac != neighbour.pointee.mac, !override {
                guard weak, neighbour.pointee.isConnected else { return }
                mac = neighbour.pointee.mac
                new = .stale
            } else if mac == neighbour.pointee.mac, new == .stale {
                new = old
            }
        }
        if new != old || mac != neighbour.pointee.mac {
            neighbour.pointee.updated = now
            node.pointee.flows.invalidate()
        }
        if new != old {
            disarmNeighbour(handle)
            neighbour.pointee.state = new
            if new == .reachable { armNeighbour(handle, now + node.pointee.neighbours.parameters(neighbour.pointee).reachable) }
        }
        neighbour.pointee.mac = mac
        if new != old, !wasValid { releaseQueue(handle) }
    }

    /// Packets that waited for a neighbour that has been configured since.
    func releaseWaiting(_ address: IPAddress, _ device: UInt16) {
        let handle = node.pointee.neighbours.find(address.bits, device, version: address.family.rawValue)
        if handle >= 0 { releaseQueue(handle) }
    }

    private func releaseQueue(_ handle: Int32) {
        let queue = node.pointee.neighbours.queues.removeValue(forKey: handle) ?? []
        node.pointee.neighbours.entries[Int(handle)].queuedBytes = 0
        for packet in queue {
            packet.pointee.cause = node.pointee.frameOrdinal
            packet.pointee.stage = .neighbour
            run(packet)
        }
    }
}
