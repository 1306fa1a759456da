import HawseModel
import HawseWire

extension SequenceAdjustment {
    @inline(__always)
    private static func isAfter(_ a: UInt32, _ b: UInt32) -> Bool { Int32(bitPattern: b &- a) < 0 }

    /// By how much a number of this direction is shifted.
    func offset(at sequence: UInt32) -> Int32 {
        Self.isAfter(sequence, correctionPosition) ? offsetAfter : offsetBefore
    }

    /// By how much the other side's acknowledgement of such a number is.
    func acknowledgementOffset(at number: UInt32) -> Int32 {
        offset(at: number &- UInt32(bitPattern: offsetBefore))
    }

    /// `nf_ct_seqadj_set`: the payload of the segment at `sequence` grew by `change` bytes.
    mutating func note(_ sequence: UInt32, change: Int32) {
        guard offsetBefore == offsetAfter || Self.isAfter(sequence, correctionPosition) else { return }
        correctionPosition = sequence
        offsetBefore = offsetAfter
        offsetAfter = offsetAfter &+ change
    }
}

extension Walk {
    /// `nf_ct_seq_adjust`: sequence, acknowledgement and SACK numbers of a connection whose payload was mangled.
    func adjustSequence(_ packet: PacketRef, _ connection: ConnectionRef) -> Bool {
        guard connection.pointee.ipProtocol == .tcp, packet.transportLength >= 20,
            let cold = node.pointee.connections.cold(connection)
        else { return packet.transportLength >= 20 }
        let isReply = packet.pointee.connectionInfo.isReply
        let own = isReply ? cold.pointee.adjustReply : cold.pointee.adjustOriginal
        let other = isReply ? cold.pointee.adjustOriginal : cold.pointee.adjustReply
        let tcp = packet.tcp
        let sequence = tcp.sequence &+ UInt32(bitPattern: own.offset(at: tcp.sequence))
        tcp.checksum = ChecksumUpdate.replace32(tcp.checksum, from: tcp.sequence, to: sequence)
        tcp.sequence = sequence
        guard tcp.flags.contains(.ack) else { return true }
        let ack = tcp.acknowledgement
        let newAck = ack &- UInt32(bitPattern: other.acknowledgementOffset(at: ack))
        tcp.checksum = ChecksumUpdate.replace32(tcp.checksum, from: ack, to: newAck)
        tcp.acknowledgement = newAck
        adjustSACK(tcp, other, available: packet.transportLength)
        return true
    }

    private func adjustSACK(_ tcp: TCPHeader, _ other: SequenceAdjustment, available: Int) {
        for option in tcp.options(available: available) where option.sackBlockCount > 0 {
            for i in 0..<(option.sackBlockCount * 2) {
                let offset = 20 + option.offset + 2 + i * 4
                let edge = tcp.base.loadBE32(at: offset)
                let new = edge &- UInt32(bitPattern: other.acknowledgementOffset(at: edge))
                tcp.checksum = ChecksumUpdate.replace32(tcp.checksum, from: edge, to: new)
                tcp.base.storeBE32(new, at: offset)
            }
        }
    }

    /// `nf_nat_mangle_tcp_packet`: replaces bytes of the payload, with lengths, checksums and later sequence numbers.
    func mangleTCP(
        _ packet: PacketRef, _ connection: ConnectionRef, at offset: Int, count: Int, with text: [UInt8]
    ) -> Bool {
        let growth = text.count - count
        guard packet.length + growth <= 65535 else { return false }
        if growth > 0 { packet.reserveTail(growth) }
        let tcp = packet.tcp
        let data = packet.transportPointer + tcp.headerLength
        let tail = packet.transportLength - tcp.headerLength - offset - count
        guard tail >= 0 else { return false }
        (data + offset + text.count).copyMemory(from: data + offset + count, byteCount: tail)
        text.withUnsafeBytes { bytes in
            if let base = bytes.baseAddress { (data + offset).copyMemory(from: base, byteCount: text.count) }
        }
        packet.pointee.end += Int32(growth)
        if packet.isIPv4 {
            packet.ipv4.totalLength = UInt16(packet.length)
            packet.ipv4.storeChecksum()
        } else {
            packet.ipv6.payloadLength = UInt16(packet.length - 40)
        }
        TransportChecksum.store(
            packet.transportPointer, length: packet.transportLength, protocolNumber: .tcp, family: packet.family,
            source: packet.sourceBits, destination: packet.destinationBits)
        if growth != 0, let cold = node.pointee.connections.makeExtension(connection) {
            connection.pointee.status.insert(.sequenceAdjust)
            if packet.pointee.connectionInfo.isReply {
                cold.pointee.adjustReply.note(tcp.sequence, change: Int32(growth))
            } else {
                cold.pointee.adjustOriginal.note(tcp.sequence, change: Int32(growth))
            }
        }
        return true
    }
}
