import HawseWire

extension FrameLayers {
    /// One line for people: `66 bytes, proto 6 10.0.0.1 > 10.0.0.2 80 > 4000 flags 0x12 ttl 63 …`.
    var summary: String {
        guard let ip else { return "\(frame.count) bytes, type \(hex(word(12)))" }
        var text = "\(frame.count) bytes, proto \(ipProtocol.rawValue) "
        if version == 4 {
            text += [12, 16].map { offset in (0..<4).map { "\(frame[ip + offset + $0])" }.joined(separator: ".") }
                .joined(separator: " > ")
        } else {
            text += [8, 24].map { offset in
                stride(from: 0, to: 16, by: 2).map { hex(word(ip + offset + $0)) }.joined(separator: ":")
            }.joined(separator: " > ")
        }
        if let transport, frame.count >= transport + 14, [.tcp, .udp, .sctp].contains(ipProtocol) {
            text += " \(word(transport)) > \(word(transport + 2))"
            if ipProtocol == .tcp { text += " flags 0x\(hex(Int(frame[transport + 13])))" }
        } else if let transport, frame.count >= transport + 2, ipProtocol == .icmp || ipProtocol == .icmpv6 {
            text += " icmp \(frame[transport])/\(frame[transport + 1])"
        }
        if version == 4 {
            text += " ttl \(frame[ip + 8]) id \(word(ip + 4)) tos 0x\(hex(Int(frame[ip + 1])))"
        } else {
            text += " hop limit \(frame[ip + 7])"
        }
        return text
    }

    private func hex(_ value: Int) -> String { String(value, radix: 16) }

    /// Made by the node's own sockets: a reset, an echo reply or a port unreachable.
    var isFromLocalStack: Bool {
        guard let transport, frame.count >= transport + 2 else { return false }
        if ipProtocol == .tcp { return frame.count > transport + 13 && frame[transport + 13] & 4 != 0 }
        let type = frame[transport]
        return (ipProtocol == .icmp && (type == 0 || type == 3)) || (ipProtocol == .icmpv6 && (type == 1 || type == 129))
    }
}
