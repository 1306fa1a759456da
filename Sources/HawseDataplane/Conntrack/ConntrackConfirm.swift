import HawseModel
import HawseWire

extension Walk {
    /// `nf_confirm`: the first packet got through, the connection enters the table. Helpers read the payload here,
    /// and mangled sequence numbers are put right.
    @inline(__always)
    func conntrackConfirm(_ packet: PacketRef, at hook: Hook) -> Verdict {
        guard packet.pointee.connection != 0 else { return .accept }
        let connection = node.pointee.connections[packet.pointee.connection]
        if !connection.pointee.status.isDisjoint(with: [.helper, .sequenceAdjust, .synproxy]) {
            if connection.pointee.status.contains(.synproxy) {
                let verdict = synproxyHook(packet, connection)
                if verdict != .accept { return verdict }
            }
            let verdict = runHelper(packet, connection)
            if verdict != .accept { return verdict }
        }
        if connection.pointee.isConfirmed { return .accept }
        return confirm(packet, connection)
    }

    /// `__nf_conntrack_confirm`.
    @inline(never)
    private func confirm(_ packet: PacketRef, _ connection: ConnectionRef) -> Verdict {
        if packet.pointee.connectionInfo.isReply { return .accept }
        if connection.pointee.isDying { return failConfirm(packet) }
        let now = node.pointee.now
        let zones = connection.pointee.zones
        let only = zones.original != zones.reply
        var hashes = (original: UInt64(0), reply: UInt64(0))
        do {
            let tuple = node.pointee.connections.tuple(of: connection, .original)
            hashes.original = node.pointee.connections.hash(tuple, zone: zones.original)
            if let (winner, _) = node.pointee.connections.find(
                tuple, zone: zones.original, hash: hashes.original, now: now, only: only ? .original : nil)
            {
                return resolveClash(packet, loser: connection, winner: winner)
            }
        }
        do {
            let tuple = node.pointee.connections.tuple(of: connection, .reply)
            hashes.reply = node.pointee.connections.hash(tuple, zone: zones.reply)
            if let (winner, _) = node.pointee.connections.find(
                tuple, zone: zones.reply, hash: hashes.reply, now: now, only: only ? .reply : nil)
            {
                return resolveClash(packet, loser: connection, winner: winner)
            }
        }
        connection.pointee.timeout = now + connection.pointee.timeout.nanoseconds
        node.pointee.connections.insert(connection, original: hashes.original, reply: hashes.reply)
        return .accept
    }

    private func failConfirm(_ packet: PacketRef) -> Verdict {
        packet.pointee.disposition = .dropped(.table)
        return .drop
    }

    /// `nf_ct_resolve_clash`: another packet has confirmed the same flow, or one that looks the same from one side.
    private func resolveClash(_ packet: PacketRef, loser: ConnectionRef, winner: ConnectionRef) -> Verdict {
        switch winner.pointee.ipProtocol {
        case .udp, .udplite, .gre: break
        default: return failConfirm(packet)
        }
        if merge(packet, loser, into: winner) { return .accept }
        let now = node.pointee.now
        let reply = node.pointee.connections.tuple(of: loser, .reply)
        if let (other, _) = node.pointee.connections.find(reply, loser.pointee.zones, in: .reply, now: now) {
            return merge(packet, loser, into: other) ? .accept : failConfirm(packet)
        }
        // Only the reply is unique: it stays findable by that for a second.
        loser.pointee.timeout = now + .seconds(1)
        loser.pointee.status.formUnion([.fixedTimeout, .natClash, .confirmed])
        node.pointee.connections.insertReference(loser, node.pointee.connections.number(of: loser), .reply)
        node.pointee.connections.acquire(loser)
        return .accept
    }

    /// `__nf_ct_resolve_clash`: the packet joins the connection that won when both are the same flow, or NAT has never looked at it.
    private func merge(_ packet: PacketRef, _ loser: ConnectionRef, into winner: ConnectionRef) -> Bool {
        guard winner.pointee.status.isDisjoint(with: .natDoneMask) || node.pointee.connections.isSameFlow(winner, loser)
        else { return false }
        let direction: Direction = packet.pointee.connectionInfo.isReply ? .reply : .original
        let info = packet.pointee.connectionInfo
        account(packet, winner, direction)
        releaseConnection(packet)
        attach(packet, winner, info)
        return true
    }
}

extension ConnectionTable {
    /// `nf_ct_can_merge`: equal in both directions, or equal crosswise.
    func isSameFlow(_ a: ConnectionRef, _ b: ConnectionRef) -> Bool {
        func equal(_ one: Direction, _ other: Direction) -> Bool {
            tuple(of: a, one) == tuple(of: b, other) && a.pointee.zone(one) == b.pointee.zone(other)
        }
        return equal(.original, .original) && equal(.reply, .reply)
            || equal(.original, .reply) && equal(.reply, .original)
    }
}
