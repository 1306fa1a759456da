import HawseModel
import HawseWire

extension Walk {
    /// The gate for frames: one length check, then the walk.
    @inline(__always)
    func enter(_ frame: UnsafeRawBufferPointer, _ interface: UInt16) {
        guard Int(interface) < node.pointee.interfaces.count, interface != 0, frame.count > 0, frame.count <= 1 << 20 else {
            node.pointee.outcomes.count(.dropped(.frameTooShort))
            return
        }
        let isBare = node.pointee.interfaces[interface].pointee.kind == .tun
        guard let packet = node.pointee.pool.take(bytes: frame.count) else {
            node.pointee.outcomes.count(.dropped(.outOfPackets))
            return
        }
        packet.pointee.cause = node.pointee.frameOrdinal
        packet.pointee.inInterface = interface
        packet.fill(frame: frame, linkLength: isBare ? 0 : min(14, frame.count))
        if isBare {
            packet.pointee.etherType = packet.networkPointer.load(as: UInt8.self) >> 4 == 6 ? 0x86dd : 0x0800
        } else if frame.count < 14 {
            packet.pointee.disposition = .dropped(.frameTooShort)
            finish(packet)
            return
        } else {
            readEthernet(packet)
        }
        packet.pointee.stage = .receive
        run(packet)
        drain()
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
        case .reassembly(let handle): reassemblyTimer(handle)
        case .connections: connectionsTimer()
        case .ipvs: ipvsTimer()
        }
        drain()
    }
}
