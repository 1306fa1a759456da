import HawseModel
import HawseWire

/// What a lookup found: `nomatch` entries end the search too.
enum SetFinding {
    case hit
    case noMatch
    case miss
}

extension SetTable {
    /// The element a packet stands for (`*_kadt`), networks as whole addresses; `nil` when the packet has no such thing.
    func packetKey(
        _ set: UnsafeMutablePointer<SetInstance>, _ lookup: SetLookup, _ context: RuleContext
    ) -> EntryKey? {
        let packet = context.packet
        func address(_ dimension: Int) -> AddressBits {
            lookup.isSource(dimension) ? packet.sourceBits : packet.destinationBits
        }
        let options = set.pointee.options
        switch set.pointee.kind {
        case .hashIP:
            let bits = masked(address(0), options)
            return bits.isZero ? nil : EntryKey(bits)
        case .bitmapIP:
            let bits = address(0)
            guard inRange(bits, options) else { return nil }
            return EntryKey(masked(bits, options))
        case .bitmapIPMac:
            let bits = address(0)
            guard inRange(bits, options), let mac = frameAddress(context, isSource: lookup.isSource(1)) else { return nil }
            return EntryKey(bits, .zero, mac)
        case .bitmapPort:
            guard let (port, ipProtocol) = port(context, isSource: lookup.isSource(0)),
                ipProtocol == .tcp || ipProtocol == .udp, let range = options.portRange, range.contains(port)
            else { return nil }
            return EntryKey(.zero, .zero, UInt64(port))
        case .hashMac:
            guard let mac = frameAddress(context, isSource: lookup.isSource(0)) else { return nil }
            return EntryKey(.zero, .zero, mac)
        case .hashIPMac:
            guard let mac = frameAddress(context, isSource: lookup.isSource(1)) else { return nil }
            return EntryKey(address(0), .zero, mac)
        case .hashIPMark:
            return EntryKey(address(0), .zero, UInt64(packet.pointee.mark & (options.markMask ?? .max)))
        case .hashIPPort, .hashNetPort:
            guard let (port, ipProtocol) = port(context, isSource: lookup.isSource(1)) else { return nil }
            let bits = set.pointee.kind == .hashIPPort ? masked(address(0), options) : address(0)
            if bits.isZero, set.pointee.kind == .hashIPPort { return nil }
            return EntryKey(bits, .zero, SetKey.pack(port: port, ipProtocol: ipProtocol))
        case .hashIPPortIP, .hashIPPortNet, .hashNetPortNet:
            guard let (port, ipProtocol) = port(context, isSource: lookup.isSource(1)) else { return nil }
            return EntryKey(address(0), address(2), SetKey.pack(port: port, ipProtocol: ipProtocol))
        case .hashNet: return EntryKey(address(0))
        case .hashNetNet: return EntryKey(masked(address(0), options), masked(address(1), options))
        case .hashNetIface:
            let index = lookup.isSource(1) ? packet.pointee.inInterface : packet.pointee.outInterface
            guard index != 0, Int(index) < numberByIndex.count else { return nil }
            return EntryKey(address(0), .zero, UInt64(numberByIndex[Int(index)]) << 40)
        case .listSet: return nil
        }
    }

    private func masked(_ bits: AddressBits, _ options: IPSet.Options) -> AddressBits {
        guard let mask = options.mask else { return bits }
        return bits & mask
    }

    private func inRange(_ bits: AddressBits, _ options: IPSet.Options) -> Bool {
        guard let range = options.addressRange else { return false }
        return !(bits < range.lowerBound.bits) && !(range.upperBound.bits < bits)
    }

    /// The frame's source or destination; `nil` when there is no frame or the address is zero.
    private func frameAddress(_ context: RuleContext, isSource: Bool) -> UInt64? {
        let packet = context.packet
        guard packet.pointee.mac >= 0, packet.pointee.network - packet.pointee.mac >= 14 else { return nil }
        let mac = isSource ? packet.ethernet.source : packet.ethernet.destination
        return mac.value == 0 ? nil : mac.value
    }

    /// `ip_set_get_ip4_port`, `ip_set_get_ip6_port`: for ICMP type × 256 + code; protocols without ports have 0.
    private func port(_ context: RuleContext, isSource: Bool) -> (UInt16, IPProtocol)? {
        let packet = context.packet
        var ipProtocol = packet.pointee.ipProtocol
        var offset = packet.transportOffset
        if context.isIPv6 {
            let walk = IPv6ExtensionWalk.skip(
                from: packet.ipv6.nextHeader, at: 40, packet.networkPointer, length: packet.length)
            guard walk.outcome == .found, !walk.isLaterFragment else { return nil }
            ipProtocol = walk.protocolNumber
            offset = walk.offset
        } else if packet.isLaterFragment {
            switch ipProtocol {
            case .icmp, .tcp, .udp, .sctp, .udplite: return nil
            default: return ipProtocol == .unspecified ? nil : (0, ipProtocol)
            }
        }
        switch ipProtocol {
        case .hopByHop: return context.isIPv6 ? (0, .unspecified) : nil
        case .tcp, .udp, .sctp, .udplite:
            let size = ipProtocol == .tcp ? 20 : ipProtocol == .sctp ? 12 : 8
            guard let header = packet.bytes(at: offset, count: size) else { return nil }
            return (header.loadBE16(at: isSource ? 0 : 2), ipProtocol)
        case .icmp, .icmpv6:
            guard let header = packet.bytes(at: offset, count: 8) else { return nil }
            return (header.loadBE16(at: 0), ipProtocol)
        default: return (0, ipProtocol)
        }
    }

    /// Looks the packet's element up, network lengths from the longest on (`mtype_test`, `mtype_test_cidrs`).
    func find(
        _ set: UnsafeMutablePointer<SetInstance>, _ lookup: SetLookup, _ context: RuleContext, _ test: inout SetTest
    ) -> SetFinding {
        guard let key = packetKey(set, lookup, context) else { return .miss }
        switch set.pointee.kind {
        case .hashNetIface: return findByDevice(set, key, context, &test)
        case .hashNet, .hashNetPort:
            for length in set.pointee.lengths1.present {
                let finding = probe(set, masked(set, key, first: length), context, &test)
                if finding != .miss { return finding }
            }
            return .miss
        case .hashIPPortNet:
            for length in set.pointee.lengths2.present {
                let finding = probe(set, masked(set, key, second: length), context, &test)
                if finding != .miss { return finding }
            }
            return .miss
        case .hashNetNet, .hashNetPortNet:
            for first in set.pointee.lengths1.present {
                for second in set.pointee.lengths2.present {
                    let finding = probe(set, masked(set, key, first: first, second: second), context, &test)
                    if finding != .miss { return finding }
                }
            }
            return .miss
        case .bitmapIPMac: return probeMAC(set, key, context, &test)
        default: return probe(set, key, context, &test)
        }
    }

    func masked(
        _ set: UnsafeMutablePointer<SetInstance>, _ key: EntryKey, first: UInt8? = nil, second: UInt8? = nil
    ) -> EntryKey {
        let family = set.pointee.options.family
        var key = key
        if let first {
            key.a = key.a & .mask(prefixLength: Int(first), family: family)
            key.rest |= SetKey.pack(first: first)
        }
        if let second {
            key.b = key.b & .mask(prefixLength: Int(second), family: family)
            key.rest |= SetKey.pack(second: second)
        }
        return key
    }

    private func probe(
        _ set: UnsafeMutablePointer<SetInstance>, _ key: EntryKey, _ context: RuleContext, _ test: inout SetTest
    ) -> SetFinding {
        guard let index = set.pointee.entries.find(key), accepts(set, index, context, &test) else { return .miss }
        return set.pointee.entries[index].pointee.value.noMatch ? .noMatch : .hit
    }

    /// bitmap:ip,mac: an entry without a MAC takes that of the first packet.
    private func probeMAC(
        _ set: UnsafeMutablePointer<SetInstance>, _ key: EntryKey, _ context: RuleContext, _ test: inout SetTest
    ) -> SetFinding {
        guard let index = set.pointee.entries.find(EntryKey(key.a)) else { return .miss }
        let row = set.pointee.entries[index]
        if !row.pointee.value.hasMAC {
            // The element is added anew to be complete (`-EAGAIN` of `bitmap_ipmac_do_test`): what it carried is gone.
            var whole = SetInstance.Entry()
            whole.expires = set.pointee.expiry(UInt32(truncatingIfNeeded: row.pointee.value.mac), context.node.pointee.now)
            if set.pointee.options.counters {
                whole.packets = 1
                whole.bytes = UInt64(truncatingIfNeeded: context.packet.length)
            }
            whole.mac = key.rest
            whole.hasMAC = true
            row.pointee.value = whole
            return .hit
        }
        guard row.pointee.value.mac == key.rest, accepts(set, index, context, &test) else { return .miss }
        return .hit
    }

    /// An element that a packet adds has the longest length the set knows, or that of a host.
    func completeForAdding(_ set: UnsafeMutablePointer<SetInstance>, _ key: inout EntryKey) {
        let family = set.pointee.options.family
        switch set.pointee.kind {
        case .hashNet, .hashNetPort, .hashNetIface:
            key = masked(set, key, first: set.pointee.lengths1.standard(family))
        case .hashIPPortNet: key = masked(set, key, second: set.pointee.lengths2.standard(family))
        case .hashNetNet, .hashNetPortNet:
            key = masked(
                set, key, first: set.pointee.lengths1.standard(family), second: set.pointee.lengths2.standard(family))
        default: break
        }
    }
}
