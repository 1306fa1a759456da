import HawseWire

/// An IP packet under construction, right in every field unless something is asked for.
struct RawPacket {
    var source: IPAddress
    var destination: IPAddress
    var ipProtocol: UInt8
    var transport: [UInt8]
    var tos: UInt8 = 0
    var ttl: UInt8 = 64
    var identification: UInt16 = 0
    var isDF = false
    /// IPv4 options, padded to words of four bytes.
    var options: [UInt8] = []
    /// IPv6 extension headers but the fragment header: type and bytes, whose first byte is filled in.
    var extensions: [(type: UInt8, bytes: [UInt8])] = []
    var hasWrongChecksum = false
    /// IPv4's reserved bit before DF.
    var isReserved = false

    var isIPv6: Bool { source.family == .ipv6 }

    /// Offset of the checksum in the transport header.
    static func checksumOffset(_ ipProtocol: UInt8) -> Int? {
        switch ipProtocol {
        case 6: 16
        case 17, 136: 6
        case 33: 6
        case 1, 58: 2
        default: nil
        }
    }

    /// The transport header and payload with its checksum.
    private var body: [UInt8] {
        var body = transport
        guard let at = Self.checksumOffset(ipProtocol), body.count >= at + 2 else { return withSCTPChecksum(body) }
        body[at] = 0
        body[at + 1] = 0
        var sum = Self.sum(body)
        if ipProtocol != 1 {
            sum = Self.sum(
                source.bytes + destination.bytes + [0, ipProtocol, UInt8(body.count >> 8), UInt8(body.count & 255)], sum)
        }
        var value = ~UInt16(sum)
        if value == 0, ipProtocol == 17 || ipProtocol == 136 { value = 0xffff }
        if hasWrongChecksum { value ^= 0x0101 }
        body[at] = UInt8(value >> 8)
        body[at + 1] = UInt8(value & 255)
        return body
    }

    private func withSCTPChecksum(_ transport: [UInt8]) -> [UInt8] {
        guard ipProtocol == 132, transport.count >= 12 else { return transport }
        var body = transport
        body.replaceSubrange(8..<12, with: [0, 0, 0, 0])
        var crc = body.withUnsafeBytes { $0.baseAddress.flatMap { CRC32C.sctpChecksum($0, length: body.count) } ?? 0 }
        if hasWrongChecksum { crc ^= 1 }
        for index in 0..<4 { body[8 + index] = UInt8(truncatingIfNeeded: crc >> (8 * index)) }
        return body
    }

    static func sum(_ bytes: [UInt8], _ start: Int = 0) -> Int {
        var total = start
        for (index, byte) in bytes.enumerated() { total += index & 1 == 0 ? Int(byte) << 8 : Int(byte) }
        while total >> 16 != 0 { total = (total & 0xffff) + (total >> 16) }
        return total
    }

    /// The whole packet from the IP header on.
    var bytes: [UInt8] { packets(sizes: [])[0] }

    /// As fragments of these payload sizes (multiples of eight), the rest in the last; in order.
    func packets(sizes: [Int]) -> [[UInt8]] {
        let body = self.body
        guard !sizes.isEmpty else { return [header(payload: body.count, offset: 0, hasMore: false, isFragment: false) + body] }
        var packets: [[UInt8]] = []
        var offset = 0
        for size in sizes + [body.count] {
            let end = min(body.count, offset + size)
            guard offset < end else { break }
            packets.append(
                header(payload: end - offset, offset: offset, hasMore: end < body.count, isFragment: true) + body[offset..<end])
            offset = end
        }
        return packets
    }

    private func header(payload: Int, offset: Int, hasMore: Bool, isFragment: Bool) -> [UInt8] {
        isIPv6 ? header6(payload, offset, hasMore, isFragment) : header4(payload, offset, hasMore)
    }

    private func header4(_ payload: Int, _ offset: Int, _ hasMore: Bool) -> [UInt8] {
        let length = 20 + options.count + payload
        let flags = (isReserved ? 0x8000 : 0) | (isDF ? 0x4000 : 0) | (hasMore ? 0x2000 : 0) | offset / 8
        var header: [UInt8] = [
            0x40 | UInt8(5 + options.count / 4), tos, UInt8(length >> 8), UInt8(length & 255), UInt8(identification >> 8),
            UInt8(identification & 255), UInt8(flags >> 8), UInt8(flags & 255), ttl, ipProtocol, 0, 0,
        ]
        header += source.bytes + destination.bytes + options
        let sum = ~UInt16(Self.sum(header))
        header[10] = UInt8(sum >> 8)
        header[11] = UInt8(sum & 255)
        return header
    }

    private func header6(_ payload: Int, _ offset: Int, _ hasMore: Bool, _ isFragment: Bool) -> [UInt8] {
        var chain = extensions
        if isFragment {
            let place = UInt16(offset) | (hasMore ? 1 : 0)
            chain.append(
                (
                    44,
                    [0, 0, UInt8(place >> 8), UInt8(place & 255), 0, 1, UInt8(identification >> 8), UInt8(identification & 255)]
                ))
        }
        var rest: [UInt8] = []
        for (index, item) in chain.enumerated() {
            var bytes = item.bytes
            bytes[0] = index + 1 < chain.count ? chain[index + 1].type : ipProtocol
            rest += bytes
        }
        let length = rest.count + payload
        let first: [UInt8] = [
            0x60 | tos >> 4, tos << 4, 0, 0, UInt8(length >> 8), UInt8(length & 255), chain.first?.type ?? ipProtocol, ttl,
        ]
        return first + source.bytes + destination.bytes + rest
    }

    /// In a frame between two hosts.
    static func frame(_ packet: [UInt8], from source: String, to destination: String, behind front: [UInt8] = []) -> [UInt8] {
        let type: [UInt8] = packet.first.map { $0 >> 4 } == 6 ? [0x86, 0xdd] : [0x08, 0x00]
        return bytes(mac: destination) + bytes(mac: source) + front + type + packet
    }

    static func bytes(mac: String) -> [UInt8] { mac.split(separator: ":").map { UInt8($0, radix: 16) ?? 0 } }
    static func text(mac: ArraySlice<UInt8>) -> String {
        mac.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: ":")
    }
}
