import HawseModel
import HawseWire

/// The outer packet of a known frame that goes into a tunnel.
struct OuterPacket {
    /// Its own connection; `nil` when it has none.
    var connection: ConnectionRef?
    /// UDP source port.
    var port: UInt16 = 0
    var identification: UInt16 = 0
}

extension Walk {
    /// The outer packet's source port and its connection, as the trajectory wants it. False: it is not so, or not any
    /// more, and the walk must look.
    @inline(__always)
    func findOuter(
        _ frame: KnownFrame, _ way: UnsafeMutablePointer<Trajectory>, _ connection: ConnectionRef,
        _ direction: Direction, _ virtual: VirtualConnectionRef?, _ outer: inout OuterPacket
    ) -> Bool {
        // The port depends on the direction's addresses, and on whether there is an IPv6 flow label.
        let hasLabel = !frame.isIPv4 && frame.ip.loadBE32(at: 0) & 0xf_ffff != 0
        let key: UInt8 = (direction == .original ? 4 : 5) | (hasLabel ? 2 : 0)
        let link: FlowLink
        if let virtual { link = virtual.pointee.link } else { link = node.pointee.connections.link(connection) }
        if link.key == key, link.handle != 0 {
            let record = node.pointee.connections[link.handle]
            node.pointee.connections.settle(record)
            if isOuter(record, way, link.port) {
                outer.connection = record
                outer.port = link.port
                return isSteadyOuter(record, way) && !asksForOuter(way, link.port)
            }
        }
        return findOuterSlowly(frame, way, connection, direction, virtual, key, &outer)
    }

    /// Is this record the connection of the tunnel's packets with that source port?
    @inline(__always)
    private func isOuter(_ record: ConnectionRef, _ way: UnsafeMutablePointer<Trajectory>, _ port: UInt16) -> Bool {
        guard record.pointee.status.contains(.confirmed), record.pointee.ipProtocol == .udp,
            record.pointee.originalPorts == UInt32(port) << 16 | UInt32(way.pointee.tunnel.port),
            record.pointee.zone(.original) == 0, record.pointee.isIPv6 == way.pointee.tunnel.isIPv6
        else { return false }
        let source = way.pointee.tunnel.source
        let destination = way.pointee.tunnel.destination
        if !way.pointee.tunnel.isIPv6 { return record.pointee.address0 == source.low << 32 | destination.low }
        return record.pointee.address0 == source.high && record.pointee.address1 == source.low
            && record.pointee.address2 == destination.high && record.pointee.address3 == destination.low
    }

    /// Whether the hooks would do with the outer packet what they did when the way was written down.
    @inline(__always)
    private func isSteadyOuter(_ record: ConnectionRef, _ way: UnsafeMutablePointer<Trajectory>) -> Bool {
        let status = record.pointee.status
        return status.isDisjoint(with: .unsteady) && status.isDisjoint(with: .natMask)
            && status.intersection(.natDoneMask) == way.pointee.tunnel.natDone
            && fastInfo(record, .original) == way.pointee.tunnel.info && record.pointee.timeout > node.pointee.now
            && node.pointee.connections.masquerade(record) == 0
    }

    @inline(__always)
    private func asksForOuter(_ way: UnsafeMutablePointer<Trajectory>, _ port: UInt16) -> Bool {
        way.pointee.flags.contains(.localAsksIPVS) && isKnownToIPVS(outerTuple(way, port))
    }

    @inline(__always)
    private func outerTuple(_ way: UnsafeMutablePointer<Trajectory>, _ port: UInt16) -> Tuple {
        Tuple(
            source: way.pointee.tunnel.source, destination: way.pointee.tunnel.destination, sourcePort: port,
            destinationPort: way.pointee.tunnel.port, ipProtocol: .udp, version: way.pointee.tunnel.isIPv6 ? 6 : 4)
    }

    @inline(never)
    private func findOuterSlowly(
        _ frame: KnownFrame, _ way: UnsafeMutablePointer<Trajectory>, _ connection: ConnectionRef,
        _ direction: Direction, _ virtual: VirtualConnectionRef?, _ key: UInt8, _ outer: inout OuterPacket
    ) -> Bool {
        guard let device = node.pointee.vxlan.find(interface: way.pointee.tunnel.device) else { return false }
        outer.port = innerPort(frame, way, connection, direction, device, hasLabel: key & 2 != 0)
        if asksForOuter(way, outer.port) { return false }
        guard way.pointee.tunnel.isTracked else { return true }
        let tuple = outerTuple(way, outer.port)
        let hash = node.pointee.connections.hash(tuple, zone: 0)
        guard
            let (record, side) = node.pointee.connections.find(tuple, zone: 0, hash: hash, now: node.pointee.now),
            side == .original, isOuter(record, way, outer.port)
        else { return false }
        outer.connection = record
        let link = FlowLink(handle: node.pointee.connections.handle(of: record), port: outer.port, key: key)
        if let virtual { virtual.pointee.link = link } else { node.pointee.connections.setLink(connection, link) }
        return isSteadyOuter(record, way)
    }

    /// The tunnel's source port for a frame, by what it looks like when it goes into the tunnel.
    private func innerPort(
        _ frame: KnownFrame, _ way: UnsafeMutablePointer<Trajectory>, _ connection: ConnectionRef,
        _ direction: Direction, _ device: UnsafeMutablePointer<VXLANDevice>, hasLabel: Bool
    ) -> UInt16 {
        let target = node.pointee.connections.tuple(of: connection, direction.opposite)
        let newSource = way.pointee.flags.contains(.rewritesSource)
        let newDestination = way.pointee.flags.contains(.rewritesDestination)
        return tunnelPort(
            source: newSource ? target.destination : frame.source,
            destination: newDestination ? target.source : frame.destination,
            sourcePort: hasLabel ? 0 : newSource ? target.destinationPort : frame.sourcePort,
            destinationPort: hasLabel ? 0 : newDestination ? target.sourcePort : frame.destinationPort,
            protocolNumber: frame.ipProtocol, device)
    }

    /// The frame as it leaves, behind the tunnel's headers; returns the bytes of the whole.
    @inline(__always)
    func writeEncapsulated(
        _ frame: KnownFrame, _ way: UnsafeMutablePointer<Trajectory>, _ connection: ConnectionRef,
        _ direction: Direction, _ outer: OuterPacket, to out: UnsafeMutableRawPointer
    ) -> Int {
        out.storeBytes(of: way.pointee.tunnel.bytes, as: TunnelHeader.Bytes.self)
        let isIPv6 = way.pointee.tunnel.isIPv6
        let header = isIPv6 ? 70 : 50
        writeFrame(frame, way, connection, direction, to: out + header)
        let datagram = frame.length &+ 30
        let udp = out + (header &- 16)
        udp.storeBE16(outer.port, at: 0)
        udp.storeBE16(UInt16(truncatingIfNeeded: datagram), at: 4)
        if isIPv6 {
            out.storeBE16(UInt16(truncatingIfNeeded: datagram), at: 18)
        } else {
            let length = UInt16(truncatingIfNeeded: datagram &+ 20)
            let sum = UInt64(way.pointee.tunnel.headerSum) &+ UInt64(length) &+ UInt64(outer.identification)
            out.storeBE16(length, at: 16)
            out.storeBE16(outer.identification, at: 18)
            out.storeBE16(~InternetChecksum.fold(sum), at: 24)
        }
        if way.pointee.tunnel.hasChecksum { sumOuter(frame, way, outer, out + header, udp, datagram) }
        return header &+ frame.length &+ 14
    }

    /// The outer UDP checksum. What is inside is known to be right, and so comes to the complement of its pseudo header:
    /// nothing need be summed (`lco_csum`).
    @inline(__always)
    private func sumOuter(
        _ frame: KnownFrame, _ way: UnsafeMutablePointer<Trajectory>, _ outer: OuterPacket,
        _ inner: UnsafeMutableRawPointer, _ udp: UnsafeMutableRawPointer, _ datagram: Int
    ) {
        guard node.pointee.connections.settings.checksum, frame.isIPv4,
            frame.ipProtocol == .tcp || frame.transport.loadBE16(at: 6) != 0
        else { return sumOuter(udp, datagram, way) }
        let addresses = inner.loadBE64(at: 26)
        let pseudo =
            (addresses >> 32) &+ (addresses & 0xffff_ffff) &+ UInt64(frame.ipProtocol.rawValue)
            &+ UInt64(truncatingIfNeeded: frame.transportLength)
        let sum =
            UInt64(way.pointee.tunnel.datagramSum) &+ UInt64(outer.port)
            &+ 2 &* UInt64(truncatingIfNeeded: datagram) &+ UInt64(~InternetChecksum.fold(pseudo))
        udp.storeBE16(TransportChecksum.nonZero(~InternetChecksum.fold(sum)), at: 6)
    }

    /// The same over everything.
    @inline(never)
    func sumOuter(_ udp: UnsafeMutableRawPointer, _ length: Int, _ way: UnsafeMutablePointer<Trajectory>) {
        let sum =
            UInt64(InternetChecksum.sum(udp, count: length))
            &+ InternetChecksum.pseudoHeader(
                family: way.pointee.tunnel.isIPv6 ? .ipv6 : .ipv4, source: way.pointee.tunnel.source,
                destination: way.pointee.tunnel.destination, protocolNumber: .udp, length: length)
        udp.storeBE16(TransportChecksum.nonZero(~InternetChecksum.fold(sum)), at: 6)
    }
}
