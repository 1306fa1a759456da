import HawseModel
import HawseWire

/// The rewriting of a packet's addresses and ports towards a target tuple (`nf_nat_manip_pkt`), with its checksums
/// updated by what changed, so that a wrong one stays exactly as wrong.
///
/// Also used on the packet quoted in an ICMP error, of which as little as eight transport bytes may be there.
struct PacketManipulation {
    /// The IP header.
    let ip: UnsafeMutableRawPointer
    /// One past the last byte that is there.
    let end: UnsafeMutableRawPointer
    let version: UInt8
    /// The whole packet's sum is yet to be completed (`CHECKSUM_PARTIAL`), and Linux takes that of a quoted packet for the same:
    /// addresses are added to it as to a plain sum, and ports and CRCs are left alone.
    var isPartial = false

    /// False: the packet is too short for what must be written; it is to be dropped.
    @inline(__always)
    func apply(_ target: Tuple, _ manip: NATManip) -> Bool {
        version == 4 ? applyIPv4(target, manip) : applyIPv6(target, manip)
    }

    @inline(__always)
    private func applyIPv4(_ target: Tuple, _ manip: NATManip) -> Bool {
        guard end - ip >= 20 else { return false }
        let header = IPv4Header(ip)
        let new = (manip == .source ? target.source : target.destination).ipv4
        let old = manip == .source ? header.source : header.destination
        let delta = ChecksumUpdate.delta32(from: old, to: new)
        guard applyTransport(ip + header.headerLength, target, manip, addressDelta: delta) else { return false }
        header.checksum = ChecksumUpdate.apply(delta, to: header.checksum)
        if manip == .source { header.source = new } else { header.destination = new }
        return true
    }

    @inline(__always)
    private func applyIPv6(_ target: Tuple, _ manip: NATManip) -> Bool {
        guard end - ip >= 40 else { return false }
        let header = IPv6Header(ip)
        let new = manip == .source ? target.source : target.destination
        let old = manip == .source ? header.source : header.destination
        let next = header.nextHeader
        var transport: UnsafeMutableRawPointer? = ip + 40
        if IPv6ExtensionWalk.isExtension(next) {
            let walk = IPv6ExtensionWalk.skip(from: next, at: 40, ip, length: end - ip)
            transport = walk.outcome == .found && !walk.isLaterFragment ? ip + walk.offset : nil
        }
        if let transport {
            let delta = ChecksumUpdate.delta128(from: old, to: new)
            guard applyTransport(transport, target, manip, addressDelta: delta) else { return false }
        }
        if manip == .source { header.source = new } else { header.destination = new }
        return true
    }

    /// `l4proto_manip_pkt`.
    @inline(__always)
    private func applyTransport(
        _ transport: UnsafeMutableRawPointer, _ target: Tuple, _ manip: NATManip, addressDelta: UInt64
    ) -> Bool {
        let available = end - transport
        switch target.ipProtocol {
        case .tcp:
            guard available >= 8 else { return false }
            let delta = replacePort(transport, target, manip)
            if available >= 20 {
                let tcp = TCPHeader(transport)
                tcp.checksum = updated(tcp.checksum, addressDelta, delta)
            }
            return true
        case .udp, .udplite:
            guard available >= 8 else { return false }
            let udp = UDPHeader(transport)
            let delta = replacePort(transport, target, manip)
            if udp.checksum != 0 || target.ipProtocol == .udplite {
                udp.checksum = TransportChecksum.nonZero(updated(udp.checksum, addressDelta, delta))
            }
            return true
        case .icmp: return applyICMP(transport, target, available)
        case .icmpv6: return applyICMPv6(transport, target, available, addressDelta)
        case .sctp: return applySCTP(transport, target, manip, available)
        case .gre: return applyGRE(transport, target, manip, available)
        default: return true
        }
    }

    /// A checksum after a change of an address in the pseudo header and one of the transport header.
    @inline(__always)
    private func updated(_ checksum: UInt16, _ address: UInt64, _ transport: UInt64) -> UInt16 {
        isPartial
            ? ChecksumUpdate.applyToPartial(address, checksum) : ChecksumUpdate.apply(address &+ transport, to: checksum)
    }

    /// Writes the manipulated port; returns what that changes in a checksum.
    @inline(__always)
    private func replacePort(_ transport: UnsafeMutableRawPointer, _ target: Tuple, _ manip: NATManip) -> UInt64 {
        let offset = manip == .source ? 0 : 2
        let new = manip == .source ? target.sourcePort : target.destinationPort
        let old = transport.loadBE16(at: offset)
        transport.storeBE16(new, at: offset)
        return ChecksumUpdate.delta32(from: UInt32(old), to: UInt32(new))
    }

    private func applyICMP(_ transport: UnsafeMutableRawPointer, _ target: Tuple, _ available: Int) -> Bool {
        guard available >= 8 else { return false }
        let icmp = ICMPHeader(transport)
        switch icmp.type {
        case 0, 8, 13...18:
            icmp.checksum = ChecksumUpdate.replaceTransport16(
                icmp.checksum, from: icmp.identifier, to: target.sourcePort)
            icmp.identifier = target.sourcePort
        default: break
        }
        return true
    }

    private func applyICMPv6(
        _ transport: UnsafeMutableRawPointer, _ target: Tuple, _ available: Int, _ addressDelta: UInt64
    ) -> Bool {
        guard available >= 8 else { return false }
        let icmp = ICMPHeader(transport)
        var delta: UInt64 = 0
        if icmp.type == 128 || icmp.type == 129 {
            delta = ChecksumUpdate.delta32(from: UInt32(icmp.identifier), to: UInt32(target.sourcePort))
            icmp.identifier = target.sourcePort
        }
        icmp.checksum = updated(icmp.checksum, addressDelta, delta)
        return true
    }

    /// SCTP's CRC cannot be updated: it is computed anew, when the whole header is there.
    private func applySCTP(
        _ transport: UnsafeMutableRawPointer, _ target: Tuple, _ manip: NATManip, _ available: Int
    ) -> Bool {
        guard available >= 8 else { return false }
        _ = replacePort(transport, target, manip)
        if available >= 12, !isPartial, let crc = CRC32C.sctpChecksum(transport, length: available) {
            transport.storeLE32(crc, at: 8)
        }
        return true
    }

    /// Only the call identifier of PPTP's GRE, and only as a destination.
    private func applyGRE(
        _ transport: UnsafeMutableRawPointer, _ target: Tuple, _ manip: NATManip, _ available: Int
    ) -> Bool {
        guard available >= 8 else { return false }
        guard manip == .destination else { return true }
        switch transport.loadBE16(at: 0) & 7 {
        case 0: return true
        case 1:
            transport.storeBE16(target.destinationPort, at: 6)
            return true
        default: return false
        }
    }
}
