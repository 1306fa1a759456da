import HawseModel
import HawseWire

extension Walk {
    /// From here on the packet's way is written down: it belongs to a known connection, and has just come in.
    @inline(never)
    func beginRecording(_ packet: PacketRef) {
        if node.pointee.flows.recorder.isOn { dropRecording() }
        guard let copy = node.pointee.pool.take(bytes: Int(packet.pointee.end)) else { return }
        copyFrame(packet, to: copy)
        guard copy.dissect() == .ok, copy.pointee.ipProtocol == 6 || copy.pointee.ipProtocol == 17,
            !copy.isLaterFragment, let tuple = Tuple(copy),
            let (connection, direction) = node.pointee.connections.find(tuple, zone: 0, now: node.pointee.now)
        else {
            node.pointee.pool.give(back: copy)
            return
        }
        node.pointee.flows.recorder.begin(packet, copy: copy)
        node.pointee.flows.recorder.connection = connection
        node.pointee.flows.recorder.direction = direction
        node.pointee.flows.recorder.info = fastInfo(connection, direction)
    }

    private func copyFrame(_ packet: PacketRef, to copy: PacketRef) {
        let start = Int(packet.pointee.mac)
        (copy.pointee.buffer + start).copyMemory(
            from: packet.pointee.buffer + start, byteCount: Int(packet.pointee.end) - start)
        copy.pointee.mac = packet.pointee.mac
        copy.pointee.network = packet.pointee.network
        copy.pointee.end = packet.pointee.end
        copy.pointee.etherType = packet.pointee.etherType
        copy.pointee.inInterface = packet.pointee.inInterface
    }

    private func dropRecording() {
        node.pointee.flows.recorder.isOn = false
        if let copy = node.pointee.flows.recorder.copy { node.pointee.pool.give(back: copy) }
    }

    /// The packet has ended some other way than by leaving.
    func abandonRecording(of packet: PacketRef) {
        if node.pointee.flows.recorder.packet == packet { dropRecording() }
    }

    /// The frame is complete and about to leave, or to enter a tunnel. The connection gets the trajectory only when the
    /// fast path would have made the very same bytes: what cannot be foretold is not cached.
    @inline(never)
    func endRecording(_ packet: PacketRef, isOverlay: Bool) {
        let recorder = node.pointee.flows.recorder
        guard recorder.packet == packet, let copy = recorder.copy, let connection = recorder.connection else { return }
        if !recorder.isVoid, connection.pointee.isConfirmed, !connection.pointee.isDying,
            packet.pointee.connection != 0, node.pointee.connections[packet.pointee.connection] == connection
        {
            learn(packet, copy, connection, recorder, isOverlay)
        }
        dropRecording()
    }

    private func learn(
        _ packet: PacketRef, _ copy: PacketRef, _ connection: ConnectionRef, _ recorder: PathRecorder, _ isOverlay: Bool
    ) {
        guard packet.pointee.mac >= 0 else { return }
        let frame = packet.ethernet.base
        let status = connection.pointee.status
        let isOriginal = recorder.direction == .original
        var way = Trajectory()
        way.destinationMAC = copy.ethernet.destination.value
        way.inInterface = copy.pointee.inInterface
        way.bridge = node.pointee.interfaces[copy.pointee.inInterface].pointee.master
        way.version = copy.pointee.version
        way.service = copy.isIPv4 ? copy.ipv4.tos : copy.ipv6.trafficClass
        way.info = recorder.info
        way.direction = recorder.direction
        way.maximumLength = recorder.maximumLength
        way.outInterface = packet.pointee.outInterface
        way.rewritesSource = status.contains(isOriginal ? .sourceNAT : .destinationNAT)
        way.rewritesDestination = status.contains(isOriginal ? .destinationNAT : .sourceNAT)
        way.ethernetHigh = frame.loadBE64(at: 0)
        way.ethernetMiddle = frame.loadBE32(at: 8)
        way.ethernetType = frame.loadBE16(at: 12)
        way.mark = packet.pointee.mark
        way.isOverlay = isOverlay
        way.takesHop = packet.hops != copy.hops
        withUnsafeMutablePointer(to: &way) { transform(copy, $0, connection, recorder.direction) }
        let length = copy.length
        guard packet.length == length, packet.pointee.network &- packet.pointee.mac == 14,
            UnsafeRawBufferPointer(start: copy.networkPointer, count: length)
                .elementsEqual(UnsafeRawBufferPointer(start: packet.networkPointer, count: length))
        else { return }
        let word = node.pointee.flows.intern(way)
        if word != 0 { node.pointee.connections.setTrajectoryWord(connection, recorder.direction, word) }
    }
}

extension ConnectionTable {
    /// Which trajectory a direction has: IPv4 keeps it in the record, where IPv6 has its addresses (and beside the
    /// masquerading device, the low 16 bits of the last word); IPv6 in the extension.
    @inline(__always)
    func trajectoryWord(_ connection: ConnectionRef, _ direction: Direction) -> UInt64 {
        if !connection.pointee.isIPv6 {
            return direction == .original ? connection.pointee.address2 : connection.pointee.address3 >> 16
        }
        guard let cold = cold(connection) else { return 0 }
        return direction == .original ? cold.pointee.trajectoryOriginal : cold.pointee.trajectoryReply
    }

    mutating func setTrajectoryWord(_ connection: ConnectionRef, _ direction: Direction, _ word: UInt64) {
        if !connection.pointee.isIPv6 {
            if direction == .original {
                connection.pointee.address2 = word
            } else {
                connection.pointee.address3 = word << 16 | connection.pointee.address3 & 0xffff
            }
            return
        }
        guard let cold = makeExtension(connection) else { return }
        if direction == .original { cold.pointee.trajectoryOriginal = word } else { cold.pointee.trajectoryReply = word }
    }
}

extension UnsafeMutablePointer where Pointee == Packet {
    /// TTL or hop limit.
    @inline(__always) var hops: UInt8 { isIPv4 ? ipv4.ttl : ipv6.hopLimit }
}
