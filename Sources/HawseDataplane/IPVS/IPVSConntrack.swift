import HawseModel
import HawseWire

/// How IPVS and connection tracking live together (`ip_vs_nfct.c`).
extension Walk {
    /// `ip_vs_conn_uses_old_conntrack`: the packet still carries the tracked connection of the entry's former use.
    @inline(__always)
    func usesOldConntrack(_ packet: PacketRef, _ connection: VirtualConnectionRef) -> Bool {
        guard connection.pointee.flags.contains(.netfilterConntrack), packet.pointee.connection != 0 else {
            return false
        }
        return node.pointee.connections[packet.pointee.connection].pointee.isConfirmed
    }

    /// `ip_vs_notrack`: from here on the packet belongs to no tracked connection and NAT leaves it alone. One that belonged
    /// to none already (it was invalid) is looked at again in OUTPUT.
    @inline(__always)
    func notrack(_ packet: PacketRef) {
        guard packet.pointee.connection != 0 else { return }
        releaseConnection(packet)
        packet.pointee.connectionInfo = .untracked
    }

    /// What happens to the tracking of a request that is being translated.
    @inline(__always)
    func settleRequestConntrack(_ packet: PacketRef, _ connection: VirtualConnectionRef) {
        if connection.pointee.flags.contains(.netfilterConntrack) {
            alterReply(packet, connection, isRequest: true)
        } else {
            notrack(packet)
        }
    }

    @inline(__always)
    func settleReplyConntrack(_ packet: PacketRef, _ connection: VirtualConnectionRef) {
        if connection.pointee.flags.contains(.netfilterConntrack) {
            alterReply(packet, connection, isRequest: false)
        } else {
            notrack(packet)
        }
    }

    /// `ip_vs_update_conntrack`: the tracked connection keeps its original tuple (client to virtual service) and will
    /// expect its replies from the real server.
    private func alterReply(_ packet: PacketRef, _ connection: VirtualConnectionRef, isRequest: Bool) {
        guard packet.pointee.connection != 0 else { return }
        let tracked = node.pointee.connections[packet.pointee.connection]
        guard !tracked.pointee.isConfirmed, !tracked.pointee.isDying, connection.pointee.forwarding == .masquerade,
            !connection.pointee.flags.contains(.onePacket), !packet.pointee.connectionInfo.isReply
        else { return }
        var reply = node.pointee.connections.tuple(of: tracked, .reply)
        let hasPorts = !reply.isICMP
        if isRequest {
            reply.source = connection.pointee.destination
            if hasPorts { reply.sourcePort = connection.pointee.destinationPort }
        } else {
            reply.destination = connection.pointee.virtual
            if hasPorts { reply.destinationPort = connection.pointee.virtualPort }
        }
        node.pointee.connections.setReply(tracked, reply)
    }

    /// The connection that the iptables match `ipvs` looks at: the one whose server would see this packet as a request.
    func ipvsMatchConnection(_ packet: PacketRef) -> VirtualConnectionRef? {
        var header = IPVSHeader(packet)
        header.isInverse = true
        guard header.isSupported, let flow = header.incomingFlow(packet) else { return nil }
        return node.pointee.ipvs.connections.findOutgoing(flow)
    }
}

extension IPVSState {
    /// `ip_vs_conn_drop_conntrack`: a connection that ends takes its tracked one with it.
    func forgetConntrack(of connection: VirtualConnectionRef, _ node: NodePointer) {
        let c = connection.pointee
        let tuple = Tuple(
            source: c.client, destination: c.virtual, sourcePort: c.clientPort, destinationPort: c.virtualPort,
            ipProtocol: c.ipProtocol, version: c.version)
        if let (tracked, _) = node.pointee.connections.find(tuple, zone: 0, now: node.pointee.now) {
            node.pointee.connections.remove(tracked)
        }
    }
}
