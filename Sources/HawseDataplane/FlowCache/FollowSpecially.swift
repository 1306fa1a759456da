import HawseModel
import HawseWire

extension Walk {
    /// A known frame whose way asks for more than its connection: a virtual server's, or a tunnel's.
    @inline(never)
    func followSpecially(
        _ frame: KnownFrame, _ arrival: Arrival, _ way: UnsafeMutablePointer<Trajectory>, _ connection: ConnectionRef,
        _ direction: Direction, _ contents: FlowHint
    ) -> FastOutcome {
        let flags = way.pointee.flags
        if flags.contains(.decapsulates) {
            return followInside(frame, arrival, way, connection, direction, contents)
        }
        if flags.contains(.delivers) { return followToListener(frame, way, connection, direction) }
        var virtual: VirtualConnectionRef?
        if flags.contains(.isVirtual) {
            virtual = virtualConnection(frame, connection, direction)
            if virtual == nil { return .record }
        }
        if flags.contains(.forwardAsksIPVS), isIPVSReply(frame, way, connection, direction) { return .walk }
        var outer = OuterPacket()
        if flags.contains(.encapsulates), !findOuter(frame, way, connection, direction, virtual, &outer) { return .walk }
        let verdict = trackKnown(frame, connection, direction)
        guard verdict == .accept else { return verdict == .again ? .walk : .invalid }
        count(frame, way, connection, direction)
        if let virtual { countVirtual(virtual, frame, direction) }
        guard flags.contains(.encapsulates) else {
            let out = node.pointee.outputs.reserve(frame.length &+ Self.slack)
            writeFrame(frame, way, connection, direction, to: out)
            leave(frame.length &+ 14, way, arrival)
            return .sent
        }
        outer.identification = way.pointee.tunnel.isIPv6 ? 0 : newIdentification()
        let out = node.pointee.outputs.reserve(frame.length &+ Self.slack)
        let length = writeEncapsulated(frame, way, connection, direction, outer, to: out)
        if let own = outer.connection { renewUDP(own, .original, length: length &- 14) }
        leave(length, way, arrival)
        return .sent
    }

    /// A tunnel's packet for this node (`vxlan_rcv`), and then what is in it.
    @inline(__always)
    private func followInside(
        _ frame: KnownFrame, _ arrival: Arrival, _ way: UnsafeMutablePointer<Trajectory>, _ connection: ConnectionRef,
        _ direction: Direction, _ contents: FlowHint
    ) -> FastOutcome {
        let udp = frame.transport
        let claimed = Int(udp.loadBE16(at: 4))
        let device = node.pointee.interfaces[way.pointee.outInterface]
        guard frame.ipProtocol == .udp, claimed == frame.transportLength, claimed >= 30, isIntactTunnel(frame),
            udp.loadBE64(at: 8) == way.pointee.tunnel.bytes.0, device.pointee.isUp
        else { return .walk }
        let inner = udp + 16
        let count = claimed &- 16
        guard inner.loadBE64(at: 4) & 0xffff_ffff_ffff != device.pointee.mac.value,
            keepsECN(inner, count, outer: frame.service)
        else { return .walk }
        if way.pointee.flags.contains(.localAsksIPVS), isKnownToIPVS(frame.tuple) { return .walk }
        renewUDP(connection, direction, length: frame.length)
        self.count(frame, way, connection, direction)
        let next = Arrival(interface: way.pointee.outInterface, mark: way.pointee.mark, cause: arrival.cause)
        followContents(inner, count, next, contents)
        return .sent
    }

    /// Both the tracker and the socket want the checksum right; IPv4 may do without.
    @inline(__always)
    private func isIntactTunnel(_ frame: KnownFrame) -> Bool {
        frame.transport.loadBE16(at: 6) == 0 ? frame.isIPv4 : frame.isIntact
    }

    /// A frame out of a tunnel: by the fast path again, or else by the walk.
    @inline(never)
    private func followContents(
        _ inner: UnsafeMutableRawPointer, _ count: Int, _ arrival: Arrival, _ hint: FlowHint
    ) {
        var outcome = FastOutcome.walk
        if let frame = KnownFrame(inner, count: count) {
            outcome = follow(frame, arrival, hint)
            if outcome == .sent {
                let received = Interface.received(node.pointee.interfaces[arrival.interface])
                received.pointee.packets &+= 1
                received.pointee.bytes &+= UInt64(truncatingIfNeeded: count &- 14)
                return
            }
        }
        walkContents(UnsafeRawBufferPointer(start: inner, count: count), arrival, outcome)
    }

    /// What `becomeInner` makes of the outer packet.
    @inline(never)
    private func walkContents(_ frame: UnsafeRawBufferPointer, _ arrival: Arrival, _ outcome: FastOutcome) {
        guard let packet = node.pointee.pool.take(bytes: frame.count) else {
            node.pointee.outcomes.count(.dropped(.outOfPackets))
            return
        }
        packet.pointee.cause = arrival.cause
        packet.pointee.inInterface = arrival.interface
        packet.pointee.mark = arrival.mark
        packet.pointee.generation = 1
        packet.fill(frame: frame, linkLength: 14)
        readEthernet(packet)
        node.pointee.flows.outcome = outcome
        packet.pointee.stage = .receive
        run(packet)
        drain()
    }

    /// Whether decapsulation leaves the inner TOS alone and lets the packet pass (`INET_ECN_decapsulate`); also that the
    /// inner header is there.
    @inline(__always)
    private func keepsECN(_ inner: UnsafeRawPointer, _ count: Int, outer: UInt8) -> Bool {
        let type = inner.loadEtherType(at: 12)
        guard type == .ipv4 || type == .ipv6 else { return true }
        guard count &- 14 >= (type == .ipv4 ? 20 : 40) else { return false }
        let service = type == .ipv4 ? inner.load8(at: 15) : UInt8(truncatingIfNeeded: inner.loadBE16(at: 14) >> 4)
        switch (outer & 3, service & 3) {
        case (0, _): return true
        case (3, _), (1, 2): return false
        default: return true
        }
    }
}
