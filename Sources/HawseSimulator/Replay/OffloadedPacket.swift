import HawseWire

/// What a capture shows of work that a device was left to do: checksums of the pseudo header alone, and segments as long as
/// several. A driver would have completed the one and cut the other before anything went over a wire; the kernel takes both
/// as good when they come in by a veth or from a driver that had put segments together.
enum Offload {
    /// The checksum field of a whole TCP segment or UDP datagram holds the pseudo header's sum (`CHECKSUM_PARTIAL`).
    /// `length`: of the IP packet.
    @inline(__always)
    static func isPartial(_ ip: UnsafeRawPointer, isIPv6: Bool, ipProtocol: IPProtocol, transport: Int, length: Int) -> Bool {
        let field = transport &+ (ipProtocol == .tcp ? 16 : 6)
        guard ipProtocol == .tcp || ipProtocol == .udp, field &+ 2 <= length else { return false }
        let sum = isIPv6
            ? InternetChecksum.pseudoHeader(
                family: .ipv6, source: IPv6Header(UnsafeMutableRawPointer(mutating: ip)).source,
                destination: IPv6Header(UnsafeMutableRawPointer(mutating: ip)).destination,
                protocolNumber: ipProtocol, length: length &- transport)
            : InternetChecksum.pseudoHeaderIPv4(
                source: ip.loadBE32(at: 12), destination: ip.loadBE32(at: 16),
                protocolNumber: ipProtocol, length: length &- transport)
        return ip.loadBE16(at: field) == InternetChecksum.fold(sum)
    }

    /// The same of a frame's IP packet without options or extension headers before the transport header.
    @inline(__always)
    static func isPartial(_ ip: UnsafeRawPointer, isIPv6: Bool, captured: Int) -> Bool {
        if isIPv6 {
            guard captured >= 40 else { return false }
            let length = 40 &+ Int(ip.loadBE16(at: 4))
            return length <= captured && isPartial(ip, isIPv6: true, ipProtocol: ip.loadProtocol(at: 6), transport: 40, length: length)
        }
        guard captured >= 20, ip.loadBE16(at: 6) & 0x3fff == 0 else { return false }
        let length = Int(ip.loadBE16(at: 2))
        return length <= captured
            && isPartial(
                ip, isIPv6: false, ipProtocol: ip.loadProtocol(at: 9), transport: Int(ip.load8(at: 0) & 15) &* 4, length: length)
    }
}

extension CapturedPacket {
    /// Puts the right checksum in the place of a partial one.
    mutating func completeChecksum() {
        guard let transport, !isFragment else { return }
        let (isIPv6, ipProtocol, tuple) = (isIPv6, ipProtocol, tuple)
        bytes.withUnsafeMutableBytes { raw in
            guard let ip = raw.baseAddress,
                Offload.isPartial(ip, isIPv6: isIPv6, ipProtocol: ipProtocol, transport: transport, length: raw.count)
            else { return }
            TransportChecksum.store(
                ip + transport, length: raw.count - transport, protocolNumber: ipProtocol, family: tuple.source.family,
                source: tuple.source.bits, destination: tuple.destination.bits)
        }
    }

    private var isFragment: Bool {
        isIPv6 ? transport.map { $0 > 40 } ?? true : (Int(bytes[6]) << 8 | Int(bytes[7])) & 0x3fff != 0
    }

    /// A TCP segment longer than `limit` bytes of IP, cut as the device would cut it (`tcp_gso_segment`); anything else whole.
    func segments(limit: Int) -> [[UInt8]] {
        guard bytes.count > limit, ipProtocol == .tcp, let transport, !isFragment, bytes.count >= transport + 20 else { return [bytes] }
        let header = transport + Int(bytes[transport + 12] >> 4) * 4
        let size = limit - header
        let flags = bytes[transport + 13]
        // SYN, RST and URG are never on such a segment.
        guard header >= transport + 20, size > 0, header < bytes.count, flags & 0x26 == 0 else { return [bytes] }
        var segments: [[UInt8]] = []
        for start in stride(from: header, to: bytes.count, by: size) {
            let isLast = start + size >= bytes.count
            segments.append(segment(start..<min(start + size, bytes.count), header, transport, segments.count, isLast))
        }
        return segments
    }

    private func segment(_ payload: Range<Int>, _ header: Int, _ transport: Int, _ number: Int, _ isLast: Bool) -> [UInt8] {
        var segment = Array(bytes[0..<header]) + bytes[payload]
        let tuple = tuple
        segment.withUnsafeMutableBytes { raw in
            guard let ip = raw.baseAddress else { return }
            if isIPv6 {
                ip.storeBE16(UInt16(truncatingIfNeeded: raw.count - 40), at: 4)
            } else {
                ip.storeBE16(UInt16(truncatingIfNeeded: raw.count), at: 2)
                ip.storeBE16(UnsafeRawPointer(ip).loadBE16(at: 4) &+ UInt16(truncatingIfNeeded: number), at: 4)
                IPv4Header(ip).storeChecksum()
            }
            let tcp = ip + transport
            tcp.storeBE32(UnsafeRawPointer(tcp).loadBE32(at: 4) &+ UInt32(truncatingIfNeeded: payload.lowerBound - header), at: 4)
            // FIN and PSH belong to the last, CWR to the first.
            if !isLast { raw[transport + 13] &= ~0x09 }
            if number > 0 { raw[transport + 13] &= ~0x80 }
            TransportChecksum.store(
                tcp, length: raw.count - transport, protocolNumber: .tcp, family: tuple.source.family,
                source: tuple.source.bits, destination: tuple.destination.bits)
        }
        return segment
    }
}
