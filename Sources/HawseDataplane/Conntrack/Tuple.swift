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
    var sourcePort: UInt16
    var destinationPort: UInt16
    var ipProtocol: UInt8
    /// 4 or 6.
    var version: UInt8

    @inline(__always) var family: AddressFamily { version == 6 ? .ipv6 : .ipv4 }
    @inline(__always) var protocolNumber: IPProtocol { IPProtocol(rawValue: ipProtocol) }
    @inline(__always) var isICMP: Bool { version == 6 ? ipProtocol == 58 : ipProtocol == 1 }

    /// Both ports as one word, for comparison and hashing.
    @inline(__always) var ports: UInt32 { UInt32(sourcePort) << 16 | UInt32(destinationPort) }

    /// The tuple that the answer would have (`nf_ct_invert_tuple`); `nil` for ICMP types that have no answer.
    @inline(__always)
    var inverted: Tuple? {
        var result = Tuple(
            source: destination, destination: source, sourcePort: destinationPort, destinationPort: sourcePort,
            ipProtocol: ipProtocol, version: version)
        if ipProtocol == 1 || ipProtocol == 58 {
            result.sourcePort = sourcePort
            let type = UInt8(truncatingIfNeeded: destinationPort >> 8)
            guard let answer = version == 6 && ipProtocol == 58 ? Self.answerICMPv6(type)
                : version == 4 && ipProtocol == 1 ? Self.answerICMP(type) : 0
            else { return nil }
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

extension Tuple: CustomStringConvertible {
    var description: String {
        let from = IPAddress(family: family, bits: source)
        let to = IPAddress(family: family, bits: destination)
        return "\(from.description(port: sourcePort)) → \(to.description(port: destinationPort)) protocol \(ipProtocol)"
    }
}
