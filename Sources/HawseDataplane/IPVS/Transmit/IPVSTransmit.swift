import HawseModel
import HawseWire

extension Walk {
    /// `cp->packet_xmit`: sends the packet to the connection's server. `.accept` leaves it to local delivery, `.stolen`
    /// means that it is on its way to OUTPUT.
    @inline(__always)
    func ipvsTransmit(
        _ packet: PacketRef, _ connection: VirtualConnectionRef, _ header: IPVSHeader, at hook: Hook
    ) -> Verdict {
        switch connection.pointee.forwarding {
        case .masquerade: transmitMasqueraded(packet, connection, header, at: hook)
        case .directRoute: transmitDirectly(packet, connection, header)
        case .tunnel: transmitTunneled(packet, connection, header)
        case .localNode: transmitLocally(packet, connection)
        case .bypass: transmitBypassing(packet, connection, header)
        }
    }

    /// NF_HOOK(LOCAL_OUT): the packet goes on as one of the node's own.
    @inline(__always)
    func sendOut(_ packet: PacketRef) -> Verdict {
        // `ignore_df`: what is too big for the route has been answered, the rest may be cut.
        packet.pointee.flags.insert(.ignoreDF)
        return .output
    }

    /// `ip_vs_null_xmit`
    private func transmitLocally(_ packet: PacketRef, _ connection: VirtualConnectionRef) -> Verdict {
        packet.pointee.flags.insert(.ipvs)
        if !connection.pointee.flags.contains(.netfilterConntrack) { notrack(packet) }
        return .accept
    }

    /// `ip_vs_bypass_xmit`: to the address the client asked for.
    private func transmitBypassing(
        _ packet: PacketRef, _ connection: VirtualConnectionRef, _ header: IPVSHeader
    ) -> Verdict {
        switch ipvsRoute(
            packet, to: packet.destinationBits, version: packet.pointee.version, server: -1, mode: .nonLocal, header)
        {
        case .local: return .accept
        case .failed(let reason): return ipvsDrop(packet, reason)
        case .remote: break
        }
        packet.pointee.flags.insert(.ipvs)
        if !connection.pointee.flags.contains(.netfilterConntrack) { notrack(packet) }
        return sendOut(packet)
    }

    /// `ip_vs_dr_xmit`: unchanged but for the TTL, to the server's link address.
    private func transmitDirectly(
        _ packet: PacketRef, _ connection: VirtualConnectionRef, _ header: IPVSHeader
    ) -> Verdict {
        let route = ipvsRoute(
            packet, to: connection.pointee.destination, version: connection.pointee.destinationVersion,
            server: connection.pointee.server, mode: [.local, .nonLocal, .knownNextHop], header)
        if case .failed(let reason) = route { return ipvsDrop(packet, reason) }
        packet.pointee.flags.insert(.ipvs)
        if !connection.pointee.flags.contains(.netfilterConntrack) { notrack(packet) }
        if case .local = route { return .accept }
        if packet.isIPv4 { packet.ipv4.storeChecksum() }
        return sendOut(packet)
    }

    /// `ip_vs_nat_xmit`
    @inline(__always)
    private func transmitMasqueraded(
        _ packet: PacketRef, _ connection: VirtualConnectionRef, _ header: IPVSHeader, at hook: Hook
    ) -> Verdict {
        if connection.pointee.flags.contains(.noClientPort) {
            guard let ports = header.ports(packet) else { return ipvsDrop(packet, .transportMalformed) }
            node.pointee.ipvs.learnClientPort(connection, ports.source)
        }
        let route = ipvsRoute(
            packet, to: connection.pointee.destination, version: connection.pointee.version,
            server: connection.pointee.server, mode: [.local, .nonLocal, .redirect], header)
        var isLocal = false
        switch route {
        case .failed(let reason): return ipvsDrop(packet, reason)
        case .local: isLocal = true
        case .remote: break
        }
        if isLocal, refusesLocal(packet, connection, at: hook) { return ipvsDrop(packet, .ipvsNoRoute) }
        guard translateRequest(packet, connection, header) else { return ipvsDrop(packet, .transportMalformed) }
        packet.pointee.flags.insert(.ipvs)
        settleRequestConntrack(packet, connection)
        return isLocal ? .accept : sendOut(packet)
    }

    /// A synchronised connection is not turned to this node, and nothing from outside to a loopback address.
    func refusesLocal(_ packet: PacketRef, _ connection: VirtualConnectionRef, at hook: Hook) -> Bool {
        if connection.pointee.flags.contains(.sync), packet.pointee.connection != 0 { return true }
        guard hook != .output else { return false }
        let address = connection.pointee.destination
        return packet.isIPv4 ? address.ipv4 >> 24 == 127 : address == AddressBits(high: 0, low: 1)
    }
}

extension IPVSState {
    /// `ip_vs_conn_fill_cport`: an FTP data connection learns its client's port.
    mutating func learnClientPort(_ connection: VirtualConnectionRef, _ port: UInt16) {
        guard connection.pointee.flags.contains(.noClientPort), connections.remove(connection) else { return }
        connection.pointee.flags.remove(.noClientPort)
        connections.withoutClientPort -= 1
        connection.pointee.clientPort = port
        connections.insert(connection)
    }
}
