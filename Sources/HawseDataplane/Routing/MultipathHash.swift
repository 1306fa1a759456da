import HawseModel
import HawseWire

extension Walk {
    /// What of a packet the choice among several next hops depends on (`fib_multipath_hash`, `rt6_multipath_hash`), hashed
    /// with the node's seed as the kernel's is with one drawn at boot.
    ///
    /// Policy 0: the addresses; 1: the five-tuple; 2: the addresses, of the inner packet where there is one; 3: the fields
    /// that `fib_multipath_hash_fields` names.
    func multipathHash(_ packet: PacketRef?, _ q: RouteQuestion) -> UInt32 {
        multipathHash(packet, q, isIPv4: packet?.isIPv4 ?? true)
    }

    /// The same for a packet of the node's own, of which only the question is known yet.
    func multipathHash(output q: RouteQuestion, isIPv4: Bool) -> UInt32 {
        multipathHash(nil, q, isIPv4: isIPv4)
    }

    private func multipathHash(_ packet: PacketRef?, _ q: RouteQuestion, isIPv4: Bool) -> UInt32 {
        let policy = isIPv4 ? node.pointee.routing.multipathPolicy : node.pointee.routing.multipathPolicy6
        let fields = isIPv4 ? node.pointee.routing.multipathFields : node.pointee.routing.multipathFields6
        var (source, destination) = (q.source, q.destination)
        var rest: UInt64 = 0
        func tuple(_ mask: Int) -> UInt64 {
            (mask & 4 != 0 ? UInt64(q.ipProtocol) : 0) | (mask & 0x10 != 0 ? UInt64(q.sourcePort) << 8 : 0)
                | (mask & 0x20 != 0 ? UInt64(q.destinationPort) << 24 : 0)
        }
        switch policy {
        case 1: rest = tuple(0x34)
        case 2:
            if let inner = packet.flatMap(innerAddresses) { (source, destination) = inner }
        case 3:
            if fields & 1 == 0 { source = .zero }
            if fields & 2 == 0 { destination = .zero }
            rest = tuple(fields)
            if fields & 0x3c0 != 0, let inner = packet.flatMap(innerAddresses) {
                if fields & 0x40 != 0 { source = source ^ inner.source }
                if fields & 0x80 != 0 { destination = destination ^ inner.destination }
            }
        default:
            // An error goes the way of the packet that it is about.
            if let packet, let quoted = quotedAddresses(packet) { (source, destination) = quoted }
        }
        return UInt32(truncatingIfNeeded: node.pointee.routing.multipath(source, destination, rest) >> 32)
    }

    /// `ip_multipath_l3_keys`, `ip6_multipath_l3_keys`.
    private func quotedAddresses(_ packet: PacketRef) -> (source: AddressBits, destination: AddressBits)? {
        guard !packet.isLaterFragment else { return nil }
        if packet.isIPv4, packet.pointee.ipProtocol == 1, packet.transportLength >= 28 {
            switch packet.icmp.type {
            case 3, 5, 11, 12:
                let quoted = IPv4Header(packet.transportPointer + 8)
                return (quoted.sourceBits, quoted.destinationBits)
            default: return nil
            }
        }
        if packet.isIPv6, packet.pointee.ipProtocol == 58, packet.transportLength >= 48 {
            switch packet.icmp.type {
            case 1, 2, 3, 4:
                let quoted = IPv6Header(packet.transportPointer + 8)
                return (quoted.source, quoted.destination)
            default: return nil
            }
        }
        return nil
    }

    /// Addresses of an IP packet directly within this one.
    private func innerAddresses(_ packet: PacketRef) -> (source: AddressBits, destination: AddressBits)? {
        guard !packet.isLaterFragment else { return nil }
        switch packet.pointee.ipProtocol {
        case 4 where packet.transportLength >= 20:
            let inner = IPv4Header(packet.transportPointer)
            return (inner.sourceBits, inner.destinationBits)
        case 41 where packet.transportLength >= 40:
            let inner = IPv6Header(packet.transportPointer)
            return (inner.source, inner.destination)
        default: return nil
        }
    }
}
