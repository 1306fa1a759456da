import Hawse

/// A packet made from `--from`, `--to` and `--proto`: a SYN, a datagram, an INIT or an echo request.
struct Probe {
    private let packet: [UInt8]

    init(from: String, to: String, proto: Trace.Transport) throws {
        guard let (source, sourcePort) = AddressMap.endpoint(from[...]) else {
            throw Failure.input("--from: `\(from)' is no address with an optional port")
        }
        guard let (destination, destinationPort) = AddressMap.endpoint(to[...]) else {
            throw Failure.input("--to: `\(to)' is no address with an optional port")
        }
        guard source.family == destination.family else { throw Failure.input("--from and --to are of two IP versions") }
        guard proto == .icmp || destinationPort != nil else { throw Failure.input("--to: \(proto.rawValue) needs a port") }
        let segment = Self.segment(
            proto, isIPv6: source.family == .ipv6, from: sourcePort ?? 40000, to: destinationPort ?? 0)
        packet = Self.packet(proto, source, destination, segment)
    }

    private static func segment(_ proto: Trace.Transport, isIPv6: Bool, from: UInt16, to: UInt16) -> [UInt8] {
        let ports = [UInt8(from >> 8), UInt8(truncatingIfNeeded: from), UInt8(to >> 8), UInt8(truncatingIfNeeded: to)]
        switch proto {
        case .tcp: return ports + [0, 0, 0, 1, 0, 0, 0, 0, 0x60, 0x02, 0xff, 0xff, 0, 0, 0, 0, 2, 4, 5, 0xb4]
        case .udp: return ports + [0, 13, 0, 0] + Array("hawse".utf8)
        case .sctp: return ports + [0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 20, 0, 0, 0, 1, 0, 1, 0, 0, 0, 10, 0, 10, 0, 0, 0, 1]
        case .icmp: return [isIPv6 ? 128 : 8, 0, 0, 0, 0x9c, 0x40, 0, 1] + Array("hawse".utf8)
        }
    }

    private static func packet(_ proto: Trace.Transport, _ source: IPAddress, _ destination: IPAddress, _ segment: [UInt8]) -> [UInt8] {
        let isIPv6 = source.family == .ipv6
        let number: IPProtocol
        switch proto {
        case .tcp: number = .tcp
        case .udp: number = .udp
        case .sctp: number = .sctp
        case .icmp: number = isIPv6 ? .icmpv6 : .icmp
        }
        let total = segment.count + (isIPv6 ? 0 : 20)
        var bytes: [UInt8]
        if isIPv6 {
            bytes = [0x60, 0, 0, 0, UInt8(total >> 8), UInt8(total & 255), number.rawValue, 64]
        } else {
            bytes = [0x45, 0, UInt8(total >> 8), UInt8(total & 255), 0, 1, 0x40, 0, 64, number.rawValue, 0, 0]
        }
        bytes += source.bytes + destination.bytes
        let start = bytes.count
        bytes += segment
        bytes.withUnsafeMutableBytes { raw in
            guard let base = raw.baseAddress else { return }
            if !isIPv6 { IPv4Header(base).storeChecksum() }
            TransportChecksum.store(
                base + start, length: segment.count, protocolNumber: number, family: source.family,
                source: source.bits, destination: destination.bits)
        }
        return bytes
    }

    /// Reads the packet back as a record of a capture of bare IP packets.
    func withRecord(_ body: (CaptureRecord) throws -> Void) throws {
        do {
            var writer = try PcapWriter(to: .memory, linkType: .raw)
            try packet.withUnsafeBytes { try writer.write($0, timestamp: 1_700_000_000_000_000_000) }
            try writer.close()
            let file = writer.takeBytes()
            try file.withUnsafeBytes { bytes in
                var reader = try CaptureReader(memory: bytes, name: "probe")
                if let record = try reader.next() { try body(record) }
            }
        } catch let error as CaptureError { throw Failure.input("\(error)") }
    }
}
