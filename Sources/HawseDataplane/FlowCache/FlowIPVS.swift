import HawseModel
import HawseWire

/// The virtual server's part in the way of a known frame.
extension Walk {
    /// The virtual connection of a tracked one; `nil` when the walk must look.
    @inline(__always)
    func virtualConnection(
        _ frame: KnownFrame, _ connection: ConnectionRef, _ direction: Direction
    ) -> VirtualConnectionRef? {
        let handle = node.pointee.connections.link(connection).handle
        guard let virtual = node.pointee.ipvs.connections.live(handle) else { return nil }
        let v = virtual.pointee
        guard v.flags.contains(.hashed), v.flags.isDisjoint(with: .unsteady), v.server >= 0,
            node.pointee.ipvs.servers[v.server].pointee.isAvailable
        else { return nil }
        // UDP without a checksum gets one from the virtual server.
        if frame.ipProtocol == 17, frame.transport.loadBE16(at: 6) == 0 { return nil }
        guard isClientSide(v, connection) else { return nil }
        // At LOCAL_IN a request might as well be a reply to the node itself.
        if direction == .original, node.pointee.ipvs.connections.localClients != 0,
            node.pointee.ipvs.connections.findOutgoing(VirtualFlow(frame.tuple)) != nil
        {
            return nil
        }
        return virtual
    }

    /// Has the tracked connection's original direction the virtual connection's ends?
    @inline(__always)
    private func isClientSide(_ v: VirtualConnection, _ connection: ConnectionRef) -> Bool {
        guard connection.pointee.originalPorts == UInt32(v.clientPort) << 16 | UInt32(v.virtualPort),
            v.ipProtocol == connection.pointee.ipProtocol
        else { return false }
        let source = v.client
        let destination = v.virtual
        if v.version == 4 { return connection.pointee.address0 == source.low << 32 | destination.low }
        return connection.pointee.isIPv6 && connection.pointee.address0 == source.high
            && connection.pointee.address1 == source.low && connection.pointee.address2 == destination.high
            && connection.pointee.address3 == destination.low
    }

    /// Statistics, state and timer, as `ip_vs_in` and `handle_response` leave them.
    @inline(__always)
    func countVirtual(_ virtual: VirtualConnectionRef, _ frame: KnownFrame, _ direction: Direction) {
        if direction == .original {
            node.pointee.ipvs.countIncoming(virtual, bytes: frame.length)
            setState(virtual, frame, .input)
            virtual.pointee.incomingPackets &+= 1
        } else {
            node.pointee.ipvs.countOutgoing(virtual, bytes: frame.length)
            setState(virtual, frame, .output)
        }
        node.pointee.ipvs.restart(virtual)
    }

    @inline(__always)
    private func setState(_ virtual: VirtualConnectionRef, _ frame: KnownFrame, _ direction: IPVSDirection) {
        if frame.ipProtocol == 6 {
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
    func noteVirtual(_ packet: PacketRef, _ virtual: VirtualConnectionRef) {
        guard node.pointee.flows.recorder.isOn else { return }
        let handle = node.pointee.ipvs.connections.handle(of: virtual)
        if node.pointee.flows.recorder.packet != packet || node.pointee.flows.recorder.virtual != 0
            || node.pointee.ipvs.sync.isMaster || virtual.pointee.server < 0
            || !virtual.pointee.flags.isDisjoint(with: .unsteady)
        {
            voidRecording()
        }
        node.pointee.flows.recorder.virtual = handle
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
