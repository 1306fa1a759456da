import HawseModel
import HawseWire

extension Walk {
    /// `br_multicast_rcv` of a bridge with `mcast_snooping`: a frame to a group must be a whole IP packet, and what says that it is
    /// IGMP or MLD must be so. Which ports get it is another question: without a querier, all of them.
    @inline(never)
    func isWholeToGroup(_ packet: PacketRef) -> Bool {
        switch packet.pointee.etherType {
        case .ipv4: isWholeToGroup4(packet)
        case .ipv6: isWholeToGroup6(packet)
        default: true
        }
    }

    /// `ip_mc_check_igmp`.
    private func isWholeToGroup4(_ packet: PacketRef) -> Bool {
        let base = packet.networkPointer
        let present = packet.length
        guard present >= 20, base.load8(at: 0) >> 4 == 4 else { return false }
        let header = Int(base.load8(at: 0) & 15) &* 4
        guard header >= 20, header <= present else { return false }
        let length = Int(base.loadBE16(at: 2))
        guard InternetChecksum.sum(base, count: header) == 0xffff, length >= header, length <= present else { return false }
        guard base.loadProtocol(at: 9) == .igmp else { return true }
        guard length &- header >= 8, InternetChecksum.sum(base + header, count: length &- header) == 0xffff else { return false }
        guard base.load8(at: header) == 0x11 else { return true }
        // A general query goes to all hosts; IGMPv3's is longer.
        let isGeneral = base.loadBE32(at: header &+ 4) == 0
        return (!isGeneral || base.loadBE32(at: 16) == 0xe000_0001) && (length &- header == 8 || length &- header >= 12)
    }

    /// `ipv6_mc_check_mld`.
    private func isWholeToGroup6(_ packet: PacketRef) -> Bool {
        let base = packet.networkPointer
        let present = packet.length
        guard present >= 40, base.load8(at: 0) >> 4 == 6 else { return false }
        let length = 40 &+ Int(base.loadBE16(at: 4))
        guard length > 40, length <= present else { return false }
        guard base.loadProtocol(at: 6) == .hopByHop else { return true }
        let walk = IPv6ExtensionWalk.find(base, length: length)
        guard walk.protocolNumber == .icmpv6, !walk.isLaterFragment else { return true }
        let (at, size) = (walk.offset, length &- walk.offset)
        guard size >= 8,
            TransportChecksum.isValid(
                base + at, length: size, protocolNumber: .icmpv6, family: .ipv6, source: IPv6Header(base).source,
                destination: IPv6Header(base).destination)
        else { return false }
        guard base.load8(at: at) == 130 else { return true }
        guard size == 24 || size >= 28, IPv6Header(base).source.high >> 54 == 0x3fa else { return false }
        let isGeneral = UnsafeRawPointer(base).loadAddressBits(at: at &+ 8).isZero
        return !isGeneral || IPv6Header(base).destination == AddressBits(high: 0xff02 << 48, low: 1)
    }
}
