import HawseModel
import HawseWire

/// What the choice among several next hops depends on (`struct flow_keys`, as far as it is hashed).
struct MultipathKeys {
    var source: AddressBits
    var destination: AddressBits
    var isIPv4: Bool
    var ipProtocol: IPProtocol = .unspecified
    /// As it lies in memory: in network order where it comes from a header.
    var flowLabel: UInt32 = 0
    var sourcePort: UInt16 = 0
    var destinationPort: UInt16 = 0

    /// `flow_hash_from_keys_seed`: both directions of a flow come out alike (`__flow_hash_consistentify`).
    func hash(_ key: SipHash) -> UInt32 {
        var (a, b) = (source, destination)
        var (first, second) = (sourcePort.byteSwapped, destinationPort.byteSwapped)
        if second < first { swap(&first, &second) }
        let ports = UInt64(first) | UInt64(second) << 16
        var words: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64) = (
            UInt64(ipProtocol.rawValue) << 16 | UInt64(flowLabel) << 32, 0, 0, ports << 32, 0, 0, 0, 0, 0
        )
        if isIPv4 {
            if b.ipv4.byteSwapped < a.ipv4.byteSwapped { swap(&a, &b) }
            words.4 = UInt64(a.ipv4.byteSwapped) << 32
            words.5 = UInt64(b.ipv4.byteSwapped)
        } else {
            if b < a { swap(&a, &b) }
            let (high, low) = (a.high.byteSwapped, a.low.byteSwapped)
            let (otherHigh, otherLow) = (b.high.byteSwapped, b.low.byteSwapped)
            words.4 = high << 32
            words.5 = high >> 32 | low << 32
            words.6 = low >> 32 | otherHigh << 32
            words.7 = otherHigh >> 32 | otherLow << 32
            words.8 = otherLow >> 32
        }
        let result = withUnsafeBytes(of: &words) { bytes in
            bytes.baseAddress.map { UInt32(truncatingIfNeeded: key.hash64($0, count: isIPv4 ? 48 : 72)) } ?? 0
        }
        return result == 0 ? 1 : result
    }
}

extension RoutingState {
    /// `fib_multipath_hash_construct_key`: the seed is `fib_multipath_hash_seed`, or one drawn at boot.
    static func multipathKey(_ sysctls: Sysctls) -> SipHash {
        let seed = UInt64(UInt32(truncatingIfNeeded: sysctls.integer("net.ipv4.fib_multipath_hash_seed", default: 0)))
        let word = seed == 0 ? 0x7f4a_7c15_7f4a_7c15 : seed << 32 | seed
        return SipHash(key0: word, key1: word)
    }
}

extension Walk {
    /// The next hops that `fib_multipath_use_neigh` passes over, a bit each.
    @inline(__always)
    func hopsToSkip(_ match: RouteMatch) -> UInt64 {
        node.pointee.settings.multipathUsesNeighbours && match.entry >= 0 ? hopsWithoutNeighbour(match) : 0
    }

    /// `fib_good_nh`: a gateway that is being asked for, or does not answer, is none.
    @inline(never)
    private func hopsWithoutNeighbour(_ match: RouteMatch) -> UInt64 {
        let entry = node.pointee.routing.tables4.entries[Int(match.entry)]
        var mask: UInt64 = 0
        for number in 0..<min(Int(entry.hopCount), 64) {
            let hop = node.pointee.routing.tables4.hops[Int(entry.firstHop) + number]
            guard hop.gatewayVersion != 0 else { continue }
            let found = node.pointee.neighbours.find(hop.gateway, hop.device, version: hop.gatewayVersion)
            guard found >= 0 else { continue }
            let state = node.pointee.neighbours.entries[Int(found)].state
            if state == .incomplete || state == .failed { mask |= 1 << UInt64(number) }
        }
        return mask
    }

    /// `fib_multipath_hash`, `rt6_multipath_hash`. A packet is given when it comes from outside, or when an error about it
    /// is sent; of the node's own the question tells. `dissected` is what IPv6 rules have made of it already.
    ///
    /// Policy 0: the addresses; 1: the five-tuple; 2: the addresses, of the inner packet where there is one; 3: the fields
    /// that `fib_multipath_hash_fields` names.
    func multipathHash(_ packet: PacketRef?, _ q: RouteQuestion, isIPv4: Bool, dissected: FlowKeys? = nil) -> UInt32 {
        guard isIPv4 ? node.pointee.routing.tables4.hasMultipath : node.pointee.routing.tables6.hasMultipath else { return 0 }
        // The label may be another in each packet of a connection.
        if !isIPv4 { voidRecording() }
        let policy = isIPv4 ? node.pointee.routing.multipathPolicy : node.pointee.routing.multipathPolicy6
        var keys = MultipathKeys(source: q.source, destination: q.destination, isIPv4: isIPv4)
        switch policy {
        case 1:
            (keys.ipProtocol, keys.sourcePort, keys.destinationPort) = (q.ipProtocol, q.sourcePort, q.destinationPort)
            if let packet {
                let found = packet.flowKeys(stopsAtEncapsulation: true)
                (keys.source, keys.destination, keys.ipProtocol) = (found.source, found.destination, found.ipProtocol)
                (keys.sourcePort, keys.destinationPort) = (found.sourcePort, found.destinationPort)
            }
        case 2:
            guard let packet else {
                if !isIPv4 { keys.ipProtocol = q.ipProtocol }
                break
            }
            let found = packet.flowKeys(stopsAtEncapsulation: false)
            (keys.source, keys.destination, keys.isIPv4) = (found.source, found.destination, found.isIPv4)
            if !found.isIPv4 { (keys.ipProtocol, keys.flowLabel) = (found.ipProtocol, found.flowLabel) }
        case 3: return customHash(packet, q, isIPv4: isIPv4)
        default: takeHeader(packet, q, &keys, dissected)
        }
        return keys.hash(node.pointee.routing.multipathKey)
    }

    /// `ip_multipath_l3_keys`, `ip6_multipath_l3_keys`: an error goes the way of the packet that it is about.
    private func takeHeader(_ packet: PacketRef?, _ q: RouteQuestion, _ keys: inout MultipathKeys, _ dissected: FlowKeys?) {
        if !keys.isIPv4 { keys.ipProtocol = q.ipProtocol }
        guard let packet else { return }
        if packet.isIPv4 {
            (keys.source, keys.destination) = (packet.sourceBits, packet.destinationBits)
            guard !packet.isLaterFragment, packet.pointee.ipProtocol == .icmp, packet.transportLength >= 28 else { return }
            switch packet.icmp.type {
            case 3, 5, 11, 12:
                let quoted = IPv4Header(packet.transportPointer + 8)
                (keys.source, keys.destination) = (quoted.sourceBits, quoted.destinationBits)
            default: break
            }
            return
        }
        var header = packet.ipv6
        var isQuoted = false
        if header.nextHeader == .icmpv6, packet.transportLength >= 48, (1...4).contains(packet.icmp.type) {
            header = IPv6Header(packet.transportPointer + 8)
            isQuoted = true
        }
        (keys.source, keys.destination) = (header.source, header.destination)
        (keys.ipProtocol, keys.flowLabel) = (header.nextHeader, header.flowLabel.byteSwapped)
        if let dissected, !isQuoted { (keys.ipProtocol, keys.flowLabel) = (dissected.ipProtocol, dissected.flowLabel) }
    }

    /// `fib_multipath_custom_hash_skb`, `rt6_multipath_custom_hash_skb`: outer and inner fields by a mask each.
    private func customHash(_ packet: PacketRef?, _ q: RouteQuestion, isIPv4: Bool) -> UInt32 {
        let fields = isIPv4 ? node.pointee.routing.multipathFields : node.pointee.routing.multipathFields6
        var hasInner = true
        var outer: UInt32 = 0
        if fields & 0x3f != 0 {
            var keys = MultipathKeys(source: q.source, destination: q.destination, isIPv4: isIPv4)
            (keys.ipProtocol, keys.sourcePort, keys.destinationPort) = (q.ipProtocol, q.sourcePort, q.destinationPort)
            if let packet {
                let found = packet.flowKeys(stopsAtEncapsulation: true)
                keys = MultipathKeys(found, isIPv4: isIPv4)
                hasInner = found.isEncapsulated
            }
            outer = keys.masked(by: fields).hash(node.pointee.routing.multipathKey)
        }
        guard let packet else { return outer }
        var inner: UInt32 = 0
        if hasInner, fields & 0xfc0 != 0 {
            let found = packet.flowKeys(stopsAtEncapsulation: false)
            if found.isEncapsulated {
                inner = MultipathKeys(found, isIPv4: found.isIPv4).masked(by: fields >> 6).hash(node.pointee.routing.multipathKey)
            }
        }
        return JHash.hash2(outer, inner, seed: 0)
    }
}

extension MultipathKeys {
    init(_ found: FlowKeys, isIPv4: Bool) {
        self.init(source: found.source, destination: found.destination, isIPv4: isIPv4)
        (ipProtocol, sourcePort, destinationPort) = (found.ipProtocol, found.sourcePort, found.destinationPort)
        if !isIPv4 { flowLabel = found.flowLabel }
    }

    /// `FIB_MULTIPATH_HASH_FIELD_*`, the outer packet's.
    fileprivate func masked(by fields: Int) -> MultipathKeys {
        var keys = self
        if fields & 1 == 0 { keys.source = .zero }
        if fields & 2 == 0 { keys.destination = .zero }
        if fields & 4 == 0 { keys.ipProtocol = .unspecified }
        if fields & 8 == 0 { keys.flowLabel = 0 }
        if fields & 0x10 == 0 { keys.sourcePort = 0 }
        if fields & 0x20 == 0 { keys.destinationPort = 0 }
        return keys
    }
}
