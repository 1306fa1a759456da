import HawseWire

/// IP packets as the hosts at the cluster's edge send and read them.
enum HostPacket {
    /// An IP packet around a transport header and payload, with all checksums filled in.
    static func make(
        _ ipProtocol: IPProtocol, from source: IPAddress, to destination: IPAddress, id: UInt16, transport: [UInt8]
    ) -> [UInt8] {
        var body = transport
        if let field = checksumField(ipProtocol), body.count >= field + 2 {
            body.store16(0, at: field)
            let sum = body.withUnsafeBytes { bytes in
                bytes.baseAddress.flatMap {
                    TransportChecksum.compute(
                        $0, length: bytes.count, protocolNumber: ipProtocol, family: source.family,
                        source: source.bits, destination: destination.bits)
                } ?? 0
            }
            body.store16(ipProtocol == .udp && sum == 0 ? 0xffff : sum, at: field)
        }
        var out: [UInt8] = []
        out.reserveCapacity(body.count + 40)
        if source.family == .ipv4 {
            out += [0x45, 0]
            out.append16(UInt16(truncatingIfNeeded: 20 + body.count))
            out.append16(id)
            out += [0x40, 0, 64, ipProtocol.rawValue, 0, 0]
            out += source.bytes
            out += destination.bytes
            let sum = out.withUnsafeBytes { bytes in
                bytes.baseAddress.map { InternetChecksum.checksum($0, count: 20) } ?? 0
            }
            out.store16(sum, at: 10)
        } else {
            out += [0x60, 0, 0, 0]
            out.append16(UInt16(truncatingIfNeeded: body.count))
            out += [ipProtocol.rawValue, 64]
            out += source.bytes
            out += destination.bytes
        }
        return out + body
    }

    static func checksumField(_ ipProtocol: IPProtocol) -> Int? {
        switch ipProtocol {
        case .tcp: 16
        case .udp: 6
        case .icmp, .icmpv6: 2
        default: nil
        }
    }

    static func datagram(from sourcePort: UInt16, to destinationPort: UInt16, _ payload: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        out.append16(sourcePort)
        out.append16(destinationPort)
        out.append16(UInt16(truncatingIfNeeded: 8 + payload.count))
        out += [0, 0]
        return out + payload
    }

    struct Received {
        var tuple: FlowTuple
        /// Transport header and payload.
        var transport: ArraySlice<UInt8>
        /// The transport checksum is right.
        var isIntact: Bool
    }

    /// Reads a packet; `nil` when it is no whole IP packet or a fragment.
    static func read(_ bytes: [UInt8]) -> Received? {
        guard let packet = CapturedPacket(bytes), let at = packet.transport else { return nil }
        if !packet.isIPv6, packet.bytes[6] & 0x20 != 0 { return nil }
        let tuple = packet.tuple
        let transport = packet.bytes[at...]
        let isIntact = packet.bytes.withUnsafeBytes { bytes in
            bytes.baseAddress.map {
                TransportChecksum.isValid(
                    $0 + at, length: bytes.count - at, protocolNumber: packet.ipProtocol, family: tuple.source.family,
                    source: tuple.source.bits, destination: tuple.destination.bits)
            } ?? false
        }
        return Received(tuple: tuple, transport: transport, isIntact: isIntact)
    }
}
