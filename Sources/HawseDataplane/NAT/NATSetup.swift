import HawseModel
import HawseWire

extension Walk {
    /// `nf_nat_setup_info`: chooses the binding of a new connection within the range and records it. The packet itself
    /// is rewritten after the table's evaluation. Drop: the manipulation is set up already.
    ///
    /// `masquerade`: the device whose address was taken, for MASQUERADE: the connection ends when its route moves to
    /// another (`nf_nat_oif_changed`).
    func natSetup(_ packet: PacketRef, _ range: NATRange, _ manip: NATManip, masquerade: UInt16 = 0) -> Verdict {
        guard packet.pointee.connection != 0 else { return .accept }
        let connection = node.pointee.connections[packet.pointee.connection]
        if masquerade != 0 { node.pointee.connections.setMasquerade(connection, masquerade) }
        return bind(packet, connection, range, manip)
    }

    /// `natSetup` for a connection that may not be the packet's yet.
    func bind(
        _ packet: PacketRef, _ connection: ConnectionRef, _ range: NATRange, _ manip: NATManip
    ) -> Verdict {
        if connection.pointee.isConfirmed { return .accept }
        let done: ConnectionStatus = manip == .source ? .sourceNATDone : .destinationNATDone
        guard !connection.pointee.status.contains(done),
            let current = node.pointee.connections.tuple(of: connection, .reply).inverted
        else {
            packet.pointee.disposition = .dropped(.natFailed)
            return .drop
        }
        let new = chooseTuple(connection, current, range, manip)
        if new != current {
            guard let reply = new.inverted, node.pointee.connections.setReply(connection, reply) else {
                packet.pointee.disposition = .dropped(.natFailed)
                return .drop
            }
            connection.pointee.status.insert(manip == .source ? .sourceNAT : .destinationNAT)
            noteBinding(packet, manip, from: current, to: new)
        }
        if manip == .source {
            node.pointee.connections.bySource.insert(connection, in: node.pointee.connections.records)
        }
        connection.pointee.status.insert(done)
        return .accept
    }

    private func chooseTuple(
        _ connection: ConnectionRef, _ current: Tuple, _ range: NATRange, _ manip: NATManip
    ) -> Tuple {
        let table = withUnsafeMutablePointer(to: &node.pointee.connections) { $0 }
        let chance = withUnsafeMutablePointer(to: &node.pointee.chance.natPort) { $0 }
        let draws = withUnsafeMutablePointer(to: &node.pointee.portDraws) { $0 }
        return UniqueTuple(
            table: table, chance: chance, draws: draws, connection: connection, range: range, manip: manip, now: node.pointee.now
        ).choose(current)
    }

    /// `nf_nat_alloc_null_binding`: no rule wants anything, yet the port may have to change to stay unique.
    func natNullBinding(_ packet: PacketRef, _ connection: ConnectionRef, _ manip: NATManip) -> Verdict {
        let reply = node.pointee.connections.tuple(of: connection, .reply)
        let range = NATRange(address: manip == .source ? reply.destination : reply.source)
        return bind(packet, connection, range, manip)
    }
}

extension ConnectionTable {
    /// `nf_conn_nat.masq_index`. IPv4 records have room for it in the unused address words.
    mutating func setMasquerade(_ connection: ConnectionRef, _ interface: UInt16) {
        if connection.pointee.isIPv6 {
            makeExtension(connection)?.pointee.masqueradeInterface = interface
        } else {
            connection.pointee.address3 = connection.pointee.address3 & ~0xffff | UInt64(interface)
        }
    }

    @inline(__always)
    func masquerade(_ connection: ConnectionRef) -> UInt16 {
        if !connection.pointee.isIPv6 { return UInt16(truncatingIfNeeded: connection.pointee.address3) }
        return cold(connection)?.pointee.masqueradeInterface ?? 0
    }
}
