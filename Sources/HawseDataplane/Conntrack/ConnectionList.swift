import HawseModel
import HawseWire

extension Dataplane {
    /// The connections that are in the table, in no particular order (`conntrack -L`). Those whose time is over are
    /// not there, nor those whose first packet has not got through.
    public func connections() -> [ConnectionListing] {
        var all: [ConnectionListing] = []
        let now = node.pointee.now
        node.pointee.connections.forEach { connection in
            guard let listing = node.pointee.connections.listing(connection, now: now) else { return }
            all.append(listing)
        }
        return all
    }

    /// Forgets the connections that agree with the filter (`conntrack -D`); returns how many.
    @discardableResult
    public func removeConnections(_ filter: ConnectionFilter) -> Int {
        let now = node.pointee.now
        let table = node.connectionTable
        return node.pointee.connections.removeAll { connection in
            table.pointee.listing(connection, now: now).map(filter.matches) ?? false
        }
    }

    /// Forgets everything (`conntrack -F`).
    public func flushConnections() {
        node.pointee.connections.removeAll { _ in true }
        node.pointee.connections.expectations.removeAll()
    }

    /// Connections in the table and bytes they take, index included.
    public var connectionUsage: (count: Int, bytes: Int) {
        (node.pointee.connections.count, node.pointee.connections.memoryInUse)
    }
}

extension ConnectionTable {
    func listing(_ connection: ConnectionRef, now: Instant) -> ConnectionListing? {
        settle(connection)
        let ct = connection.pointee
        guard ct.isConfirmed, !ct.isDying, ct.timeout > now, !ct.status.contains(.natClash) else { return nil }
        var original = side(connection, .original)
        var reply = side(connection, .reply)
        let isZoneOfBoth = ct.bits.isSuperset(of: [.zoneOriginal, .zoneReply])
        if ct.zone != 0, !isZoneOfBoth {
            if ct.bits.contains(.zoneOriginal) { original.zone = ct.zone } else { reply.zone = ct.zone }
        }
        if ct.bits.contains(.accounted), let cold = cold(connection)?.pointee {
            original.counters = Counters(packets: cold.originalPackets, bytes: cold.originalBytes)
            reply.counters = Counters(packets: cold.replyPackets, bytes: cold.replyBytes)
        }
        let helper = cold(connection).flatMap { ConnectionHelper(rawValue: $0.pointee.helper)?.name } ?? ""
        return ConnectionListing(
            family: ct.family, ipProtocol: ct.ipProtocol,
            timeout: UInt32(clamping: ct.remaining(at: now) / 1_000_000_000), state: Self.stateName(ct),
            original: original, reply: reply, isReplied: ct.status.contains(.seenReply), isAssured: ct.isAssured,
            mark: ct.mark, zone: ct.zone != 0 && isZoneOfBoth ? ct.zone : nil, helper: helper.isEmpty ? nil : helper,
            uses: UInt32(ct.uses))
    }

    private func side(_ connection: ConnectionRef, _ direction: Direction) -> ConnectionListing.Side {
        let tuple = tuple(of: connection, direction)
        let ports: ConnectionListing.Ports
        switch tuple.ipProtocol {
        case .tcp, .udp, .sctp, .udplite: ports = .ports(source: tuple.sourcePort, destination: tuple.destinationPort)
        case .icmp, .icmpv6:
            ports = .icmp(
                type: UInt8(truncatingIfNeeded: tuple.destinationPort >> 8),
                code: UInt8(truncatingIfNeeded: tuple.destinationPort), identifier: tuple.sourcePort)
        case .gre: ports = .gre(sourceKey: tuple.sourcePort, destinationKey: tuple.destinationPort)
        // The kernel tracks DCCP by addresses only, but the tool prints its ports all the same.
        case .dccp: ports = .ports(source: 0, destination: 0)
        default: ports = .none
        }
        return ConnectionListing.Side(
            source: IPAddress(family: tuple.family, bits: tuple.source),
            destination: IPAddress(family: tuple.family, bits: tuple.destination), ports: ports)
    }

    /// `tcp_conntrack_names`, `sctp_conntrack_names`.
    private static func stateName(_ ct: Connection) -> String? {
        switch ct.ipProtocol {
        case .tcp:
            let names = [
                "NONE", "SYN_SENT", "SYN_RECV", "ESTABLISHED", "FIN_WAIT", "CLOSE_WAIT", "LAST_ACK", "TIME_WAIT",
                "CLOSE", "SYN_SENT2",
            ]
            return names[min(Int(ct.state), names.count - 1)]
        case .sctp:
            let names = [
                "NONE", "CLOSED", "COOKIE_WAIT", "COOKIE_ECHOED", "ESTABLISHED", "SHUTDOWN_SENT", "SHUTDOWN_RECD",
                "SHUTDOWN_ACK_SENT", "HEARTBEAT_SENT",
            ]
            return names[min(Int(ct.state), names.count - 1)]
        default: return nil
        }
    }
}
