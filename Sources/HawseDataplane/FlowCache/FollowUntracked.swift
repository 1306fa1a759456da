import HawseModel
import HawseWire

/// Known flows that only the virtual server knows: on a node that tracks nothing, or where it takes its packets out of
/// tracking (`net.ipv4.vs.conntrack` 0). Their trajectories hang on the virtual connection.
extension Walk {
    /// A frame of no tracked connection.
    @inline(never)
    func followUntracked(_ frame: KnownFrame, _ arrival: Arrival) -> FastOutcome {
        let family = frame.isIPv4 ? node.pointee.netfilter4 : node.pointee.netfilter6
        guard node.pointee.ipvs.isActive(frame.isIPv4 ? 4 : 6), !node.pointee.ipvs.isBackupOnly,
            node.pointee.ipvs.connections.localClients == 0
        else { return .walk }
        let flow = VirtualFlow(frame.tuple)
        var direction = Direction.original
        var found = node.pointee.ipvs.connections.findIncoming(flow)
        if found == nil {
            found = node.pointee.ipvs.connections.findOutgoing(flow)
            direction = .reply
        }
        guard let virtual = found, virtual.pointee.flags.isDisjoint(with: .unsteady), virtual.pointee.server >= 0,
            !family.pointee.usesConntrack || !virtual.pointee.flags.contains(.netfilterConntrack)
        else { return .walk }
        let words = node.pointee.ipvs.connections.ways(virtual)
        guard let way = node.pointee.flows.trajectory(direction == .original ? words.original : words.reply),
            way.pointee.direction == direction, fits(frame, arrival, way, way.pointee.info)
        else { return .record }
        let rewrites = !way.pointee.flags.isDisjoint(with: .rewrites)
        // UDP without a checksum gets one from the virtual server.
        if rewrites, frame.ipProtocol == .udp, frame.transport.loadBE16(at: 6) == 0 { return .walk }
        if family.pointee.usesConntrack {
            guard let info = trackStranger(frame), info == way.pointee.info else { return .walk }
        }
        way.pointee.packets &+= 1
        way.pointee.bytes &+= UInt64(truncatingIfNeeded: frame.length)
        countVirtual(virtual, frame, direction)
        if rewrites { setStranger(virtual) }
        let out = node.pointee.outputs.reserve(frame.length &+ Self.slack)
        writeFrame(frame, way, node.pointee.flows.stranger, direction, to: out)
        leave(frame.length &+ 14, way, arrival)
        return .sent
    }

    /// What the tracker makes of a packet that is the first of a connection every time, since none is ever confirmed: NEW,
    /// or INVALID (`.none`). `nil`: it is not so, and the walk must look.
    private func trackStranger(_ frame: KnownFrame) -> ConnectionInfo? {
        let tuple = frame.tuple
        guard let reply = tuple.inverted, node.pointee.connections.expectations.isEmpty else { return nil }
        let hash = node.pointee.connections.hash(tuple, zone: 0)
        if node.pointee.connections.find(tuple, zone: 0, hash: hash, now: node.pointee.now) != nil { return nil }
        guard let record = node.pointee.connections.allocate(now: node.pointee.now, hash: hash) else { return nil }
        defer { node.pointee.connections.release(record) }
        record.pointee.bits = [.zoneOriginal, .zoneReply]
        node.pointee.connections.setOriginal(record, tuple)
        node.pointee.connections.setReply(record, reply)
        let verdict = frame.ipProtocol == .tcp
            ? trackTCP(frame.headers, record, .original, .prerouting)
            : trackUDP(frame.headers, record, .original, .prerouting)
        switch verdict {
        case .accept: return .new
        case .invalid: return ConnectionInfo.none
        case .again: return nil
        }
    }

    /// Both ends as conntrack would have them, so that packets are rewritten alike.
    func setStranger(_ virtual: VirtualConnectionRef) {
        let v = virtual.pointee
        let stranger = node.pointee.flows.stranger
        if v.version == 4 {
            stranger.pointee.bits = []
            stranger.pointee.address0 = v.client.low << 32 | v.virtual.low
            stranger.pointee.address1 = v.destination.low << 32 | v.client.low
        } else {
            stranger.pointee.bits = [.ipv6, .replyAddresses]
            stranger.pointee.address0 = v.client.high
            stranger.pointee.address1 = v.client.low
            stranger.pointee.address2 = v.virtual.high
            stranger.pointee.address3 = v.virtual.low
            // The extension that no connection has.
            let cold = node.pointee.connections.extensions[0]
            cold.pointee.replySource = v.destination
            cold.pointee.replyDestination = v.client
        }
        stranger.pointee.originalPorts = UInt32(v.clientPort) << 16 | UInt32(v.virtualPort)
        stranger.pointee.replyPorts = UInt32(v.destinationPort) << 16 | UInt32(v.clientPort)
        stranger.pointee.ipProtocol = v.ipProtocol
    }

    // MARK: Learning

    /// The tracker has begun a connection for the packet. That is nothing to learn from, unless it is begun for every packet
    /// of the flow anew.
    func noteBeginning(_ packet: PacketRef) {
        guard node.pointee.flows.recorder.isOn else { return }
        if node.pointee.flows.recorder.packet != packet || node.pointee.flows.recorder.connection != nil
            || node.pointee.flows.recorder.virtual != 0 || node.pointee.flows.recorder.info != .none
            || !node.pointee.connections.expectations.isEmpty
        {
            voidRecording()
        }
        node.pointee.flows.recorder.info = .new
    }

    /// … or has refused the packet, which the way of the others says nothing about. (OUTPUT may take it all the same.)
    func noteRefusal(_ packet: PacketRef) {
        if node.pointee.flows.recorder.isOn, node.pointee.flows.recorder.packet == packet { voidRecording() }
    }

    /// An untracked flow's frame is about to leave: its way, if nothing speaks against it.
    func learnUntracked(_ packet: PacketRef, _ frame: KnownFrame, _ recorder: PathRecorder) {
        guard packet.pointee.connection == 0, recorder.asks.isEmpty, !recorder.isEncapsulated,
            let virtual = node.pointee.ipvs.connections.live(recorder.virtual), virtual.pointee.server >= 0
        else { return }
        setStranger(virtual)
        learn(packet, frame, node.pointee.flows.stranger, recorder)
    }
}

/// The trajectories of an untracked flow, see `FlowCache`.
struct VirtualWays {
    var original: UInt32 = 0
    var reply: UInt32 = 0
}
