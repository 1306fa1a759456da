import HawseModel
import HawseWire

extension IPVSState {
    /// `ip_vs_bind_app`: masqueraded TCP connections to port 21 get the FTP helper, and conntrack with it.
    func bindHelper(_ connection: VirtualConnectionRef) {
        let c = connection.pointee
        guard c.ipProtocol == .tcp, c.virtualPort == 21, c.forwarding == .masquerade, c.server >= 0, !c.isTemplate else {
            return
        }
        connection.pointee.flags.formUnion([.ftp, .netfilterConntrack])
    }
}

extension Walk {
    /// `ip_vs_ftp_in`: notes that the client goes passive, or makes the data connection that its PORT or EPRT announces.
    func ftpRequest(_ packet: PacketRef, _ connection: VirtualConnectionRef) -> Bool {
        guard hasValidChecksum(packet) else { return false }
        guard connection.pointee.state == IPVSTCPState.established.rawValue, let payload = tcpPayload(packet) else {
            return true
        }
        let version = packet.pointee.version
        switch IPVSFTPCommand.passive(payload, version: version) {
        case .none: break
        case .unusable: return true
        case .pasv:
            connection.pointee.flags.remove(.ftpExtended)
            connection.pointee.flags.insert(.ftpPassive)
            return true
        case .epsv:
            connection.pointee.flags.remove(.ftpPassive)
            connection.pointee.flags.insert(.ftpExtended)
            return true
        }
        let plain = version == 4 ? IPVSFTPCommand.plain(payload, after: "PORT", skipping: " ") : nil
        guard
            let numbers = plain
                ?? IPVSFTPCommand.extended(payload, after: "EPRT", skipping: " ", version: version, own: nil)
        else { return true }
        connection.pointee.flags.subtract([.ftpPassive, .ftpExtended])
        let c = connection.pointee
        let flow = VirtualFlow(
            version: version, ipProtocol: .tcp, client: numbers.address, clientPort: numbers.port, virtual: c.virtual,
            virtualPort: c.virtualPort &- 1)
        if let known = node.pointee.ipvs.connections.findIncoming(flow) {
            listen(known)
            return true
        }
        guard
            let data = node.pointee.ipvs.makeConnection(
                flow, destination: c.destination, port: c.destinationPort &- 1, version: c.destinationVersion,
                flags: [.netfilterConntrack], server: c.server, mark: packet.pointee.mark)
        else { return false }
        node.pointee.ipvs.control(data, by: connection)
        listen(data)
        return true
    }

    /// `ip_vs_ftp_out`: a server's answer to PASV or EPSV becomes the virtual service's, and the data connection is made,
    /// the client's port still unknown.
    func ftpReply(_ packet: PacketRef, _ connection: VirtualConnectionRef) -> Bool {
        guard hasValidChecksum(packet) else { return false }
        let c = connection.pointee
        let isExtended = c.flags.contains(.ftpExtended)
        guard c.state == IPVSTCPState.established.rawValue, isExtended || c.flags.contains(.ftpPassive),
            let payload = tcpPayload(packet)
        else { return true }
        let version = packet.pointee.version
        let found = isExtended
            ? IPVSFTPCommand.extended(payload, after: "229 ", skipping: "(", version: version, own: c.destination)
            : IPVSFTPCommand.plain(payload, after: "227 ", skipping: "(")
        guard let numbers = found else { return true }
        let outgoing = VirtualFlow(
            version: version, ipProtocol: .tcp, client: numbers.address, clientPort: numbers.port, virtual: c.client,
            virtualPort: 0)
        var data = node.pointee.ipvs.connections.findOutgoing(outgoing)
        if data == nil {
            let flow = VirtualFlow(
                version: version, ipProtocol: .tcp, client: c.client, clientPort: 0, virtual: c.virtual,
                virtualPort: numbers.port)
            data = node.pointee.ipvs.makeConnection(
                flow, destination: numbers.address, port: numbers.port, version: version,
                flags: [.noClientPort, .netfilterConntrack], server: c.server, mark: packet.pointee.mark)
            if let data { node.pointee.ipvs.control(data, by: connection) }
        }
        guard let data else { return false }
        connection.pointee.flags.subtract([.ftpPassive, .ftpExtended])
        listen(data)
        // With EPSV the client uses the address that it already talks to.
        let text = isExtended
            ? Array("|||\(data.pointee.virtualPort)|".utf8)
            : IPVSFTPCommand.text(data.pointee.virtual.ipv4, data.pointee.virtualPort)
        guard packet.pointee.connection != 0 else { return false }
        let tracked = node.pointee.connections[packet.pointee.connection]
        guard mangleTCP(packet, tracked, at: numbers.place.lowerBound, count: numbers.place.count, with: text) else {
            return false
        }
        expectData(tracked, data)
        return true
    }

    /// `ip_vs_nfct_expect_related`: conntrack will know the data connection as related to the control connection.
    private func expectData(_ master: ConnectionRef, _ data: VirtualConnectionRef) {
        let d = data.pointee
        let expectation = Expectation(
            tuple: Tuple(
                source: d.client, destination: d.virtual, sourcePort: 0, destinationPort: d.virtualPort,
                ipProtocol: .tcp, version: d.version),
            zone: master.pointee.zone, master: node.pointee.connections.handle(of: master),
            timeout: node.pointee.now + Expectation.lifetime)
        _ = expect(expectation, master)
    }

    /// `ip_vs_tcp_conn_listen`
    private func listen(_ data: VirtualConnectionRef) {
        data.pointee.state = IPVSTCPState.listen.rawValue
        data.pointee.setTimeout(node.pointee.ipvs.timeouts.tcp(IPVSTCPState.listen.rawValue))
        node.pointee.ipvs.restart(data)
    }

    /// `tcp_csum_check`: what the helper may rewrite must be right.
    private func hasValidChecksum(_ packet: PacketRef) -> Bool {
        packet.transportLength >= 20
            && TransportChecksum.isValid(
                packet.transportPointer, length: packet.transportLength, protocolNumber: .tcp, family: packet.family,
                source: packet.sourceBits, destination: packet.destinationBits)
    }

    private func tcpPayload(_ packet: PacketRef) -> UnsafeRawBufferPointer? {
        guard packet.transportLength >= 20 else { return nil }
        let header = packet.tcp.headerLength
        guard header >= 20, header < packet.transportLength else { return nil }
        return UnsafeRawBufferPointer(
            start: UnsafeRawPointer(packet.transportPointer) + header, count: packet.transportLength - header)
    }
}
