import HawseModel
import HawseWire

extension Walk {
    /// `init_conntrack`: an unconfirmed connection of a packet that belongs to none; `nil` when the table is full.
    @inline(never)
    func beginConnection(
        _ packet: PacketRef, _ tuple: Tuple, _ reply: Tuple, _ template: ConnectionTemplate, _ hash: UInt64
    ) -> ConnectionRef? {
        let now = node.pointee.now
        guard let connection = node.pointee.connections.allocate(now: now, hash: hash) else { return nil }
        connection.pointee.zone = template.zone
        if template.zoneOriginal { connection.pointee.bits.insert(.zoneOriginal) }
        if template.zoneReply { connection.pointee.bits.insert(.zoneReply) }
        node.pointee.connections.setOriginal(connection, tuple)
        node.pointee.connections.setReply(connection, reply)
        if node.pointee.connections.settings.accounting,
            node.pointee.connections.makeExtension(connection) != nil
        {
            connection.pointee.bits.insert(.accounted)
        }
        if template.policy != 0, let cold = node.pointee.connections.makeExtension(connection) {
            cold.pointee.policy = template.policy
            connection.pointee.bits.insert(.ownTimeouts)
        }
        if template.isSynproxy, node.pointee.connections.makeExtension(connection) != nil {
            connection.pointee.status.insert(.synproxy)
        }
        if !node.pointee.connections.expectations.isEmpty, meetExpectation(packet, connection, tuple) {
            return connection
        }
        if template.helper != 0 { assignHelper(connection, template.helper) }
        return connection
    }

    /// Gives a packet that the node made the connection of the packet it answers (`nf_conntrack_attach`).
    func attachConnection(of original: PacketRef, to answer: PacketRef) {
        guard original.pointee.connection != 0, answer.pointee.connection == 0 else { return }
        let connection = node.pointee.connections[original.pointee.connection]
        attach(answer, connection, original.pointee.connectionInfo.isReply ? .related : .relatedReply)
    }

    /// A copy of a packet (flooded, teed) shares its connection.
    @inline(__always)
    func shareConnection(of original: PacketRef, with copy: PacketRef) {
        guard original.pointee.connection != 0 else {
            copy.pointee.connectionInfo = original.pointee.connectionInfo
            return
        }
        attach(copy, node.pointee.connections[original.pointee.connection], original.pointee.connectionInfo)
    }

    /// `nf_conntrack_tcp_set_closing`: REJECT's reset ends the connection as if its RST had been seen.
    func setConnectionClosing(_ packet: PacketRef) {
        guard packet.pointee.connection != 0 else { return }
        let connection = node.pointee.connections[packet.pointee.connection]
        guard connection.pointee.ipProtocol == .tcp, connection.pointee.isConfirmed else { return }
        let old = connection.pointee.tcpState
        connection.pointee.state = TCPState.close.rawValue
        if old == .close || connection.pointee.status.contains(.fixedTimeout) { return }
        connection.pointee.timeout = node.pointee.now + node.pointee.connections.timeouts(of: connection).pointee.tcp.close
    }
}

extension ConnectionTable {
    /// Gives up the hold that `allocate` gave, without freeing: the packet takes the next one.
    @inline(__always)
    func release(own connection: ConnectionRef) { connection.pointee.uses &-= 1 }
}
