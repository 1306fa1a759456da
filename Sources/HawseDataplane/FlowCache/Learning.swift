import HawseModel
import HawseWire

extension Walk {
    /// From here on the packet's way is written down: it belongs to a known connection, and has just come in.
    @inline(never)
    func beginRecording(_ packet: PacketRef) {
        if node.pointee.flows.recorder.isOn { dropRecording() }
        let count = Int(packet.pointee.end &- packet.pointee.mac)
        guard packet.pointee.mac >= 0, let frame = KnownFrame(packet.ethernet.base, count: count) else { return }
        let reference = node.pointee.connections.find(frame, FlowHint(), now: node.pointee.now)
        guard reference != 0 || node.pointee.ipvs.active != 0, let copy = node.pointee.pool.take(bytes: count) else { return }
        copy.fill(frame: UnsafeRawBufferPointer(start: packet.ethernet.base, count: count), linkLength: 14)
        copy.pointee.inInterface = packet.pointee.inInterface
        node.pointee.flows.recorder.begin(packet, copy: copy, length: frame.length)
        guard reference != 0 else { return }
        let connection = node.pointee.connections.records[Int(reference >> 1)]
        let direction: Direction = reference & 1 == 0 ? .original : .reply
        node.pointee.flows.recorder.connection = connection
        node.pointee.flows.recorder.direction = direction
        node.pointee.flows.recorder.info = fastInfo(connection, direction)
    }

    func dropRecording() {
        node.pointee.flows.recorder.isOn = false
        if let copy = node.pointee.flows.recorder.copy { node.pointee.pool.give(back: copy) }
    }

    /// The packet has ended some other way than by leaving.
    func abandonRecording(of packet: PacketRef) {
        if node.pointee.flows.recorder.packet == packet { dropRecording() }
    }

    /// The packet is about to go into a tunnel; what follows is the outer packet's way.
    @inline(never)
    func noteEncapsulation(
        _ packet: PacketRef, _ entry: ForwardingTable.Entry, _ device: UnsafeMutablePointer<VXLANDevice>
    ) {
        guard node.pointee.flows.recorder.packet == packet else { return }
        if node.pointee.flows.recorder.isEncapsulated || !entry.isStatic || entry.remoteCount != 1
            || !holdsRecordedConnection(packet) || device.pointee.inheritsTTL
            || device.pointee.dontFragment == .inherit
        {
            voidRecording()
        }
        node.pointee.flows.recorder.isEncapsulated = true
        node.pointee.flows.recorder.tunnel = device.pointee.device
    }

    func holdsRecordedConnection(_ packet: PacketRef) -> Bool {
        packet.pointee.connection != 0
            && node.pointee.connections[packet.pointee.connection] == node.pointee.flows.recorder.connection
    }

    /// The frame is complete and about to leave. The connection gets the trajectory only when the fast path would have
    /// made the very same bytes: what cannot be foretold is not cached.
    @inline(never)
    func endRecording(_ packet: PacketRef) {
        let recorder = node.pointee.flows.recorder
        guard recorder.packet == packet, let copy = recorder.copy else { return }
        if !recorder.isVoid, packet.pointee.mac >= 0, packet.pointee.network &- packet.pointee.mac == 14,
            let frame = KnownFrame(copy.ethernet.base, count: Int(copy.pointee.end &- copy.pointee.mac)),
            // A host that talks to itself: which of the two entries is found is for the whole walk to say.
            frame.source != frame.destination
        {
            if let connection = recorder.connection {
                if connection.pointee.isConfirmed, !connection.pointee.isDying,
                    recorder.isEncapsulated || holdsRecordedConnection(packet)
                {
                    learn(packet, frame, connection, recorder)
                }
            } else if recorder.virtual != 0 {
                learnUntracked(packet, frame, recorder)
            }
        }
        dropRecording()
    }

    func learn(
        _ packet: PacketRef, _ frame: KnownFrame, _ connection: ConnectionRef, _ recorder: PathRecorder
    ) {
        var way = arriving(frame, recorder)
        way.outInterface = packet.pointee.outInterface
        way.mark = packet.pointee.mark
        way.flags.formUnion(recorder.asks)
        var inner = packet.ethernet.base
        if recorder.isEncapsulated {
            guard learnTunnel(packet, &way) else { return }
            inner += way.tunnel.length
        }
        if recorder.virtual != 0 { way.flags.insert(.isVirtual) }
        if recorder.connection == nil { way.flags.insert(.isUntracked) }
        way.ethernetHigh = inner.loadBE64(at: 0)
        way.ethernetMiddle = inner.loadBE32(at: 8)
        way.ethernetType = inner.loadEtherType(at: 12)
        guard way.ethernetType == (frame.isIPv4 ? .ipv4 : .ipv6),
            Int(packet.pointee.end) - (inner - packet.pointee.buffer) == frame.length + 14
        else { return }
        noteChanges(frame, inner + 14, &way)
        guard writesSame(packet, frame, connection, &way) else { return }
        keep(way, connection, recorder)
    }

    /// What a packet must be like on arrival.
    func arriving(_ frame: KnownFrame, _ recorder: PathRecorder) -> Trajectory {
        var way = Trajectory()
        let interface = recorder.copy.map { $0.pointee.inInterface } ?? 0
        way.destinationMAC = frame.destinationMAC
        way.inInterface = interface
        way.bridge = node.pointee.interfaces[interface].pointee.master
        way.version = frame.isIPv4 ? 4 : 6
        way.service = frame.service
        way.info = recorder.info
        way.direction = recorder.direction
        way.markBefore = recorder.markBefore
        way.maximumLength = recorder.maximumLength
        return way
    }

    /// What has become of addresses, ports and hops.
    private func noteChanges(_ frame: KnownFrame, _ ip: UnsafeRawPointer, _ way: inout Trajectory) {
        let isIPv4 = frame.isIPv4
        let source = isIPv4 ? AddressBits(ipv4: ip.loadBE32(at: 12)) : ip.loadAddressBits(at: 8)
        let destination = isIPv4 ? AddressBits(ipv4: ip.loadBE32(at: 16)) : ip.loadAddressBits(at: 24)
        let transport = ip + frame.headerLength
        if source != frame.source || transport.loadBE16(at: 0) != frame.sourcePort { way.flags.insert(.rewritesSource) }
        if destination != frame.destination || transport.loadBE16(at: 2) != frame.destinationPort {
            way.flags.insert(.rewritesDestination)
        }
        let hops = isIPv4 ? 8 : 7
        if ip.load8(at: hops) != frame.ip.load8(at: hops) { way.flags.insert(.takesHop) }
    }

    /// The outer part of the way: its headers, and the outer packet's own connection. False: it cannot be foretold.
    private func learnTunnel(_ packet: PacketRef, _ way: inout Trajectory) -> Bool {
        guard packet.pointee.ipProtocol == .udp,
            packet.pointee.transport &- packet.pointee.network == (packet.isIPv4 ? 20 : 40),
            packet.transportLength >= 16 + 14 + 28
        else { return false }
        way.flags.insert(.encapsulates)
        way.tunnel = TunnelHeader(packet.ethernet.base, isIPv6: packet.isIPv6)
        way.tunnel.device = node.pointee.flows.recorder.tunnel
        if packet.pointee.connection == 0 { return !node.pointee.netfilter(packet).pointee.usesConntrack }
        let outer = node.pointee.connections[packet.pointee.connection]
        let info = packet.pointee.connectionInfo
        guard outer.pointee.isConfirmed, info == .new || info == .established,
            outer.pointee.status.isDisjoint(with: .unsteady), outer.pointee.status.isDisjoint(with: .natMask)
        else { return false }
        way.tunnel.isTracked = true
        way.tunnel.info = info
        way.tunnel.natDone = outer.pointee.status.intersection(.natDoneMask)
        way.tunnel.settle(asksIPVS: way.flags.contains(.localAsksIPVS))
        return true
    }

    /// Does the way lead from the frame as it came to the packet as it leaves, byte for byte?
    private func writesSame(
        _ packet: PacketRef, _ frame: KnownFrame, _ connection: ConnectionRef, _ way: inout Trajectory
    ) -> Bool {
        let direction = way.direction
        let base = packet.ethernet.base
        return withUnsafeMutablePointer(to: &way) { way in
            withUnsafeTemporaryAllocation(byteCount: frame.length + Self.slack, alignment: 16) { scratch in
                guard let out = scratch.baseAddress else { return false }
                var length = frame.length + 14
                if way.pointee.flags.contains(.encapsulates) {
                    let isIPv6 = way.pointee.tunnel.isIPv6
                    let outer = OuterPacket(
                        connection: nil, port: packet.transportPointer.loadBE16(at: 0),
                        identification: isIPv6 ? 0 : packet.ipv4.identification)
                    length = writeEncapsulated(frame, way, connection, direction, outer, to: out)
                } else {
                    writeFrame(frame, way, connection, direction, to: out)
                }
                return length == Int(packet.pointee.end &- packet.pointee.mac)
                    && UnsafeRawBufferPointer(start: out, count: length)
                        .elementsEqual(UnsafeRawBufferPointer(start: base, count: length))
            }
        }
    }

    /// The connection's direction has this way from now on.
    func keep(_ way: Trajectory, _ connection: ConnectionRef, _ recorder: PathRecorder) {
        if node.pointee.flows.epoch == 0 {
            node.pointee.connections.forgetWays()
            node.pointee.ipvs.connections.forgetWays()
            node.pointee.flows.beginAgain()
        }
        let virtual = node.pointee.ipvs.connections.live(recorder.virtual)
        if recorder.virtual != 0 {
            guard let virtual, hasSameEnds(virtual, connection) else { return }
        }
        let word = node.pointee.flows.intern(way)
        guard word != 0 else { return }
        if recorder.connection == nil, let virtual {
            node.pointee.ipvs.connections.setWay(virtual, recorder.direction, word)
            return
        }
        node.pointee.connections.setWay(connection, recorder.direction, word)
        if let virtual {
            node.pointee.connections.setLink(
                connection, FlowLink(handle: recorder.virtual, port: virtual.pointee.generation))
            // The tunnel's port goes by the tracked connection, which may be another one than last time.
            virtual.pointee.link = FlowLink()
        }
    }

    /// A tunnel's packet has reached its device: the outer connection's way ends here, and its contents' begins.
    @inline(never)
    func learnDecapsulation(_ packet: PacketRef, _ device: UnsafeMutablePointer<VXLANDevice>, _ mark: UInt32) {
        let recorder = node.pointee.flows.recorder
        guard recorder.packet == packet, let copy = recorder.copy, let connection = recorder.connection else { return }
        defer { dropRecording() }
        guard !recorder.isVoid, connection.pointee.isConfirmed, !connection.pointee.isDying, recorder.virtual == 0,
            connection.pointee.status.isDisjoint(with: .natMask), holdsRecordedConnection(packet),
            !device.pointee.learning, packet.pointee.priority == 0, packet.pointee.secmark == 0,
            let frame = KnownFrame(copy.ethernet.base, count: Int(copy.pointee.end &- copy.pointee.mac))
        else { return }
        var way = arriving(frame, recorder)
        way.flags.formUnion(recorder.asks)
        way.flags.insert(.decapsulates)
        way.outInterface = device.pointee.device
        way.mark = mark
        way.tunnel.bytes.0 = packet.transportPointer.loadBE64(at: 8)
        keep(way, connection, recorder)
    }
}
