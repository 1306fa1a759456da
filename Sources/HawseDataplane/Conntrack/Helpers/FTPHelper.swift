import HawseModel
import HawseWire

extension Walk {
    /// `nf_conntrack_ftp` and `nf_nat_ftp`: finds the data connection that a command or an answer announces, expects it,
    /// and under NAT writes the addresses that the peer can reach.
    func readFTP(_ packet: PacketRef, _ connection: ConnectionRef) -> Verdict {
        let info = packet.pointee.connectionInfo
        guard info == .established || info == .establishedReply, packet.transportLength >= 20,
            let cold = node.pointee.connections.cold(connection)
        else { return .accept }
        let tcp = packet.tcp
        let count = packet.transportLength - tcp.headerLength
        guard count > 0, tcp.headerLength >= 20 else { return .accept }
        let data = UnsafeBufferPointer(
            start: (packet.transportPointer + tcp.headerLength).assumingMemoryBound(to: UInt8.self), count: count)
        let direction: Direction = info.isReply ? .reply : .original
        let endsLine = data[count - 1] == UInt8(ascii: "\n")
        let next = tcp.sequence &+ UInt32(count)
        // Only what follows a whole line is a command.
        guard cold.pointee.isAfterNewline(tcp.sequence, direction) else {
            if endsLine { cold.pointee.noteNewline(next, direction) }
            return .accept
        }
        let own = node.pointee.connections.tuple(of: connection, direction).source
        let version = packet.pointee.version
        switch FTPCommand.search(data, direction, version: version, own: own) {
        case .partial: return refuseHelper(packet)
        case .none: break
        case .found(let command):
            guard expectFTP(packet, connection, command, direction, own) else { return refuseHelper(packet) }
        }
        if endsLine { cold.pointee.noteNewline(next, direction) }
        return .accept
    }

    private func expectFTP(
        _ packet: PacketRef, _ connection: ConnectionRef, _ command: FTPCommand, _ direction: Direction,
        _ own: AddressBits
    ) -> Bool {
        let peer = node.pointee.connections.tuple(of: connection, direction.opposite)
        // A third host's address is not believed: nobody shall open holes to others.
        if command.address != own { return true }
        var tuple = peer
        tuple.sourcePort = 0
        tuple.destinationPort = command.port
        var expectation = Expectation(
            tuple: tuple, zone: connection.pointee.zone, master: node.pointee.connections.handle(of: connection),
            timeout: node.pointee.now + Expectation.lifetime)
        guard !connection.pointee.status.isDisjoint(with: .natMask) else { return expect(expectation, connection) }
        expectation.followsMaster = true
        expectation.savedPort = command.port
        expectation.direction = direction.opposite
        guard let port = expectFreePort(expectation, connection) else { return false }
        let text = FTPCommand.text(command.kind, peer.destination, port, version: packet.pointee.version)
        if mangleTCP(packet, connection, at: command.offset, count: command.count, with: text) { return true }
        node.pointee.connections.expectations.removeAll(of: expectation.master)
        return false
    }

    /// `nf_nat_exp_find_port`: the announced port, or another above it when a second connection expects that one.
    private func expectFreePort(_ wanted: Expectation, _ connection: ConnectionRef) -> UInt16? {
        var expectation = wanted
        let range = UInt32(UInt16.max - wanted.savedPort)
        for _ in 0...min(range, 128) {
            if expect(expectation, connection) { return expectation.tuple.destinationPort }
            guard range > 0 else { return nil }
            expectation.tuple.destinationPort = wanted.savedPort &+ UInt16(node.pointee.chance.natPort.below(range))
        }
        return nil
    }
}

extension ConnectionExtension {
    /// `find_nl_seq`: does a line start at this sequence number?
    func isAfterNewline(_ sequence: UInt32, _ direction: Direction) -> Bool {
        let known = direction == .original ? newlineOriginal : newlineReply
        let count = direction == .original ? newlineCounts.0 : newlineCounts.1
        return count > 0 && known.0 == sequence || count > 1 && known.1 == sequence
    }

    /// `update_nl_seq`: remembers the two latest.
    mutating func noteNewline(_ sequence: UInt32, _ direction: Direction) {
        if isAfterNewline(sequence, direction) { return }
        var known = direction == .original ? newlineOriginal : newlineReply
        var count = direction == .original ? newlineCounts.0 : newlineCounts.1
        switch count {
        case 0: known.0 = sequence
        case 1: known.1 = sequence
        default:
            let firstIsOlder = Int32(bitPattern: known.0 &- known.1) < 0
            let oldest = firstIsOlder ? known.0 : known.1
            guard Int32(bitPattern: oldest &- sequence) < 0 else { return }
            if firstIsOlder { known.0 = sequence } else { known.1 = sequence }
        }
        count = min(count + 1, 2)
        if direction == .original {
            newlineOriginal = known
            newlineCounts.0 = count
        } else {
            newlineReply = known
            newlineCounts.1 = count
        }
    }
}
