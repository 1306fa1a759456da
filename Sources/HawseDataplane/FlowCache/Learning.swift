import HawseModel
import HawseWire

extension Walk {
    /// Takes a packet through the whole walk and writes its way down. The connection gets the trajectory only when the
    /// fast path would have made the very same bytes of this packet: what cannot be foretold is not cached.
    @inline(never)
    func walkAndLearn(_ packet: PacketRef) {
        guard let copy = node.pointee.pool.take(bytes: Int(packet.pointee.end)) else {
            run(packet)
            drain()
            return
        }
        copyFrame(packet, to: copy)
        let outputs = node.pointee.outputs.total
        node.pointee.flows.recorder.begin(length: 0)
        if dissectForLearning(copy) { node.pointee.flows.recorder.begin(length: copy.length) } else { voidRecording() }
        let info = expectedInfo(copy)
        run(packet)
        drain()
        node.pointee.flows.recorder.isOn = false
        if !node.pointee.flows.recorder.isVoid, node.pointee.outputs.total == outputs &+ 1, let info {
            learn(copy, info)
        }
        node.pointee.pool.give(back: copy)
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

    private func dissectForLearning(_ copy: PacketRef) -> Bool {
        copy.dissect() == .ok && (copy.pointee.ipProtocol == 6 || copy.pointee.ipProtocol == 17)
            && !copy.isLaterFragment
    }

    /// The connection as the walk will find it, and what it will call the packet.
    private func expectedInfo(_ copy: PacketRef) -> (ConnectionRef, Direction, ConnectionInfo)? {
        guard copy.pointee.version != 0, let tuple = Tuple(copy) else { return nil }
        guard let (connection, direction) = node.pointee.connections.find(tuple, zone: 0, now: node.pointee.now) else {
            return nil
        }
        return (connection, direction, fastInfo(connection, direction))
    }

    private func learn(_ copy: PacketRef, _ expected: (ConnectionRef, Direction, ConnectionInfo)) {
        let (connection, direction, info) = expected
        guard connection.pointee.isConfirmed, !connection.pointee.isDying else { return }
        let (entry, bytes) = node.pointee.outputs.last
        guard entry.length >= 14, let base = bytes.baseAddress else { return }
        let status = connection.pointee.status
        let isOriginal = direction == .original
        var way = Trajectory()
        way.destinationMAC = copy.ethernet.destination.value
        way.inInterface = copy.pointee.inInterface
        way.version = copy.pointee.version
        way.service = copy.isIPv4 ? copy.ipv4.tos : copy.ipv6.trafficClass
        way.info = info
        way.direction = direction
        way.maximumLength = node.pointee.flows.recorder.maximumLength
        way.outInterface = entry.interface
        way.rewritesSource = status.contains(isOriginal ? .sourceNAT : .destinationNAT)
        way.rewritesDestination = status.contains(isOriginal ? .destinationNAT : .sourceNAT)
        way.ethernetHigh = base.loadBE64(at: 0)
        way.ethernetMiddle = base.loadBE32(at: 8)
        way.ethernetType = base.loadBE16(at: 12)
        way.mark = entry.mark
        withUnsafeMutablePointer(to: &way) { transform(copy, $0, connection, direction) }
        let length = copy.length
        guard entry.length == length + 14,
            UnsafeRawBufferPointer(start: copy.networkPointer, count: length).elementsEqual(bytes[14...])
        else { return }
        let word = node.pointee.flows.intern(way)
        if word != 0 { node.pointee.connections.setTrajectoryWord(connection, direction, word) }
    }
}

extension ConnectionTable {
    /// Which trajectory a direction has: IPv4 keeps it in the record, where IPv6 has its addresses; IPv6 in the
    /// extension.
    @inline(__always)
    func trajectoryWord(_ connection: ConnectionRef, _ direction: Direction) -> UInt64 {
        if !connection.pointee.isIPv6 {
            return direction == .original ? connection.pointee.address2 : connection.pointee.address3
        }
        guard let cold = cold(connection) else { return 0 }
        return direction == .original ? cold.pointee.trajectoryOriginal : cold.pointee.trajectoryReply
    }

    mutating func setTrajectoryWord(_ connection: ConnectionRef, _ direction: Direction, _ word: UInt64) {
        if !connection.pointee.isIPv6 {
            if direction == .original { connection.pointee.address2 = word } else { connection.pointee.address3 = word }
            return
        }
        guard let cold = makeExtension(connection) else { return }
        if direction == .original { cold.pointee.trajectoryOriginal = word } else { cold.pointee.trajectoryReply = word }
    }
}
