import HawseModel
import HawseWire

extension Walk {
    /// `ip_vs_try_to_schedule`: a connection for a packet that has none, or what becomes of the packet without.
    @inline(never)
    func ipvsSchedule(
        _ packet: PacketRef, _ header: inout IPVSHeader, at hook: Hook
    ) -> (VirtualConnectionRef?, Verdict) {
        if header.fragmentOffset != 0 || !header.hasPorts { return (nil, .accept) }
        switch mayBegin(packet, header) {
        case .accept: return (nil, .accept)
        case .drop: return (nil, ipvsDrop(packet, .transportMalformed))
        case .schedule: break
        }
        guard let flow = header.flow(packet) else { return (nil, ipvsDrop(packet, .transportMalformed)) }
        let service = node.pointee.ipvs.findService(
            header.version, mark: packet.pointee.mark, ipProtocol: header.ipProtocol, address: flow.virtual,
            port: flow.virtualPort)
        guard service >= 0 else { return (nil, .accept) }
        if node.pointee.ipvs.defence.dropsPacket(at: node.pointee.ipvs.jiffy) { return (nil, ipvsDrop(packet, .ipvsDefence)) }
        // FTP data of a real server is never scheduled: it has its connection already, or none.
        if flow.clientPort == 20 { return (nil, .accept) }
        // A reply of a local real server is not a request.
        if hook == .output || isFromLoopbackDevice(packet) {
            var inverse = header
            inverse.isInverse.toggle()
            if let flow = inverse.flow(packet), node.pointee.ipvs.connections.findIncoming(flow) != nil {
                return (nil, .accept)
            }
        }
        if node.pointee.ipvs.services[service].pointee.isPersistent {
            return schedulePersistent(packet, header, flow, service, at: hook)
        }
        let s = node.pointee.ipvs.services[service]
        if s.pointee.mark == 0, flow.virtualPort != s.pointee.port {
            return (nil, ipvsLeave(packet, header, flow, service, at: hook))
        }
        let server = choose(header, flow, service)
        guard server >= 0 else { return (nil, ipvsLeave(packet, header, flow, service, at: hook)) }
        let isOnePacket = s.pointee.isOnePacket && header.ipProtocol == .udp
        guard
            let connection = connect(
                flow, to: server, port: node.pointee.ipvs.servers[server].pointee.port, isOnePacket, packet)
        else { return (nil, ipvsDrop(packet, .ipvsOverload)) }
        node.pointee.ipvs.countConnection(server, service)
        return (connection, .accept)
    }

    private enum Beginning { case accept, drop, schedule }

    /// The protocol's say (`conn_schedule`): which packets may begin a connection.
    private func mayBegin(_ packet: PacketRef, _ header: IPVSHeader) -> Beginning {
        if header.isQuoted { return header.ports(packet) == nil ? .drop : .schedule }
        switch header.ipProtocol {
        case .tcp:
            guard packet.transportLength >= 20 else { return .drop }
            let flags = packet.tcp.flags
            if flags.contains(.rst) { return .accept }
            return flags.contains(.syn) || node.pointee.ipvs.settings.sloppyTCP ? .schedule : .accept
        case .sctp:
            guard packet.transportLength >= 16 else { return .drop }
            let chunk = packet.transportPointer.load8(at: 12)
            if chunk == SCTPChunks.Kind.abort { return .accept }
            return chunk == SCTPChunks.Kind.initiation || node.pointee.ipvs.settings.sloppySCTP ? .schedule : .accept
        default: return packet.transportLength >= 8 ? .schedule : .drop
        }
    }

    private func isFromLoopbackDevice(_ packet: PacketRef) -> Bool {
        packet.pointee.inInterface == node.pointee.interfaces.loopback
    }

    /// The service's scheduler picks a server; -1: none will do.
    private func choose(_ header: IPVSHeader, _ flow: VirtualFlow, _ service: Int32) -> Int32 {
        let s = node.pointee.ipvs.services[service]
        let request = SchedulingRequest(
            client: flow.client, clientPort: flow.clientPort, destination: header.destination,
            version: header.version, jiffy: node.pointee.ipvs.jiffy)
        return s.pointee.scheduler.choose(s, request, &node.pointee.ipvs)
    }

    private func connect(
        _ flow: VirtualFlow, to server: Int32, port: UInt16, _ isOnePacket: Bool, _ packet: PacketRef
    ) -> VirtualConnectionRef? {
        let s = node.pointee.ipvs.servers[server]
        var flags: VirtualConnection.Flags = isOnePacket ? [.onePacket] : []
        if mayBeLocal(flow.client, packet.family) { flags.insert(.localClient) }
        return node.pointee.ipvs.makeConnection(
            flow, destination: s.pointee.address, port: port != 0 ? port : flow.virtualPort,
            version: s.pointee.version, flags: flags, server: server, mark: packet.pointee.mark)
    }

    /// Whether packets to a client can come to LOCAL_IN: with rules, any may (`local default dev lo table …`).
    private func mayBeLocal(_ address: AddressBits, _ family: AddressFamily) -> Bool {
        if family == .ipv4 ? node.pointee.routing.policy4.isCustom : node.pointee.routing.policy6.isCustom { return true }
        return addressKind(address, family: family, on: 0) == .local
    }

    /// `ip_vs_sched_persist`: the client's template decides, and is made when there is none.
    private func schedulePersistent(
        _ packet: PacketRef, _ header: IPVSHeader, _ flow: VirtualFlow, _ service: Int32, at hook: Hook
    ) -> (VirtualConnectionRef?, Verdict) {
        let s = node.pointee.ipvs.services[service]
        var key = flow
        key.client = flow.client & s.pointee.mask
        key.clientPort = 0
        key.virtualPort = 0
        if flow.virtualPort == s.pointee.port {
            if s.pointee.port != 21 { key.virtualPort = flow.virtualPort }
        } else if s.pointee.mark != 0 {
            key.ipProtocol = .unspecified
            key.virtual = AddressBits(ipv4: s.pointee.mark)
        }
        var engineData: [UInt8]?
        if s.pointee.engine != nil {
            guard let data = engineDataOf(packet) else { return (nil, ipvsDrop(packet, .ipvsNoDestination)) }
            engineData = data
        }
        let server: Int32
        let template: VirtualConnectionRef
        if let found = node.pointee.ipvs.connections.findTemplate(key, engineData: engineData), node.pointee.ipvs.checkTemplate(found) {
            template = found
            server = found.pointee.server
        } else {
            server = choose(header, flow, service)
            guard server >= 0 else { return (nil, ipvsLeave(packet, header, flow, service, at: hook)) }
            let chosen = node.pointee.ipvs.servers[server]
            let port = flow.virtualPort == s.pointee.port && s.pointee.port != 21 ? chosen.pointee.port : 0
            guard
                let made = node.pointee.ipvs.makeConnection(
                    key, destination: chosen.pointee.address, port: port, version: chosen.pointee.version,
                    flags: [.template], server: server, mark: packet.pointee.mark, engineData: engineData)
            else { return (nil, ipvsDrop(packet, .ipvsOverload)) }
            made.pointee.setTimeout(s.pointee.timeout)
            template = made
        }
        let own = node.pointee.ipvs.servers[server].pointee.port
        let port = flow.virtualPort == s.pointee.port && own != 0 ? own : flow.virtualPort
        let isOnePacket = s.pointee.isOnePacket && header.ipProtocol == .udp
        guard let connection = connect(flow, to: server, port: port, isOnePacket, packet) else {
            node.pointee.ipvs.restart(template)
            return (nil, ipvsDrop(packet, .ipvsOverload))
        }
        node.pointee.ipvs.control(connection, by: template)
        node.pointee.ipvs.restart(template)
        node.pointee.ipvs.countConnection(server, service)
        return (connection, .accept)
    }

    /// `ip_vs_sip_fill_param`: only datagrams with a Call-ID can be served.
    private func engineDataOf(_ packet: PacketRef) -> [UInt8]? {
        guard packet.pointee.ipProtocol == .udp, packet.transportLength > 8 else { return nil }
        return SIPEngine.callID(
            UnsafeRawBufferPointer(
                start: UnsafeRawPointer(packet.transportPointer) + 8, count: packet.transportLength - 8))
    }

    /// `ip_vs_new_conn_out`: a real server begins to talk by itself, or answers what was scheduled for one packet; with a
    /// persistence engine the client's replies are to find it.
    func connectFromServer(_ packet: PacketRef, _ header: IPVSHeader) -> VirtualConnectionRef? {
        guard let ports = header.ports(packet) else { return nil }
        let server = node.pointee.ipvs.findMasqueradedServer(
            header.version, ipProtocol: header.ipProtocol, address: header.source, port: ports.source)
        guard server >= 0 else { return nil }
        let service = node.pointee.ipvs.servers[server].pointee.service
        let s = node.pointee.ipvs.services[service]
        guard s.pointee.engine != nil, s.pointee.mark == 0, s.pointee.port != 0, ports.source != 0 else { return nil }
        var flow = VirtualFlow(
            version: header.version, ipProtocol: header.ipProtocol, client: header.destination,
            clientPort: ports.destination, virtual: s.pointee.address, virtualPort: s.pointee.port)
        var template: VirtualConnectionRef?
        if s.pointee.isPersistent {
            guard let data = engineDataOf(packet) else { return nil }
            var key = flow
            key.client = flow.client & s.pointee.mask
            key.clientPort = 0
            if let found = node.pointee.ipvs.connections.findTemplate(key, engineData: data),
                node.pointee.ipvs.checkTemplate(found, server: server)
            {
                template = found
            } else {
                let made = node.pointee.ipvs.makeConnection(
                    key, destination: header.source, port: ports.source, version: header.version, flags: [.template],
                    server: server, mark: 0, engineData: data)
                guard let made else { return nil }
                made.pointee.setTimeout(s.pointee.timeout)
                template = made
            }
        }
        flow.version = header.version
        var flags: VirtualConnection.Flags = s.pointee.isOnePacket ? [.onePacket] : []
        if mayBeLocal(flow.client, packet.family) { flags.insert(.localClient) }
        let connection = node.pointee.ipvs.makeConnection(
            flow, destination: header.source, port: ports.source, version: header.version, flags: flags, server: server,
            mark: 0)
        if let connection, let template { node.pointee.ipvs.control(connection, by: template) }
        if let template { node.pointee.ipvs.restart(template) }
        if connection != nil { node.pointee.ipvs.countConnection(server, service) }
        return connection
    }

    /// `ip_vs_leave`: no server for the packet.
    private func ipvsLeave(
        _ packet: PacketRef, _ header: IPVSHeader, _ flow: VirtualFlow, _ service: Int32, at hook: Hook
    ) -> Verdict {
        let s = node.pointee.ipvs.services[service]
        if node.pointee.ipvs.settings.cacheBypass, s.pointee.mark != 0, !header.isInverse, !header.isQuoted,
            isBypassable(header.destination, packet.family)
        {
            return ipvsBypass(packet, header, flow, isOnePacket: s.pointee.isOnePacket && header.ipProtocol == .udp, at: hook)
        }
        // Other ports of an FTP service's address are not ours to refuse.
        if s.pointee.port == 21, flow.virtualPort != 21 { return .accept }
        if !header.isQuoted { sendPortUnreachable(packet) }
        return ipvsDrop(packet, .ipvsNoDestination)
    }

    /// `ip_vs_addr_is_unicast`: of IPv6 the kind of address, not the route, is looked at.
    private func isBypassable(_ address: AddressBits, _ family: AddressFamily) -> Bool {
        if family == .ipv4 { return addressKind(address, family: family, on: 0) == .unicast }
        return address.high >> 56 != 0xff && !address.isZero
    }

    /// `cache_bypass`: straight to where the client wanted to go, by a connection of its own.
    private func ipvsBypass(
        _ packet: PacketRef, _ header: IPVSHeader, _ flow: VirtualFlow, isOnePacket: Bool, at hook: Hook
    ) -> Verdict {
        var flags: VirtualConnection.Flags = isOnePacket ? [.onePacket] : []
        flags.rawValue |= UInt32(Forwarding.bypass.rawValue)
        guard
            let connection = node.pointee.ipvs.makeConnection(
                flow, destination: .zero, port: 0, version: flow.version, flags: flags, server: -1,
                mark: packet.pointee.mark)
        else { return ipvsDrop(packet, .ipvsOverload) }
        node.pointee.ipvs.countIncoming(connection, bytes: packet.length)
        setState(connection, packet, .input)
        let verdict = ipvsTransmit(packet, connection, header, at: hook)
        connection.pointee.incomingPackets &+= 1
        node.pointee.ipvs.restart(connection)
        return verdict
    }
}
