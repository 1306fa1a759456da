import HawseModel
import HawseWire

/// Known flows that end at the node: a virtual server's local node among them. Nothing is written; what the hooks have counted and
/// the trackers have learnt is the same.
extension Walk {
    @inline(never)
    func followToListener(
        _ frame: KnownFrame, _ way: UnsafeMutablePointer<Trajectory>, _ connection: ConnectionRef, _ direction: Direction
    ) -> FastOutcome {
        var virtual: VirtualConnectionRef?
        if way.pointee.flags.contains(.isVirtual) {
            virtual = virtualConnection(frame, connection, direction)
            if virtual == nil { return .record }
        }
        if way.pointee.flags.contains(.localAsksIPVS), isKnownToIPVS(frame.tuple) { return .walk }
        // Without the tracker's look the socket adds up the checksum.
        guard node.pointee.connections.settings.checksum else { return .walk }
        let verdict = trackKnown(frame, connection, direction)
        guard verdict == .accept else { return verdict == .again ? .walk : .invalid }
        count(frame, way, connection, direction)
        if let virtual { countVirtual(virtual, frame, direction) }
        node.pointee.outcomes.count(.delivered)
        return .sent
    }

    // MARK: Learning

    /// A listener has taken the packet, by its address and port.
    @inline(never)
    func learnDelivery(_ packet: PacketRef) {
        let recorder = node.pointee.flows.recorder
        guard recorder.packet == packet, let copy = recorder.copy, let connection = recorder.connection else { return }
        defer { dropRecording() }
        // TPROXY's choice of a socket, and IPv6's sums over datagrams that a target has spoilt, are for the walk.
        guard !recorder.isVoid, connection.pointee.isConfirmed, !connection.pointee.isDying, packet.pointee.socket == 0,
            !recorder.isEncapsulated, holdsRecordedConnection(packet), packet.isIPv4 || packet.pointee.ipProtocol == .tcp,
            let frame = KnownFrame(copy.ethernet.base, count: Int(copy.pointee.end &- copy.pointee.mac))
        else { return }
        // IPVS was asked about what the rules have made of it.
        if recorder.asks.contains(.localAsksIPVS), !connection.pointee.status.isDisjoint(with: .natMask) { return }
        var way = arriving(frame, recorder)
        way.flags.formUnion(recorder.asks)
        way.flags.insert(.delivers)
        if recorder.virtual != 0 { way.flags.insert(.isVirtual) }
        way.mark = packet.pointee.mark
        keep(way, connection, recorder)
    }
}
