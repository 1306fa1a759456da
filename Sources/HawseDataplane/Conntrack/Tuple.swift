import HawseModel
import HawseWire

typealias Direction = ConnectionDirection

extension ConnectionDirection {
    @inline(__always) var opposite: ConnectionDirection { self == .original ? .reply : .original }
    @inline(__always) var index: Int { Int(rawValue) }
}

/// What names one direction of a connection (`struct nf_conntrack_tuple`). All fields are host-order numbers.
///
/// ICMP: `sourcePort` is the identifier, `destinationPort` type × 256 + code, as the kernel's union has them. GRE: the
/// two keys. Protocols without ports have zeros.
struct Tuple: Hashable, Sendable {
    var source: AddressBits
    var destination: AddressBits
    /// Source port << 48 | destination port << 32 | protocol << 8 | version: whole words, so that a copy of what has just been
    /// written waits for nothing.
    private(set) var rest: UInt64

    @inline(__always)
    init(
        source: AddressBits, destination: AddressBits, sourcePort: UInt16, destinationPort: UInt16, ipProtocol: IPProtocol,
        version: UInt8
    ) {
        self.init(
            source: source, destination: destination, ports: UInt32(sourcePort) << 16 | UInt32(destinationPort),
            ipProtocol: ipProtocol, version: version)
    }

    /// `ports`: the source's << 16 | the destination's.
    @inline(__always)
    init(source: AddressBits, destination: AddressBits, ports: UInt32, ipProtocol: IPProtocol, version: UInt8) {
        self.source = source
        self.destination = destination
        rest = UInt64(ports) << 32 | UInt64(ipProtocol.rawValue) << 8 | UInt64(version)
    }

    var sourcePort: UInt16 {
        @inline(__always) get { UInt16(truncatingIfNeeded: rest >> 48) }
        @inline(__always) set { rest = rest & ~(0xffff << 48) | UInt64(newValue) << 48 }
    }
    var destinationPort: UInt16 {
        @inline(__always) get { UInt16(truncatingIfNeeded: rest >> 32) }
        @inline(__always) set { rest = rest & ~(0xffff << 32) | UInt64(newValue) << 32 }
    }
    var ipProtocol: IPProtocol {
        @inline(__always) get { IPProtocol(rawValue: UInt8(truncatingIfNeeded: rest >> 8)) }
        @inline(__always) set { rest = rest & ~0xff00 | UInt64(newValue.rawValue) << 8 }
    }
    /// 4 or 6.
    @inline(__always) var version: UInt8 { UInt8(truncatingIfNeeded: rest) }

    @inline(__always)
    static func == (a: Tuple, b: Tuple) -> Bool {
        (a.source.high ^ b.source.high) | (a.source.low ^ b.source.low) | (a.destination.high ^ b.destination.high)
            | (a.destination.low ^ b.destination.low) | (a.rest ^ b.rest) == 0
    }

    @inline(__always) var family: AddressFamily { version == 6 ? .ipv6 : .ipv4 }
    @inline(__always) var protocolNumber: IPProtocol { ipProtocol }
    @inline(__always) var isICMP: Bool { version == 6 ? ipProtocol == .icmpv6 : ipProtocol == .icmp }

    /// Both ports as one word, for comparison and hashing.
    @inline(__always) var ports: UInt32 { UInt32(truncatingIfNeeded: rest >> 32) }

    /// The tuple that the answer would have (`nf_ct_invert_tuple`); `nil` for ICMP types that have no answer.
    @inline(__always)
    var inverted: Tuple? {
        var result = Tuple(
            source: destination, destination: source, ports: ports << 16 | ports >> 16, ipProtocol: ipProtocol, version: version)
        if ipProtocol == .icmp || ipProtocol == .icmpv6 {
            result.sourcePort = sourcePort
            let type = UInt8(truncatingIfNeeded: destinationPort >> 8)
            guard isICMP, let answer = version == 6 ? Self.answerICMPv6(type) : Self.answerICMP(type) else { return nil }
            result.destinationPort = UInt16(answer) << 8 | destinationPort & 0xff
        }
        return result
    }

    /// `invmap` of `nf_conntrack_proto_icmp.c`.
    @inline(__always)
    static func answerICMP(_ type: UInt8) -> UInt8? {
        switch type {
        case 8: 0
        case 0: 8
        case 13: 14
        case 14: 13
        case 15: 16
        case 16: 15
        case 17: 18
        case 18: 17
        default: nil
        }
    }

    /// `invmap` of `nf_conntrack_proto_icmpv6.c`.
    @inline(__always)
    static func answerICMPv6(_ type: UInt8) -> UInt8? {
        switch type {
        case 128: 129
        case 129: 128
        case 139: 140
        case 140: 139
        default: nil
        }
    }
}

extension Tuple {
    /// The tuple of a packet (`nf_ct_get_tuple`). `available`: bytes from the transport header to the end of what
    /// is there. `nil` when the header is not there, or (GRE version 1) carries no PPP.
    @inline(__always)
    init?(
        source: AddressBits, destination: AddressBits, version: UInt8, ipProtocol: IPProtocol,
        transport: UnsafeRawPointer, available: Int
    ) {
        self.init(source: source, destination: destination, ports: 0, ipProtocol: ipProtocol, version: version)
        switch ipProtocol {
        case .tcp, .udp, .sctp, .udplite:
            guard available >= 4 else { return nil }
            sourcePort = transport.loadBE16(at: 0)
            destinationPort = transport.loadBE16(at: 2)
        case .icmp, .icmpv6:
            guard available >= 8 else { return nil }
            sourcePort = transport.loadBE16(at: 4)
            destinationPort = transport.loadBE16(at: 0)
        case .gre:
            // Only PPTP's enhanced GRE has a call identifier; the rest is tracked by addresses alone.
            guard available >= 8, transport.loadBE16(at: 0) & 7 == 1 else { return }
            guard transport.loadBE16(at: 2) == 0x880b else { return nil }
            destinationPort = transport.loadBE16(at: 6)
        default:
            break
        }
    }

    /// The tuple of a dissected packet.
    @inline(__always)
    init?(_ packet: PacketRef) {
        self.init(
            source: packet.sourceBits, destination: packet.destinationBits, version: packet.pointee.version,
            ipProtocol: packet.pointee.ipProtocol, transport: packet.transportPointer,
            available: packet.transportLength)
    }

    /// The tuple of a packet quoted in an ICMP error (`nf_ct_get_tuplepr`).
    init?(quoted ip: UnsafeRawPointer, count: Int, version: UInt8) {
        if version == 4 {
            guard count >= 20, ip.loadBE16(at: 6) & 0x1fff == 0 else { return nil }
            let headerLength = Int(ip.load8(at: 0) & 15) * 4
            guard headerLength <= count else { return nil }
            self.init(
                source: AddressBits(ipv4: ip.loadBE32(at: 12)), destination: AddressBits(ipv4: ip.loadBE32(at: 16)),
                version: 4, ipProtocol: ip.loadProtocol(at: 9), transport: ip + headerLength,
                available: count - headerLength)
        } else {
            guard count >= 40 else { return nil }
            let walk = IPv6ExtensionWalk.skip(from: ip.loadProtocol(at: 6), at: 40, ip, length: count)
            guard walk.outcome == .found, !walk.isLaterFragment else { return nil }
            self.init(
                source: ip.loadAddressBits(at: 8), destination: ip.loadAddressBits(at: 24), version: 6,
                ipProtocol: walk.protocolNumber, transport: ip + walk.offset, available: count - walk.offset)
        }
    }
}

extension Tuple: CustomStringConvertible {
    var description: String {
        if version == 4 {
            return String(unsafeUninitializedCapacity: 72) { buffer in
                guard let place = buffer.baseAddress else { return 0 }
                var count = DecimalText.writeIPv4(source.ipv4, port: sourcePort, place)
                for byte in " → ".utf8 {
                    place[count] = byte
                    count += 1
                }
                count += DecimalText.writeIPv4(destination.ipv4, port: destinationPort, place + count)
                for byte in " protocol ".utf8 {
                    place[count] = byte
                    count += 1
                }
                return count + DecimalText.write(UInt64(ipProtocol.rawValue), place + count)
            }
        }
        let from = IPAddress(family: family, bits: source)
        let to = IPAddress(family: family, bits: destination)
        return "\(from.description(port: sourcePort)) → \(to.description(port: destinationPort)) protocol \(ipProtocol.rawValue)"
    }
}
