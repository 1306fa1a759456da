import HawseModel
import HawseWire

extension Walk {
    /// A known IPv4 frame that goes into a tunnel over IPv4: the usual case of `followSpecially`, which has all others.
    @inline(never)
    func followIntoTunnel(
        _ frame: KnownFrame, _ arrival: Arrival, _ way: UnsafeMutablePointer<Trajectory>, _ connection: ConnectionRef,
        _ direction: Direction
    ) -> FastOutcome {
        guard frame.isIPv4 else { return followSpecially(frame, arrival, way, connection, direction, FlowHint()) }
        let link = node.pointee.connections.link(connection)
        let lease = node.pointee.connections.leases[Int(link.handle & ConnectionTable.numberMask)]
        let claim = way.pointee.tunnel.lease | UInt64(link.key) << 16 | UInt64(link.port)
        guard lease.pointee.claim == claim && lease.pointee.until > node.pointee.now || takeLease(way, link, direction, claim)
        else { return followSpecially(frame, arrival, way, connection, direction, FlowHint()) }
        let verdict = trackKnown(frame, connection, direction)
        guard verdict == .accept else { return verdict == .again ? .walk : .invalid }
        count(frame, way, connection, direction)
        // `renewUDP` of one that nobody has answered: it counts nothing and has the usual times, says the lease.
        lease.pointee.until = node.pointee.now + node.pointee.connections.usualTimeouts.pointee.udp
        let out = node.pointee.outputs.reserve(frame.length &+ Self.slack)
        writeTunnelHeader(frame, way, link.port, newIdentification(), to: out)
        writeFrame(frame, way, connection, direction, to: out + 50)
        if way.pointee.tunnel.hasChecksum { writeTunnelChecksum(frame, way, link.port, out) }
        leave(frame.length &+ 64, way, arrival)
        return .sent
    }

    /// The 50 bytes but for the UDP checksum.
    @inline(__always)
    private func writeTunnelHeader(
        _ frame: KnownFrame, _ way: UnsafeMutablePointer<Trajectory>, _ port: UInt16, _ identification: UInt16,
        to out: UnsafeMutableRawPointer
    ) {
        // The last bytes are the inner frame's place, which is written afterwards.
        withUnsafePointer(to: &way.pointee.tunnel.bytes) { out.copyMemory(from: $0, byteCount: 64) }
        let length = UInt32(truncatingIfNeeded: frame.length &+ 50)
        out.storeBE32(length << 16 | UInt32(identification), at: 16)
        let sum = way.pointee.tunnel.headerSum &+ length &+ UInt32(identification)
        let folded = (sum & 0xffff) &+ sum >> 16
        out.storeBE16(~UInt16(truncatingIfNeeded: folded &+ folded >> 16), at: 24)
        out.storeBE16(port, at: 34)
        out.storeBE16(UInt16(truncatingIfNeeded: frame.length &+ 30), at: 38)
    }

    /// What is inside is known to be right, and so comes to the complement of its pseudo header (`lco_csum`).
    @inline(__always)
    private func writeTunnelChecksum(
        _ frame: KnownFrame, _ way: UnsafeMutablePointer<Trajectory>, _ port: UInt16, _ out: UnsafeMutableRawPointer
    ) {
        let datagram = frame.length &+ 30
        guard node.pointee.connections.settings.checksum,
            frame.ipProtocol == .tcp || frame.transport.loadBE16(at: 6) != 0
        else { return sumOuter(out + 34, datagram, way) }
        // What has just been written as one word can be read as one; of a copy the processor would wait for the whole.
        let addresses = way.pointee.flags.isDisjoint(with: .rewrites) ? frame.addresses : out.loadBE64(at: 76)
        let pseudo =
            (addresses >> 32) &+ (addresses & 0xffff_ffff) &+ UInt64(frame.ipProtocol.rawValue)
            &+ UInt64(truncatingIfNeeded: frame.transportLength)
        // Its complement: a multiple of 0xffff without it.
        let sum =
            UInt64(way.pointee.tunnel.datagramSum) &+ UInt64(port) &+ 2 &* UInt64(truncatingIfNeeded: datagram)
            &+ (0xffff << 24 &- pseudo)
        out.storeBE16(TransportChecksum.nonZero(~InternetChecksum.fold(sum)), at: 40)
    }
}
