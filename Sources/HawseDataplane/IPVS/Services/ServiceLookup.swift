import HawseModel
import HawseWire

/// Mutating although nothing changes: the state is not copied for a call then.
extension IPVSState {
    /// `ip_vs_service_find`: by mark, by address and port, then the FTP service (data connections), then port 0.
    mutating func findService(
        _ version: UInt8, mark: UInt32, ipProtocol: IPProtocol, address: AddressBits, port: UInt16
    ) -> Int32 {
        if mark != 0, services.markCount > 0 {
            let number = services.find(mark: mark, version)
            if number >= 0 { return number }
        }
        var number = services.find(version, ipProtocol, address, port)
        if number < 0, ipProtocol == .tcp, services.ftpCount > 0, port == 20 || Int(port) >= settings.privilegedPorts {
            number = services.find(version, ipProtocol, address, 21)
        }
        if number < 0, services.anyPortCount > 0 {
            number = services.find(version, ipProtocol, address, 0)
        }
        return number
    }

    /// `ip_vs_has_real_service`, `ip_vs_find_real_service`: the masqueraded server of an address and port; -1: none.
    mutating func findMasqueradedServer(_ version: UInt8, ipProtocol: IPProtocol, address: AddressBits, port: UInt16) -> Int32 {
        var number: Int32 = 0
        while number < Int32(servers.highest) {
            let s = servers[number]
            if s.pointee.isAvailable, s.pointee.port == port, s.pointee.address == address,
                s.pointee.version == version, s.pointee.forwarding == .masquerade,
                s.pointee.ipProtocol == ipProtocol || s.pointee.mark != 0
            {
                return number
            }
            number += 1
        }
        return -1
    }

    /// `ip_vs_find_tunnel`: a server reached by a tunnel to this address.
    mutating func findTunnel(_ version: UInt8, _ address: AddressBits, kind: RealServer.TunnelKind, port: UInt16) -> Int32 {
        var number: Int32 = 0
        while number < Int32(servers.highest) {
            let s = servers[number]
            if s.pointee.isAvailable, s.pointee.forwarding == .tunnel, s.pointee.tunnel == kind,
                s.pointee.address == address, s.pointee.version == version,
                kind != .gue || s.pointee.tunnelPort == port
            {
                return number
            }
            number += 1
        }
        return -1
    }

    /// `ip_vs_find_dest`: the server of a connection that a master has told of.
    mutating func findServer(
        of flow: VirtualFlow, address: AddressBits, port: UInt16, mark: UInt32, flags: VirtualConnection.Flags
    ) -> Int32 {
        let service = findService(
            flow.version, mark: mark, ipProtocol: flow.ipProtocol, address: flow.virtual, port: flow.virtualPort)
        guard service >= 0 else { return -1 }
        let forwardsByPort = flags.rawValue & VirtualConnection.Flags.forwardingMask == 0
        let wanted = mark != 0 && !forwardsByPort ? 0 : port
        let family: AddressFamily = flow.version == 6 ? .ipv6 : .ipv4
        let server = findServer(service, IPAddress(family: family, bits: address), wanted)
        if server >= 0 { return server }
        // The other of the two: a server without a port of its own, or one of a mark with it.
        return findServer(service, IPAddress(family: family, bits: address), wanted ^ port)
    }

    // MARK: Counters

    /// `ip_vs_conn_stats`
    mutating func countConnection(_ server: Int32, _ service: Int32) {
        servers[server].pointee.counters.reach(period)
        servers[server].pointee.counters.counts.connections &+= 1
        services[service].pointee.counters.reach(period)
        services[service].pointee.counters.counts.connections &+= 1
        total.reach(period)
        total.counts.connections &+= 1
    }

    /// `ip_vs_in_stats`: nothing is counted for servers in the trash.
    @inline(__always)
    mutating func countIncoming(_ connection: VirtualConnectionRef, bytes: Int) {
        guard connection.pointee.server >= 0 else { return }
        let server = servers[connection.pointee.server]
        guard server.pointee.isAvailable else { return }
        Self.countIncoming(&server.pointee.counters, bytes, period)
        Self.countIncoming(&services[server.pointee.service].pointee.counters, bytes, period)
        Self.countIncoming(&total, bytes, period)
    }

    @inline(__always)
    private static func countIncoming(_ counters: inout IPVSCounters, _ bytes: Int, _ period: UInt64) {
        counters.reach(period)
        counters.counts.incomingPackets &+= 1
        counters.counts.incomingBytes &+= UInt64(truncatingIfNeeded: bytes)
    }

    /// `ip_vs_out_stats`
    @inline(__always)
    mutating func countOutgoing(_ connection: VirtualConnectionRef, bytes: Int) {
        guard connection.pointee.server >= 0 else { return }
        let server = servers[connection.pointee.server]
        guard server.pointee.isAvailable else { return }
        Self.countOutgoing(&server.pointee.counters, bytes, period)
        Self.countOutgoing(&services[server.pointee.service].pointee.counters, bytes, period)
        Self.countOutgoing(&total, bytes, period)
    }

    @inline(__always)
    private static func countOutgoing(_ counters: inout IPVSCounters, _ bytes: Int, _ period: UInt64) {
        counters.reach(period)
        counters.counts.outgoingPackets &+= 1
        counters.counts.outgoingBytes &+= UInt64(truncatingIfNeeded: bytes)
    }
}
