import HawseModel

/// What the packets of a tunnel need of the tunnel's own connection, in a quarter of a memory line: that it is still as their
/// trajectory expects, and until when it lives. The record is brought up to date when somebody looks at it (`settle`), which
/// ends the lease: so nobody else can have changed a connection that is leased.
struct OuterLease {
    /// Number of the trajectory, key of the link, source port (`TunnelHeader.lease`); 0: nobody's.
    var claim: UInt64 = 0
    var until: Instant = .zero
}

extension ConnectionTable {
    /// From here on the record says by itself again how long it lives. Whoever reads one does this first.
    @inline(__always)
    func settle(_ connection: ConnectionRef) {
        if connection.pointee.status.contains(.leased) { endLease(connection) }
    }

    @inline(never)
    private func endLease(_ connection: ConnectionRef) {
        let lease = leases[Int(number(of: connection))]
        connection.pointee.status.remove(.leased)
        connection.pointee.timeout = lease.pointee.until
        lease.pointee.claim = 0
    }

    /// In the table, and its time is over.
    @inline(__always)
    func isExpired(_ connection: ConnectionRef, at now: Instant) -> Bool {
        guard connection.pointee.isConfirmed, connection.pointee.timeout <= now else { return false }
        settle(connection)
        return connection.pointee.timeout <= now
    }

    mutating func lease(_ connection: ConnectionRef, _ claim: UInt64) {
        leases[Int(number(of: connection))].initialize(to: OuterLease(claim: claim, until: connection.pointee.timeout))
        connection.pointee.status.insert(.leased)
        hasLeases = true
    }
}

extension Walk {
    /// Leases the link's connection to the packets of a trajectory and port, if it is the one that they want, lives, and the
    /// hooks do with it what they did when the way was written down. False: it must be looked at more closely.
    @inline(never)
    func takeLease(
        _ way: UnsafeMutablePointer<Trajectory>, _ link: FlowLink, _ direction: Direction, _ claim: UInt64
    ) -> Bool {
        guard way.pointee.tunnel.canLease, link.handle != 0, link.key == 4 | direction.rawValue else { return false }
        let outer = node.pointee.connections[link.handle]
        node.pointee.connections.settle(outer)
        // Whose it is and what the hooks do with it, in one word; then that nobody masquerades it.
        let word = UnsafeRawPointer(outer).loadUnaligned(fromByteOffset: ConnectionLayout.status, as: UInt64.self)
        let expected = way.pointee.tunnel.expected
        guard word & expected.mask == expected.word, outer.pointee.address0 == expected.addresses,
            outer.pointee.originalPorts == UInt32(link.port) << 16 | UInt32(way.pointee.tunnel.port),
            UInt16(truncatingIfNeeded: outer.pointee.address3) == 0, outer.pointee.timeout > node.pointee.now
        else { return false }
        node.pointee.connections.lease(outer, claim)
        return true
    }
}
