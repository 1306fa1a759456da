import HawseModel
import HawseWire

extension IPVSState {
    /// `ip_vs_bind_app`: masqueraded TCP connections to port 21 get the FTP helper, and conntrack with it.
    func bindHelper(_ connection: VirtualConnectionRef) {
        let c = connection.pointee
        guard c.ipProtocol == 6, c.virtualPort == 21, c.forwarding == .masquerade, c.server >= 0, !c.isTemplate else {
            return
        }
        connection.pointee.flags.formUnion([.ftp, .netfilterConntrack])
    }
}

extension Walk {
    /// `ip_vs_ftp_in`: notes that the client goes passive, or makes the data connection that its PORT announces.
    func ftpRequest(_ packet: PacketRef, _ connection: VirtualConnectionRef) -> Bool {
        guard packet.isIPv4, connection.pointee.state == IPVSTCPState.established.rawValue,
            let payload = tcpPayload(packet)
        else { return true }
        if FTPAddress.contains("PASV\r\n", payload) {
            connection.pointee.flags.insert(.ftpPassive)
            return true
        }
        guard let (address, port, _) = FTPAddress.find(in: payload, after: "PORT", skipping: " ", until: "\r") else {
            return true
        }
        connection.pointee.flags.remove(.ftpPassive)
        let c = connection.pointee
        let flow = VirtualFlow(
            version: 4, ipProtocol: 6, client: AddressBits(ipv4: address), clientPort: port, virtual: c.virtual,
            virtualPort: c.virtualPort &- 1)
        var data = node.pointee.ipvs.connections.findIncoming(flow)
        if data == nil {
            data = node.pointee.ipvs.makeConnection(
                flow, destination: c.destination, port: c.destinationPort &- 1, version: 4,
                flags: [.netfilterConntrack], server: c.server, mark: packet.pointee.mark)
            guard let data else { return false }
            node.pointee.ipvs.control(data, by: connection)
        }
        if let data { listen(data) }
        return true
    }

    /// `ip_vs_ftp_out`: a server's answer to PASV becomes the virtual service's, and the data connection is made, the
    /// client's port still unknown.
    func ftpReply(_ packet: PacketRef, _ connection: VirtualConnectionRef) -> Bool {
        guard packet.isIPv4, connection.pointee.state == IPVSTCPState.established.rawValue,
            connection.pointee.flags.contains(.ftpPassive), let payload = tcpPayload(packet),
            let (address, port, place) = FTPAddress.find(in: payload, after: "227 ", skipping: "(", until: ")")
        else { return true }
        let c = connection.pointee
        let outgoing = VirtualFlow(
            version: 4, ipProtocol: 6, client: AddressBits(ipv4: address), clientPort: port, virtual: c.client,
            virtualPort: 0)
        var data = node.pointee.ipvs.connections.findOutgoing(outgoing)
        if data == nil {
            let flow = VirtualFlow(
                version: 4, ipProtocol: 6, client: c.client, clientPort: 0, virtual: c.virtual, virtualPort: port)
            data = node.pointee.ipvs.makeConnection(
                flow, destination: AddressBits(ipv4: address), port: port, version: 4,
                flags: [.noClientPort, .netfilterConntrack], server: c.server, mark: packet.pointee.mark)
            guard let data else { return false }
            node.pointee.ipvs.control(data, by: connection)
        }
        guard let data else { return false }
        connection.pointee.flags.remove(.ftpPassive)
        listen(data)
        let text = FTPAddress.text(data.pointee.virtual.ipv4, data.pointee.virtualPort)
        guard packet.pointee.connection != 0 else { return false }
        let tracked = node.pointee.connections[packet.pointee.connection]
        guard mangleTCP(packet, tracked, at: place.lowerBound, count: place.count, with: text) else { return false }
        expectData(tracked, data)
        return true
    }

    /// `ip_vs_nfct_expect_related`: conntrack will know the data connection as related to the control connection.
    private func expectData(_ master: ConnectionRef, _ data: VirtualConnectionRef) {
        let d = data.pointee
        let expectation = Expectation(
            tuple: Tuple(
                source: d.client, destination: d.virtual, sourcePort: 0, destinationPort: d.virtualPort,
                ipProtocol: 6, version: 4),
            zone: master.pointee.zone, master: node.pointee.connections.handle(of: master),
            timeout: node.pointee.now + Expectation.lifetime)
        _ = expect(expectation, master)
    }

    /// `ip_vs_tcp_conn_listen`
    private func listen(_ data: VirtualConnectionRef) {
        data.pointee.state = IPVSTCPState.listen.rawValue
        data.pointee.timeout = node.pointee.ipvs.timeouts.tcp(IPVSTCPState.listen.rawValue)
        node.pointee.ipvs.restart(data)
    }

    private func tcpPayload(_ packet: PacketRef) -> UnsafeRawBufferPointer? {
        guard packet.transportLength >= 20 else { return nil }
        let header = packet.tcp.headerLength
        guard header >= 20, header <= packet.transportLength else { return nil }
        return UnsafeRawBufferPointer(
            start: UnsafeRawPointer(packet.transportPointer) + header, count: packet.transportLength - header)
    }
}

/// The address and port in FTP's commands and answers: `a,b,c,d,p,q`.
enum FTPAddress {
    static func contains(_ word: StaticString, _ payload: UnsafeRawBufferPointer) -> Bool {
        let length = word.utf8CodeUnitCount
        guard payload.count >= length else { return false }
        for start in 0...(payload.count - length) where begins(payload, at: start, word) { return true }
        return false
    }

    private static func begins(_ payload: UnsafeRawBufferPointer, at start: Int, _ word: StaticString) -> Bool {
        for i in 0..<word.utf8CodeUnitCount {
            let a = payload[start + i]
            let b = word.utf8Start[i]
            let upper = a >= 0x61 && a <= 0x7a ? a - 32 : a
            if upper != b { return false }
        }
        return true
    }

    /// Address, port, and where in the payload they stand; `nil` when the text is not of that form.
    static func find(
        in payload: UnsafeRawBufferPointer, after word: StaticString, skipping skip: Unicode.Scalar,
        until end: Unicode.Scalar
    ) -> (UInt32, UInt16, Range<Int>)? {
        guard payload.count >= word.utf8CodeUnitCount, begins(payload, at: 0, word) else { return nil }
        let skipped = UInt8(truncatingIfNeeded: skip.value)
        let terminator = UInt8(truncatingIfNeeded: end.value)
        var start = word.utf8CodeUnitCount
        while start < payload.count, payload[start] != skipped { start += 1 }
        while start < payload.count, payload[start] == skipped { start += 1 }
        guard start < payload.count else { return nil }
        var numbers: [UInt32] = [0]
        var at = start
        while at < payload.count, payload[at] != terminator {
            let byte = payload[at]
            if byte >= 0x30, byte <= 0x39 {
                numbers[numbers.count - 1] = (numbers[numbers.count - 1] * 10 + UInt32(byte - 0x30)) & 0xff
            } else if byte == 0x2c, numbers.count < 6 {
                numbers.append(0)
            } else {
                return nil
            }
            at += 1
        }
        guard at < payload.count, numbers.count == 6 else { return nil }
        return (
            numbers[0] << 24 | numbers[1] << 16 | numbers[2] << 8 | numbers[3],
            UInt16(numbers[4] << 8 | numbers[5]), start..<at
        )
    }

    static func text(_ address: UInt32, _ port: UInt16) -> [UInt8] {
        let parts = [address >> 24, address >> 16, address >> 8, address, UInt32(port) >> 8, UInt32(port)]
        return Array(parts.map { String($0 & 0xff) }.joined(separator: ",").utf8)
    }
}
