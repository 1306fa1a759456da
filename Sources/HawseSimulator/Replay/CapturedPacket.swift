import HawseCapture
import HawseWire

/// The IP packet inside a captured record, copied out so that its addresses can be rewritten.
struct CapturedPacket {
    /// The IP packet without link header or padding.
    var bytes: [UInt8]
    var isIPv6: Bool
    var ipProtocol: IPProtocol
    /// Offset of the transport header; `nil` in later fragments and where it is cut off.
    private(set) var transport: Int?
    /// Offset of the packet in its record.
    private(set) var start = 0

    /// `nil`: not IP, or too short for its own headers. A checksum that was left to a device is completed.
    init?(_ record: CaptureRecord) {
        let payload = record.payload
        guard payload.kind != .unsupported, let ip = Self.ipOffset(record.bytes, payload) else { return nil }
        self.init(Array(record.bytes[ip...]))
        start = ip
        completeChecksum()
    }

    init?(_ packet: [UInt8]) {
        var length: Int
        switch packet.first.map({ $0 >> 4 }) {
        case 4 where packet.count >= 20:
            isIPv6 = false
            length = Int(packet[2]) << 8 | Int(packet[3])
        case 6 where packet.count >= 40:
            isIPv6 = true
            length = 40 + (Int(packet[4]) << 8 | Int(packet[5]))
        default: return nil
        }
        // A GSO frame says 0; a padded one is longer than it says.
        if length < 20 || length > packet.count || (isIPv6 && length == 40 && packet[6] != 59) { length = packet.count }
        bytes = length < packet.count ? Array(packet[0..<length]) : packet
        ipProtocol = IPProtocol(rawValue: packet[isIPv6 ? 6 : 9])
        if isIPv6 {
            let walk = bytes.withUnsafeBytes { IPv6ExtensionWalk.find($0.baseAddress!, length: $0.count) }
            ipProtocol = walk.protocolNumber
            transport = walk.isLaterFragment || walk.offset + 8 > bytes.count ? nil : walk.offset
        } else {
            let offset = Int(packet[0] & 15) * 4
            guard offset >= 20 else { return nil }
            let isLater = (Int(packet[6]) << 8 | Int(packet[7])) & 0x1fff != 0
            transport = isLater || offset + 8 > bytes.count ? nil : offset
        }
    }

    /// Behind the Ethernet header and up to two VLAN tags.
    private static func ipOffset(_ bytes: UnsafeRawBufferPointer, _ payload: LinkPayload) -> Int? {
        guard payload.kind == .ethernet else { return payload.offset }
        var at = payload.offset + 12
        var kind = 0
        for _ in 0..<3 {
            guard at + 2 <= bytes.count else { return nil }
            kind = Int(bytes[at]) << 8 | Int(bytes[at + 1])
            guard kind == 0x8100 || kind == 0x88a8 else { break }
            at += 4
        }
        return kind == 0x0800 || kind == 0x86dd ? at + 2 : nil
    }

    private var addressOffset: (source: Int, destination: Int, length: Int) { isIPv6 ? (8, 24, 16) : (12, 16, 4) }
    private var hasPorts: Bool { transport != nil && [6, 17, 132, 33, 136].contains(ipProtocol.rawValue) }

    var tuple: FlowTuple {
        let at = addressOffset
        func address(_ offset: Int) -> IPAddress {
            // Word by word: this is asked of every packet whose capture does not say where it came in.
            isIPv6
                ? IPAddress(ipv6High: number(offset, 8), low: number(offset + 8, 8))
                : IPAddress(ipv4: UInt32(truncatingIfNeeded: number(offset, 4)))
        }
        return FlowTuple(
            ipProtocol: ipProtocol, source: address(at.source), sourcePort: hasPorts ? port(0) : echoIdentifier,
            destination: address(at.destination), destinationPort: hasPorts ? port(2) : echoIdentifier)
    }

    private func number(_ offset: Int, _ count: Int) -> UInt64 {
        var number: UInt64 = 0
        for index in offset..<(offset + count) { number = number << 8 | UInt64(bytes[index]) }
        return number
    }

    private func port(_ offset: Int) -> UInt16 {
        guard let transport else { return 0 }
        return UInt16(bytes[transport + offset]) << 8 | UInt16(bytes[transport + offset + 1])
    }

    /// Echo requests and replies belong together by their identifier.
    private var echoIdentifier: UInt16 {
        guard let transport, bytes.count >= transport + 8 else { return 0 }
        let type = bytes[transport]
        let isEcho = isIPv6 ? type == 128 || type == 129 : ipProtocol == .icmp && (type == 0 || type == 8)
        return isEcho ? port(4) : 0
    }

    /// A TCP segment with RST.
    var isReset: Bool {
        guard ipProtocol == .tcp, let transport, bytes.count >= transport + 14 else { return false }
        return bytes[transport + 13] & 4 != 0
    }

    /// The flow that an ICMP "unreachable" is about.
    var quoted: FlowTuple? {
        guard let transport, bytes.count > transport + 8 else { return nil }
        guard isIPv6 ? ipProtocol == .icmpv6 && bytes[transport] == 1 : ipProtocol == .icmp && bytes[transport] == 3 else {
            return nil
        }
        return CapturedPacket(Array(bytes[(transport + 8)...]))?.tuple
    }

    /// Puts other addresses and ports in, with every checksum updated incrementally: a wrong one stays as wrong.
    mutating func readdress(_ new: FlowTuple) {
        let old = tuple
        let at = addressOffset
        var delta: UInt64 = 0
        for (offset, from, to) in [(at.source, old.source, new.source), (at.destination, old.destination, new.destination)]
        where from != to && to.family == from.family {
            bytes.replaceSubrange(offset..<(offset + at.length), with: to.bytes)
            delta &+= isIPv6
                ? ChecksumUpdate.delta128(from: from.bits, to: to.bits)
                : ChecksumUpdate.delta32(from: from.bits.ipv4, to: to.bits.ipv4)
        }
        if !isIPv6, delta != 0 { updateChecksum(at: 10, delta) }
        guard let transport, let field = checksumField(transport) else { return }
        if ipProtocol == .icmp { delta = 0 }  // no pseudo header
        if hasPorts {
            for (offset, from, to) in [(0, old.sourcePort, new.sourcePort), (2, old.destinationPort, new.destinationPort)]
            where from != to {
                bytes[transport + offset] = UInt8(to >> 8)
                bytes[transport + offset + 1] = UInt8(truncatingIfNeeded: to)
                delta &+= ChecksumUpdate.delta32(from: UInt32(from), to: UInt32(to))
            }
        }
        let isUnchecked = ipProtocol == .udp && bytes[field] == 0 && bytes[field + 1] == 0
        if delta != 0, !isUnchecked { updateChecksum(at: field, delta) }
    }

    private func checksumField(_ transport: Int) -> Int? {
        let offset: Int
        switch ipProtocol {
        case .tcp: offset = 16
        case .udp: offset = 6
        case .icmp, .icmpv6: offset = 2
        default: return nil
        }
        return transport + offset + 2 <= bytes.count ? transport + offset : nil
    }

    private mutating func updateChecksum(at offset: Int, _ delta: UInt64) {
        let old = UInt16(bytes[offset]) << 8 | UInt16(bytes[offset + 1])
        let new = ChecksumUpdate.apply(delta, to: old)
        bytes[offset] = UInt8(new >> 8)
        bytes[offset + 1] = UInt8(truncatingIfNeeded: new)
    }
}

/// Who talks to whom: the five-tuple of one direction.
public struct FlowTuple: Hashable, Sendable, CustomStringConvertible {
    public var ipProtocol: IPProtocol
    public var source: IPAddress
    public var sourcePort: UInt16
    public var destination: IPAddress
    public var destinationPort: UInt16

    public init(
        ipProtocol: IPProtocol, source: IPAddress, sourcePort: UInt16, destination: IPAddress, destinationPort: UInt16
    ) {
        self.ipProtocol = ipProtocol
        self.source = source
        self.sourcePort = sourcePort
        self.destination = destination
        self.destinationPort = destinationPort
    }

    public var reversed: FlowTuple {
        FlowTuple(
            ipProtocol: ipProtocol, source: destination, sourcePort: destinationPort, destination: source,
            destinationPort: sourcePort)
    }

    public var description: String {
        "\(source.description(port: sourcePort)) > \(destination.description(port: destinationPort))"
    }
}
