import HawseModel
import HawseWire

/// The virtual server's part in the way of a known frame.
extension Walk {
    /// A known frame of a virtual server's, which leaves as it is or rewritten.
    @inline(never)
    func followVirtual(
        _ frame: KnownFrame, _ arrival: Arrival, _ way: UnsafeMutablePointer<Trajectory>, _ connection: ConnectionRef,
        _ direction: Direction
    ) -> FastOutcome {
        guard let virtual = virtualConnection(frame, connection, direction) else { return .record }
        let verdict = trackKnown(frame, connection, direction)
        guard verdict == .accept else { return verdict == .again ? .walk : .invalid }
        count(frame, way, connection, direction)
        countVirtual(virtual, frame, direction)
        let out = node.pointee.outputs.reserve(frame.length &+ Self.slack)
        writeFrame(frame, way, connection, direction, to: out)
        leave(frame.length &+ 14, way, arrival)
        return .sent
    }

    /// The virtual connection of a tracked one; `nil` when the walk must look. It has the ends that it had when the way was
    /// written down (`hasSameEnds`), as long as it is the same one.
    @inline(__always)
    func virtualConnection(
        _ frame: KnownFrame, _ connection: ConnectionRef, _ direction: Direction
    ) -> VirtualConnectionRef? {
        let link = node.pointee.connections.link(connection)
        let virtual = node.pointee.ipvs.connections[link.handle & ConnectionTable.numberMask]
        let flags = virtual.pointee.flags
        guard virtual.pointee.generation == link.port, link.handle != 0, flags.contains(.hashed),
            flags.isDisjoint(with: .unsteady), virtual.pointee.server >= 0,
            connection.pointee.originalPorts == UInt32(virtual.pointee.clientPort) << 16 | UInt32(virtual.pointee.virtualPort)
        else { return nil }
        // UDP without a checksum gets one from the virtual server.
        if frame.ipProtocol == .udp, frame.transport.loadBE16(at: 6) == 0 { return nil }
        // At LOCAL_IN a request might as well be a reply to the node itself.
        if direction == .original, node.pointee.ipvs.connections.localClients != 0,
            node.pointee.ipvs.connections.findOutgoing(VirtualFlow(frame.tuple)) != nil
        {
            return nil
        }
        return virtual
    }

    /// Has the tracked connection's original direction the virtual connection's ends?
    func hasSameEnds(_ virtual: VirtualConnectionRef, _ connection: ConnectionRef) -> Bool {
        let v = virtual.pointee
        let tuple = node.pointee.connections.tuple(of: connection, .original)
        return tuple.source == v.client && tuple.destination == v.virtual && tuple.sourcePort == v.clientPort
            && tuple.destinationPort == v.virtualPort && tuple.ipProtocol == v.ipProtocol && tuple.version == v.version
    }

    /// Statistics, state and timer, as `ip_vs_in` and `handle_response` leave them.
    @inline(__always)
    func countVirtual(_ virtual: VirtualConnectionRef, _ frame: KnownFrame, _ direction: Direction) {
        node.pointee.ipvs.tally(virtual.pointee.server, direction, bytes: frame.length)
        setState(virtual, frame, direction == .original ? .input : .output)
        if direction == .original {
            virtual.pointee.incomingPackets &+= 1
            if node.pointee.ipvs.sync.isMaster {
                node.pointee.ipvs.noteSync(virtual, packets: Int(virtual.pointee.incomingPackets))
            }
        }
        node.pointee.ipvs.restart(virtual)
    }

    @inline(__always)
    private func setState(_ virtual: VirtualConnectionRef, _ frame: KnownFrame, _ direction: IPVSDirection) {
        if frame.ipProtocol == .tcp {
            setTCPState(virtual, TCPFlags(rawValue: frame.transport.load8(at: 13)), direction)
        } else {
            setUDPState(virtual, direction)
        }
    }

    /// Whether the packet, as FORWARD sees it, is a real server's reply.
    @inline(__always)
    func isIPVSReply(
        _ frame: KnownFrame, _ way: UnsafeMutablePointer<Trajectory>, _ connection: ConnectionRef,
        _ direction: Direction
    ) -> Bool {
        var tuple = frame.tuple
        if way.pointee.flags.contains(.rewritesDestination) {
            let target = node.pointee.connections.tuple(of: connection, direction.opposite)
            tuple.destination = target.source
            tuple.destinationPort = target.sourcePort
        }
        return node.pointee.ipvs.connections.findOutgoing(VirtualFlow(tuple)) != nil
    }

    /// Whether a packet of that tuple, for the node or from it, is a virtual connection's request or reply.
    @inline(never)
    func isKnownToIPVS(_ tuple: Tuple) -> Bool {
        let flow = VirtualFlow(tuple)
        return node.pointee.ipvs.connections.findOutgoing(flow) != nil
            || node.pointee.ipvs.connections.findIncoming(flow) != nil
    }

    // MARK: Learning

    /// The packet whose way is being written down belongs to this virtual connection.
    @inline(__always)
    func noteVirtual(_ packet: PacketRef, _ virtual: VirtualConnectionRef, _ direction: Direction) {
        guard node.pointee.flows.recorder.isOn else { return }
        let handle = node.pointee.ipvs.connections.handle(of: virtual)
        if node.pointee.flows.recorder.packet != packet || node.pointee.flows.recorder.virtual != 0
            || virtual.pointee.server < 0 || !virtual.pointee.flags.isDisjoint(with: .unsteady)
            || !node.pointee.ipvs.servers[virtual.pointee.server].pointee.isAvailable
        {
            voidRecording()
        }
        node.pointee.flows.recorder.virtual = handle
        if node.pointee.flows.recorder.connection == nil { node.pointee.flows.recorder.direction = direction }
    }

    /// IPVS has looked the packet up and found nothing.
    @inline(__always)
    func noteUnknownToIPVS(at hook: Hook) {
        guard node.pointee.flows.recorder.isOn else { return }
        node.pointee.flows.recorder.asks.insert(hook == .forward ? .forwardAsksIPVS : .localAsksIPVS)
    }
}

extension VirtualFlow {
    /// Source as the client's end.
    @inline(__always)
    init(_ tuple: Tuple) {
        self.init(
            version: tuple.version, ipProtocol: tuple.ipProtocol, client: tuple.source, clientPort: tuple.sourcePort,
            virtual: tuple.destination, virtualPort: tuple.destinationPort)
    }
}

extension VirtualConnection.Flags {
    /// Connections whose packets want more than their trajectory says, or that are not the only one of their client's port.
    static let unsteady: VirtualConnection.Flags = [
        .template, .onePacket, .noClientPort, .ftp, .expiring, .sharesClient, .sequenceMask,
    ]
}
