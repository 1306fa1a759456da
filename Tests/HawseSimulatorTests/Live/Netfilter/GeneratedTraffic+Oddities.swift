/// Headers that are legal but rare, or that no stack sends.
extension GeneratedTraffic {
    func addOddity(_ packet: inout RawPacket) {
        switch draw.below(6) {
        case 0, 1: packet.isIPv6 ? addOddExtensions(&packet) : addOddOptions(&packet)
        case 2: cutShort(&packet)
        default: changeTransport(&packet)
        }
    }

    /// Timestamps (full ones: others get the wall clock's), recorded and given routes, security, what is unknown, wrong lengths, bytes behind the end; the reserved bit.
    private func addOddOptions(_ packet: inout RawPacket) {
        if draw.oneIn(4) { packet.isReserved = true }
        packet.options = draw.pick([
            [0x44, 8, 9, 0, 1, 2, 3, 4], [0x44, 8, 9, 0xf0, 1, 2, 3, 4], [0x44, 12, 13, 0x21, 1, 2, 3, 4, 5, 6, 7, 8],
            [7, 11, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0], [7, 7, 8, 10, 1, 0, 1, 0], [0x82, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
            [0x88, 4, 0, 5], [0x99, 4, 0, 0], [0x19, 4, 1, 2], [0x94, 4, 0, 0, 0x94, 4, 0, 0], [0, 0x55, 0x55, 0x55], [1, 1, 1, 1],
            [7, 3, 4, 0], [7, 2, 1, 1], [0x44, 3, 5, 0], [0x99, 1, 0, 0], [0x99, 9, 0, 0], [1, 1, 1, 7],
            [0x83, 7, 4, 10, 1, 0, 10, 0], [0x89, 7, 8, 10, 1, 0, 10, 0], [0x83, 3, 4, 0],
        ])
    }

    /// Options that forbid or forgive their being unknown, headers twice or in the wrong order, the end of all headers.
    private func addOddExtensions(_ packet: inout RawPacket) {
        let destination: (UInt8, [UInt8]) = (60, [0, 0, 1, 4, 0, 0, 0, 0])
        let hop: (UInt8, [UInt8]) = (0, [0, 0, 5, 2, 0, 0, 1, 0])
        switch draw.below(9) {
        case 0: packet.extensions = [destination, destination]
        case 1: packet.extensions = [destination, hop]
        case 2: packet.extensions = [hop, hop]
        case 3: packet.extensions = [(60, [0, 0, draw.pick([0x1e, 0x5e, 0x9e, 0xde]), 4, 0, 0, 0, 0])]
        case 4: packet.extensions = [(0, [0, 0, draw.pick([0x1e, 0x5e, 0x9e, 0xde, 0x3e]), 4, 0, 0, 0, 0])]
        // A fragment that is the whole packet.
        case 5: packet.extensions = [(44, [0, 0, 0, 0, 0, 0, 1, draw.byte()])]
        case 6: packet.extensions = [hop, destination, (44, [0, 0, 0, 0, 0, 0, 2, draw.byte()])]
        case 7:
            packet.extensions = [destination]
            packet.ipProtocol = 59
        default: packet.extensions = [(60, [0, 0, 1, 8, 0, 0, 0, 0])]
        }
    }

    /// The transport header ends early, and the IP header says so.
    private func cutShort(_ packet: inout RawPacket) {
        packet.transport = Array(packet.transport.prefix(draw.pick([0, 1, 3, 4, 7, 8, 12, 15, 16, 19, 20])))
    }

    private func changeTransport(_ packet: inout RawPacket) {
        guard packet.transport.count >= 8 else { return }
        switch packet.ipProtocol {
        case 6 where packet.transport.count >= 20:
            switch draw.below(5) {
            case 0: packet.transport[12] |= draw.pick([1, 2, 4, 8, 15])
            case 1: packet.transport[12] = draw.pick([0, 0x40, 0xf0, 0x60]) | packet.transport[12] & 15
            case 2:
                packet.transport[13] |= 0x20
                packet.transport[19] = draw.byte()
            case 3: packet.transport[19] = draw.byte()
            default: packet.transport[13] = draw.byte()
            }
        case 17, 136:
            switch draw.below(3) {
            case 0: packet.transport[5] = packet.transport[5] &+ draw.pick([1, 255, 8, 200])
            case 1: packet.transport.replaceSubrange(4..<6, with: [0, draw.pick([0, 7, 8])])
            default: packet.transport.replaceSubrange(0..<2, with: [0, 0])
            }
        case 1, 58: packet.transport[draw.below(2)] = draw.byte()
        case 132 where packet.transport.count >= 16: packet.transport[draw.pick([12, 13, 15])] = draw.byte()
        case 33 where packet.transport.count >= 16: packet.transport[draw.pick([4, 5, 8, 9])] = draw.byte()
        case 47: packet.transport[draw.below(2)] = draw.byte()
        default: packet.transport[0] = draw.byte()
        }
    }

    /// A frame's packet in a PPPoE session.
    func inSession(_ frame: inout [UInt8]) {
        guard frame.count > 16, [0x08, 0x86].contains(frame[12]) else { return }
        let size = UInt16(clamping: frame.count - 14 + 2)
        let ppp: [UInt8] = frame[12] == 8 ? [0, 0x21] : [0, 0x57]
        frame.replaceSubrange(12..<14, with: [0x88, 0x64, 0x11, 0, 0, 5] + TransportBytes.word(size) + ppp)
    }
}
