import HawseModel
import HawseWire

extension Walk {
    /// LOCAL_IN: replies of local real servers first (priority 98), then requests for virtual services (99).
    @inline(__always)
    func ipvsInput(_ packet: PacketRef) -> Verdict {
        let verdict = ipvsOut(packet, at: .input)
        if verdict != .accept { return verdict }
        return ipvsIn(packet, at: .input)
    }

    /// FORWARD: ICMP (99), then replies of real servers (100).
    @inline(__always)
    func ipvsForward(_ packet: PacketRef) -> Verdict {
        if packet.pointee.ipProtocol == (packet.isIPv4 ? .icmp : .icmpv6) {
            let verdict = ipvsForwardICMP(packet)
            if verdict != .accept { return verdict }
        }
        return ipvsOut(packet, at: .forward)
    }

    /// LOCAL_OUT: replies (−99), then requests of local clients (−98).
    @inline(__always)
    func ipvsOutput(_ packet: PacketRef) -> Verdict {
        let verdict = ipvsOut(packet, at: .output)
        if verdict != .accept { return verdict }
        return ipvsIn(packet, at: .output)
    }

    /// `ip_vs_forward_icmp`: errors that clients' side sends about replies to addresses that are not local.
    private func ipvsForwardICMP(_ packet: PacketRef) -> Verdict {
        if packet.pointee.flags.contains(.ipvs) || node.pointee.ipvs.isBackupOnly { return .accept }
        return ipvsIncomingICMP(packet, at: .forward).verdict
    }

    /// `ip_vs_in_hook`
    @inline(__always)
    func ipvsIn(_ packet: PacketRef, at hook: Hook) -> Verdict {
        if packet.pointee.flags.contains(.ipvs) || node.pointee.ipvs.isBackupOnly { return .accept }
        if hook != .output, packet.pointee.packetType != .host, packet.pointee.packetType != .loopback {
            return .accept
        }
        var header = IPVSHeader(packet)
        if header.ipProtocol == (packet.isIPv4 ? .icmp : .icmpv6) {
            let (verdict, isRelated) = ipvsIncomingICMP(packet, at: hook)
            if isRelated { return verdict }
        }
        guard header.isSupported else {
            if node.pointee.ipvs.settings.ignoreTunneled { packet.pointee.flags.insert(.ipvs) }
            return .accept
        }
        var connection = header.incomingFlow(packet).flatMap { node.pointee.ipvs.connections.findIncoming($0) }
        if let found = connection {
            switch ipvsReuse(packet, found, header) {
            case .keep: break
            case .reschedule: connection = nil
            case .drop: return ipvsDrop(packet, .ipvsNoDestination)
            }
        }
        if connection == nil {
            let (scheduled, verdict) = ipvsSchedule(packet, &header, at: hook)
            guard let scheduled else {
                noteUnknownToIPVS(at: hook)
                return verdict
            }
            voidRecording()
            connection = scheduled
        }
        guard let connection else { return .accept }
        packet.pointee.virtualConnection = node.pointee.ipvs.connections.handle(of: connection)
        noteVirtual(packet, connection, .original)
        node.pointee.ipvs.countIncoming(connection, bytes: packet.length)
        setState(connection, packet, .input)
        let verdict = ipvsTransmit(packet, connection, header, at: hook)
        countPacket(connection)
        node.pointee.ipvs.restart(connection)
        return verdict
    }

    /// `in_pkts`, and what the sync daemon makes of it.
    @inline(__always)
    private func countPacket(_ connection: VirtualConnectionRef) {
        let isOnePacket = connection.pointee.flags.contains(.onePacket)
        if !isOnePacket { connection.pointee.incomingPackets &+= 1 }
        if node.pointee.ipvs.sync.isMaster {
            node.pointee.ipvs.noteSync(
                connection,
                packets: isOnePacket
                    ? node.pointee.ipvs.settings.syncThreshold : Int(connection.pointee.incomingPackets))
        } else if isOnePacket, connection.pointee.control != 0 {
            node.pointee.ipvs.connections[connection.pointee.control].pointee.incomingPackets &+= 1
        }
    }

    private enum Reuse { case keep, reschedule, drop }

    /// Whether a found connection serves the packet: reused ports, servers of weight 0 and servers that are gone.
    @inline(__always)
    private func ipvsReuse(_ packet: PacketRef, _ connection: VirtualConnectionRef, _ header: IPVSHeader) -> Reuse {
        if header.fragmentOffset == 0, isNewConnection(packet, header) {
            switch ipvsReuseNew(packet, connection) {
            case .keep: break
            case .reschedule: return .reschedule
            case .drop: return .drop
            }
        }
        let server = connection.pointee.server
        guard server >= 0, !node.pointee.ipvs.servers[server].pointee.isAvailable else { return .keep }
        guard node.pointee.ipvs.settings.expireNodestConnections else { return .drop }
        let isOld = usesOldConntrack(packet, connection)
        if !isOld { connection.pointee.flags.remove(.netfilterConntrack) }
        node.pointee.ipvs.expireNow(connection)
        return isOld ? .drop : .reschedule
    }

    @inline(never)
    private func ipvsReuseNew(_ packet: PacketRef, _ connection: VirtualConnectionRef) -> Reuse {
        let settings = node.pointee.ipvs.settings
        let server = connection.pointee.server
        var isOld = false
        if settings.expireNodestConnections, server >= 0, node.pointee.ipvs.load(server).pointee.weight == 0 {
            isOld = usesOldConntrack(packet, connection)
        } else if settings.connectionReuseMode != 0, isReuseExpected(connection, settings.connectionReuseMode) {
            isOld = usesOldConntrack(packet, connection)
            // A controller stays while conntrack still has the connection and others refer to it.
            if connection.pointee.controlled > 0, isOld { return .keep }
        } else {
            return .keep
        }
        if !isOld { connection.pointee.flags.remove(.netfilterConntrack) }
        if connection.pointee.controlled == 0 { node.pointee.ipvs.expireNow(connection) }
        return isOld ? .drop : .reschedule
    }

    /// `is_new_conn`
    @inline(__always)
    private func isNewConnection(_ packet: PacketRef, _ header: IPVSHeader) -> Bool {
        if header.ipProtocol == .tcp { return packet.transportLength >= 20 && packet.tcp.flags.contains(.syn) }
        if header.ipProtocol == .sctp {
            return packet.transportLength >= 16
                && packet.transportPointer.load8(at: 12) == SCTPChunks.Kind.initiation
        }
        return false
    }

    /// `is_new_conn_expected`
    private func isReuseExpected(_ connection: VirtualConnectionRef, _ mode: Int) -> Bool {
        if connection.pointee.control != 0 { return false }
        switch connection.pointee.ipProtocol {
        case .tcp:
            switch IPVSTCPState(rawValue: connection.pointee.state) {
            case .timeWait, .close: return true
            case .finWait: return mode & 2 != 0 && connection.pointee.flags.contains(.noOutput)
            default: return false
            }
        case .sctp: return connection.pointee.state == IPVSSCTPState.closed.rawValue
        default: return false
        }
    }

    /// `ip_vs_out_hook`
    @inline(__always)
    func ipvsOut(_ packet: PacketRef, at hook: Hook) -> Verdict {
        if packet.pointee.flags.contains(.ipvs) { return .accept }
        if packet.pointee.ipProtocol == (packet.isIPv4 ? .icmp : .icmpv6) {
            let (verdict, isRelated) = ipvsOutgoingICMP(packet, at: hook)
            if isRelated { return verdict }
        }
        var header = IPVSHeader(packet)
        guard header.isSupported else { return .accept }
        if packet.isIPv4, packet.ipv4.fragmentField & 0x3fff != 0, header.hasPorts {
            let verdict = ipvsGather(packet, at: hook)
            if verdict != .accept { return verdict }
            header = IPVSHeader(packet)
        }
        // At LOCAL_IN a reply can only be one to the node itself.
        if hook == .input, node.pointee.ipvs.connections.localClients == 0, !node.pointee.ipvs.settings.natICMPSend {
            return .accept
        }
        let flow = header.incomingFlow(packet)
        if let flow, let connection = node.pointee.ipvs.connections.findOutgoing(flow) {
            return ipvsReply(packet, connection, header, at: hook)
        }
        if node.pointee.ipvs.services.engineCount > 0, header.ipProtocol == .udp, hook != .input {
            // What a payload says may make a connection of it.
            voidRecording()
            if let connection = connectFromServer(packet, header) { return ipvsReply(packet, connection, header, at: hook) }
        }
        noteUnknownToIPVS(at: hook)
        if node.pointee.ipvs.settings.natICMPSend, header.hasPorts {
            voidRecording()
            return refuseUnknownReply(packet, header)
        }
        return .accept
    }

    /// `ip_vs_gather_frags`: unlike conntrack it does not say that the datagram may be cut again.
    @inline(never)
    func ipvsGather(_ packet: PacketRef, at hook: Hook) -> Verdict {
        let verdict = defragment(packet, at: hook)
        if verdict == .accept { packet.pointee.flags.insert(.gatheredInForward) }
        return verdict
    }

    /// `nat_icmp_send`: a real server speaks of a connection that is not known any more.
    private func refuseUnknownReply(_ packet: PacketRef, _ header: IPVSHeader) -> Verdict {
        guard let ports = header.ports(packet),
            node.pointee.ipvs.findMasqueradedServer(
                header.version, ipProtocol: header.ipProtocol, address: header.source, port: ports.source) >= 0
        else { return .accept }
        if header.ipProtocol == .tcp, packet.transportLength < 20 || packet.tcp.flags.contains(.rst) { return .accept }
        if header.ipProtocol == .sctp,
            packet.transportLength < 16 || packet.transportPointer.load8(at: 12) == SCTPChunks.Kind.abort
        {
            return .accept
        }
        sendPortUnreachable(packet)
        return ipvsDrop(packet, .ipvsNoService)
    }

    func sendPortUnreachable(_ packet: PacketRef) {
        if packet.isIPv4 {
            sendICMPError(about: packet, type: ICMPType.destinationUnreachable, code: 3, info: 0)
        } else {
            sendICMPError(about: packet, type: ICMPv6Type.destinationUnreachable, code: 4, info: 0)
        }
    }

    @inline(__always)
    func ipvsDrop(_ packet: PacketRef, _ reason: DropReason) -> Verdict {
        packet.pointee.disposition = .dropped(reason)
        return .drop
    }

    /// `handle_response`: a reply gets the virtual service's address and goes on its way.
    @inline(__always)
    private func ipvsReply(
        _ packet: PacketRef, _ connection: VirtualConnectionRef, _ header: IPVSHeader, at hook: Hook
    ) -> Verdict {
        packet.pointee.virtualConnection = node.pointee.ipvs.connections.handle(of: connection)
        noteVirtual(packet, connection, .reply)
        if connection.pointee.forwarding == .masquerade {
            guard translateReply(packet, connection, header) else {
                node.pointee.ipvs.restart(connection)
                return ipvsDrop(packet, .transportMalformed)
            }
            guard routeReply(packet, at: hook) else {
                node.pointee.ipvs.restart(connection)
                return .drop
            }
        }
        node.pointee.ipvs.countOutgoing(connection, bytes: packet.length)
        setState(connection, packet, .output)
        packet.pointee.flags.insert(.ipvs)
        settleReplyConntrack(packet, connection)
        node.pointee.ipvs.restart(connection)
        return .accept
    }

    /// `ip_vs_route_me_harder`
    @inline(__always)
    func routeReply(_ packet: PacketRef, at hook: Hook) -> Bool {
        guard node.pointee.ipvs.settings.snatReroute, hook != .input else { return true }
        if packet.pointee.route.kind == .local || packet.pointee.route.kind == .broadcast { return true }
        guard routeAgain(packet) else { return false }
        packet.pointee.flags.insert(.rerouted)
        return true
    }
}
