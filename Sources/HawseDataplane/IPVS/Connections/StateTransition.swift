import HawseModel
import HawseWire

extension Walk {
    /// `ip_vs_set_state`: the packet moves the connection's state and sets the timeout that `restart` will give it.
    @inline(__always)
    func setState(_ connection: VirtualConnectionRef, _ packet: PacketRef, _ direction: IPVSDirection) {
        switch connection.pointee.ipProtocol {
        case .tcp:
            if packet.transportLength >= 20 { setTCPState(connection, packet.tcp.flags, direction) }
        case .udp: setUDPState(connection, direction)
        case .sctp: setSCTPState(connection, packet, direction)
        default: break
        }
    }

    /// Which table counts: servers that answer around the director leave it with half the conversation.
    @inline(__always)
    private func tableDirection(_ connection: VirtualConnectionRef, _ direction: IPVSDirection) -> IPVSDirection {
        guard connection.pointee.flags.contains(.noOutput) else { return direction }
        if direction == .output {
            connection.pointee.flags.remove(.noOutput)
            return .output
        }
        return .inputOnly
    }

    /// `udp_state_transition`
    @inline(__always)
    func setUDPState(_ connection: VirtualConnectionRef, _ direction: IPVSDirection) {
        connection.pointee.setTimeout(node.pointee.ipvs.timeouts.udp)
        if direction == .output { node.pointee.ipvs.assureTemplate(of: connection) }
    }

    /// `set_tcp_state`
    @inline(__always)
    func setTCPState(_ connection: VirtualConnectionRef, _ flags: TCPFlags, _ direction: IPVSDirection) {
        // The usual case first: data and acknowledgements of an established connection leave it so in every table.
        if connection.pointee.state == IPVSTCPState.established.rawValue, flags.rawValue & 0x17 == TCPFlags.ack.rawValue,
            !connection.pointee.flags.contains(.noOutput)
        {
            connection.pointee.setTimeout(node.pointee.ipvs.timeouts.tcp(IPVSTCPState.established.rawValue))
            return
        }
        let table = tableDirection(connection, direction)
        let isSecure = node.pointee.ipvs.defence.isSecureTCP
        let state = IPVSTCPTable.next(connection.pointee.state, flags, table, secure: isSecure)
        if state != connection.pointee.state {
            let new = IPVSTCPState(rawValue: state) ?? .none
            node.pointee.ipvs.setActivity(connection, isActive: new.isActive)
            if new == .established { node.pointee.ipvs.assureTemplate(of: connection) }
            connection.pointee.state = state
        }
        connection.pointee.setTimeout(node.pointee.ipvs.timeouts.tcp(state))
    }

    /// `set_sctp_state`: the first chunk counts; an ABORT bundled behind a cookie counts instead of it.
    private func setSCTPState(_ connection: VirtualConnectionRef, _ packet: PacketRef, _ direction: IPVSDirection) {
        guard packet.transportLength >= 16 else { return }
        let chunk = packet.transportPointer + 12
        var type = chunk.load8(at: 0)
        if type == SCTPChunks.Kind.cookieEcho || type == SCTPChunks.Kind.cookieAck {
            let length = Int(chunk.loadBE16(at: 2))
            let second = 12 + (length + 3) & ~3
            if length >= 4, packet.transportLength >= second + 4,
                packet.transportPointer.load8(at: second) == SCTPChunks.Kind.abort
            {
                type = SCTPChunks.Kind.abort
            }
        }
        let table = tableDirection(connection, direction)
        let state = IPVSSCTPTable.next(connection.pointee.state, chunk: type, table)
        if state != connection.pointee.state {
            let isEstablished = state == IPVSSCTPState.established.rawValue
            node.pointee.ipvs.setActivity(connection, isActive: isEstablished)
            if isEstablished { node.pointee.ipvs.assureTemplate(of: connection) }
            connection.pointee.state = state
        }
        connection.pointee.setTimeout(node.pointee.ipvs.timeouts.sctp(state))
    }
}
