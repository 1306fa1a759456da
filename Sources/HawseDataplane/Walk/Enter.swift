import HawseModel
import HawseWire

extension Walk {
    /// The gate for frames: one length check, then the fast path or the walk. `plan`: what has been read of it already.
    @inline(__always)
    func enter(_ frame: UnsafeRawBufferPointer, _ interface: UInt16, _ plan: UnsafeMutablePointer<FramePlan>? = nil) {
        guard Int(interface) < node.pointee.interfaces.count, interface != 0, frame.count > 0, frame.count <= 1 << 20 else {
            node.pointee.outcomes.count(.dropped(.frameTooShort))
            return
        }
        var outcome = FastOutcome.untried
        if !Watch.isOn, node.pointee.flows.isEnabled, let base = frame.baseAddress {
            outcome = .walk
            let read: KnownFrame?
            if let plan { read = plan.pointee.frame } else { read = KnownFrame(base, count: frame.count) }
            if let known = read, node.pointee.interfaces[interface].pointee.isUp {
                let arrival = Arrival(interface: interface, cause: node.pointee.frameOrdinal)
                outcome = follow(known, arrival, plan?.pointee.own ?? FlowHint(), inner: plan?.pointee.inner ?? FlowHint())
                if outcome == .sent {
                    let received = Interface.received(node.pointee.interfaces[interface])
                    received.pointee.packets &+= 1
                    received.pointee.bytes &+= UInt64(truncatingIfNeeded: frame.count &- 14)
                    return
                }
            }
        }
        walk(frame, interface, outcome)
    }

    /// Out of line: it drains the work list, which the loop over known frames should not hold.
    @inline(never)
    private func walk(_ frame: UnsafeRawBufferPointer, _ interface: UInt16, _ outcome: FastOutcome) {
        let isBare = node.pointee.interfaces[interface].pointee.kind == .tun
        guard let packet = node.pointee.pool.take(bytes: frame.count) else {
            node.pointee.outcomes.count(.dropped(.outOfPackets))
            return
        }
        packet.pointee.cause = node.pointee.frameOrdinal
        packet.pointee.inInterface = interface
        packet.fill(frame: frame, linkLength: isBare ? 0 : min(14, frame.count))
        if isBare {
            packet.pointee.etherType = packet.networkPointer.load(as: UInt8.self) >> 4 == 6 ? .ipv6 : .ipv4
        } else if frame.count < 14 {
            packet.pointee.disposition = .dropped(.frameTooShort)
            finish(packet)
            return
        } else {
            readEthernet(packet)
        }
        node.pointee.flows.outcome = isVLAN(packet) ? .untried : outcome
        packet.pointee.stage = .receive
        run(packet)
        drain()
    }

    /// The tag goes first: what is behind it nobody has looked at.
    @inline(__always)
    private func isVLAN(_ packet: PacketRef) -> Bool {
        packet.pointee.etherType == .vlan || packet.pointee.etherType == .qinq
    }

    /// A raw socket's packet (`raw_send_hdrinc`): routed, then OUTPUT.
    func enterLocal(_ bytes: UnsafeRawBufferPointer, uid: Int32, gid: Int32) {
        guard bytes.count > 0, bytes.count <= 1 << 20, let packet = node.pointee.pool.take(bytes: bytes.count) else {
            node.pointee.outcomes.count(.dropped(.outOfPackets))
            return
        }
        packet.pointee.cause = node.pointee.frameOrdinal
        packet.fill(frame: bytes, linkLength: 0)
        packet.pointee.flags.insert(.local)
        packet.pointee.uid = uid
        packet.pointee.gid = gid
        packet.pointee.stage = beginLocal(packet)
        run(packet)
        drain()
    }

    func fire(_ timer: TimerQueue.Timer) {
        switch timer.purpose {
        case .neighbour(let handle): neighbourTimer(handle)
        case .neighbourCollection(let version): collectNeighbours(version)
        case .reassembly(let handle): reassemblyTimer(handle)
        case .connections: connectionsTimer()
        case .ipvs: ipvsTimer()
        }
        drain()
    }
}
