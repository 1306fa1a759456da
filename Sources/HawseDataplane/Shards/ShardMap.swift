import HawseModel
import HawseWire

/// Which shard a packet belongs to: both directions of a connection, and the errors about it, to the same one.
///
/// A connection is dealt out by its two endpoints. Destination NAT changes one of them, so packets that have to do with
/// an endpoint of its rules go by the other one, which stays as it is in both directions. Connections that could ever
/// want the same tuple share that endpoint, and so the shard.
///
/// A plain value around memory of its own; read by all shards at once, changed by none.
struct ShardMap {
    /// A fragment: its datagram decides.
    static let fragment: UInt8 = 255
    static let most = 64

    private struct Entry {
        var address: AddressBits
        var port: UInt32
        var ipProtocol: IPProtocol
        /// 0: free.
        var version: UInt8
    }

    private static let anyPort: UInt32 = 1 << 16
    private static let mostWide = 8

    let count: Int
    private let entries: UnsafeMutablePointer<Entry>
    private let mask: Int
    /// Bit 0: port and protocol, 1: port, 2: protocol, 3: neither is given.
    private let kinds: UInt8
    private let wide: UnsafeMutableBufferPointer<EndpointRange>
    private let translatesAll: Bool
    /// All endpoints are of one address, port and protocol: the table and its filter say everything.
    private let isExact: Bool
    /// A bit for each hash in the table, and thirty times as many without: most endpoints are not translated, and this
    /// says so without a look into the table, which is needed only where both ends of a connection have a bit.
    private let filter: UnsafeMutablePointer<UInt64>
    private let filterShift: UInt64
    private let bare: UnsafeMutableBufferPointer<Bool>
    private let tunnels: UnsafeMutableBufferPointer<UInt16>

    /// `node`: any dataplane made from the spec; it tells what numbers the devices have.
    init(_ spec: NodeSpec, count: Int, node: Dataplane) {
        self.count = count
        let ranges = TranslatedEndpoints(spec).ranges
        let single = ranges.filter { $0.first == $0.last && ($0.ports.count == 1 || $0.ports.count == 65536) }
        let several = ranges.subtracting(single)
        translatesAll = several.count > Self.mostWide
        wide = .allocate(capacity: translatesAll ? 0 : several.count)
        for (index, range) in wide.indices.isEmpty ? [] : Array(several.enumerated()) { wide.initializeElement(at: index, to: range) }
        var capacity = 16
        while capacity < single.count * 4 { capacity *= 2 }
        mask = capacity - 1
        let filterBits = max(15, UInt64(capacity.trailingZeroBitCount) + 3)
        filterShift = 64 - filterBits
        filter = .allocate(capacity: 1 << Int(filterBits - 6))
        filter.initialize(repeating: 0, count: 1 << Int(filterBits - 6))
        entries = .allocate(capacity: capacity)
        entries.initialize(repeating: Entry(address: .zero, port: 0, ipProtocol: .unspecified, version: 0), count: capacity)
        bare = .allocate(capacity: node.interfaceNames.count)
        bare.initialize(repeating: false)
        for interface in spec.interfaces where interface.kind == .tun {
            if let index = node.interfaceIndex(interface.name) { bare[Int(index)] = true }
        }
        let ports = spec.interfaces.compactMap { interface in
            if case .vxlan(let options) = interface.kind { return options.port } else { return nil }
        }
        tunnels = .allocate(capacity: ports.count)
        _ = tunnels.initialize(from: ports)
        var kinds: UInt8 = 0
        for range in single {
            let isAny = range.ports.count == 65536
            kinds |= 1 << ((isAny ? 2 : 0) | (range.ipProtocol == .unspecified ? 1 : 0))
            let port = isAny ? Self.anyPort : UInt32(range.ports.lowerBound)
            let entry = Entry(
                address: range.first, port: port, ipProtocol: range.ipProtocol, version: range.family == .ipv6 ? 6 : 4)
            let hashed = Self.hash(range.first, port, range.ipProtocol)
            let bit = hashed >> filterShift
            filter[Int(bit >> 6)] |= 1 << (bit & 63)
            var slot = Int(truncatingIfNeeded: hashed) & mask
            while entries[slot].version != 0 { slot = (slot + 1) & mask }
            entries[slot] = entry
        }
        self.kinds = kinds
        isExact = kinds & ~1 == 0 && several.isEmpty
    }

    func deallocate() {
        entries.deallocate()
        filter.deallocate()
        wide.deallocate()
        bare.deallocate()
        tunnels.deallocate()
    }

    // MARK: Endpoints

    @inline(__always)
    private func endpointHash(_ address: AddressBits, _ port: UInt32, _ number: IPProtocol) -> UInt64 {
        Self.hash(address, port, number)
    }

    /// One multiplication is enough: every packet's two ends pay for it, and all that hangs on it is how evenly flows are spread.
    @inline(__always)
    private static func hash(_ address: AddressBits, _ port: UInt32, _ number: IPProtocol) -> UInt64 {
        let place = address.low ^ UInt64(port) << 40 ^ 0x94d0_49bb_1331_11eb
        let product = place.multipliedFullWidth(by: address.high &+ UInt64(number.rawValue) ^ 0xa54f_f53a_5f1d_36f1)
        return product.high ^ product.low
    }

    /// 1: the table may have it. 0: it has not.
    @inline(__always)
    private func mayHold(_ hash: UInt64) -> UInt64 {
        let bit = hash &>> filterShift
        return filter[Int(truncatingIfNeeded: bit >> 6)] &>> bit & 1
    }

    @inline(__always)
    private func holds(_ hash: UInt64, _ address: AddressBits, _ port: UInt32, _ number: IPProtocol, _ version: UInt8) -> Bool {
        var slot = Int(truncatingIfNeeded: hash) & mask
        while entries[slot].version != 0 {
            let entry = entries + slot
            if entry.pointee.address == address, entry.pointee.port == port, entry.pointee.ipProtocol == number,
                entry.pointee.version == version
            {
                return true
            }
            slot = (slot &+ 1) & mask
        }
        return false
    }

    @inline(__always)
    private func isTranslated(_ address: AddressBits, _ port: UInt16, _ number: IPProtocol, _ version: UInt8, _ hash: UInt64) -> Bool {
        if kinds & 1 != 0, holds(hash, address, UInt32(port), number, version) { return true }
        return kinds & ~1 != 0 || wide.count > 0 || translatesAll ? isTranslatedRarely(address, port, number, version) : false
    }

    @inline(never)
    private func isTranslatedRarely(_ address: AddressBits, _ port: UInt16, _ number: IPProtocol, _ version: UInt8) -> Bool {
        if translatesAll { return true }
        for kind in 1...3 where kinds >> UInt8(kind) & 1 != 0 {
            let wanted = kind & 2 != 0 ? Self.anyPort : UInt32(port)
            let proto = kind & 1 != 0 ? .unspecified : number
            if holds(endpointHash(address, wanted, proto), address, wanted, proto, version) { return true }
        }
        for range in wide where range.contains(address, port, number, version) { return true }
        return false
    }

    /// The shard of a tuple, given in either direction.
    @inline(__always)
    func owner(
        _ a: AddressBits, _ aPort: UInt16, _ b: AddressBits, _ bPort: UInt16, _ number: IPProtocol, _ version: UInt8
    ) -> UInt8 {
        let aHash = endpointHash(a, UInt32(aPort), number)
        let bHash = endpointHash(b, UInt32(bPort), number)
        if isExact {
            let mayBeA = mayHold(aHash)
            let mayBeB = mayHold(bHash)
            // One that only looks translated, with a peer that is not: going by the peer is as good, since nothing but such
            // connections hangs on it, and they all go by it. Which of the two it is nobody can foresee: no branch for it. The
            // other one's hash, or the sum of both.
            if mayBeA & mayBeB == 0 { return slot((aHash & (mayBeA &- 1)) &+ (bHash & (mayBeB &- 1))) }
        }
        let isA = isTranslated(a, aPort, number, version, aHash)
        let isB = isTranslated(b, bPort, number, version, bHash)
        if isA != isB { return slot(isA ? bHash : aHash) }
        return isA ? 0 : slot(aHash &+ bHash)
    }

    func owner(_ tuple: Tuple) -> UInt8 {
        tuple.isICMP
            ? owner(tuple.source, tuple.sourcePort, tuple.destination, tuple.sourcePort, tuple.ipProtocol, tuple.version)
            : owner(tuple.source, tuple.sourcePort, tuple.destination, tuple.destinationPort, tuple.ipProtocol, tuple.version)
    }

    @inline(__always)
    private func slot(_ hash: UInt64) -> UInt8 { UInt8(truncatingIfNeeded: ((hash >> 32) &* UInt64(count)) >> 32) }

    // MARK: Packets

    /// The shard of a frame; what belongs to no flow goes to shard 0, and a fragment is told as such.
    @inline(__always)
    func owner(_ frame: UnsafeRawBufferPointer, on interface: UInt16) -> UInt8 {
        guard let base = frame.baseAddress, Int(interface) < bare.count else { return 0 }
        if bare[Int(interface)] { return packetOwner(base, frame.count, depth: 0) }
        // The plain case first: IPv4 without options, TCP or UDP, no fragment.
        if frame.count >= 38, base.loadEtherType(at: 12) == .ipv4, base.load8(at: 14) == 0x45, tunnels.count == 0 {
            let number = base.loadProtocol(at: 23)
            if number == .tcp || number == .udp, base.loadBE16(at: 20) & 0x3fff == 0 {
                return owner(
                    AddressBits(ipv4: base.loadBE32(at: 26)), base.loadBE16(at: 34), AddressBits(ipv4: base.loadBE32(at: 30)),
                    base.loadBE16(at: 36), number, 4)
            }
        }
        return frameOwner(base, frame.count, depth: 0)
    }

    /// The shard of an IP packet without a link header.
    func owner(ofPacket packet: UnsafeRawBufferPointer) -> UInt8 {
        guard let base = packet.baseAddress else { return 0 }
        return packetOwner(base, packet.count, depth: 0)
    }

    @inline(never)
    private func frameOwner(_ base: UnsafeRawPointer, _ length: Int, depth: Int) -> UInt8 {
        var at = 12
        while at + 2 <= length {
            switch base.loadEtherType(at: at) {
            case .vlan, .qinq: at += 4
            case .ipv4, .ipv6: return packetOwner(base + at + 2, length - at - 2, depth: depth)
            default: return 0
            }
        }
        return 0
    }

    @inline(never)
    private func packetOwner(_ ip: UnsafeRawPointer, _ length: Int, depth: Int) -> UInt8 {
        guard length >= 20, depth < 3 else { return 0 }
        if ip.load8(at: 0) >> 4 == 4 {
            let header = Int(ip.load8(at: 0) & 15) * 4
            guard header >= 20, header <= length else { return 0 }
            if ip.loadBE16(at: 6) & 0x3fff != 0, depth == 0 { return Self.fragment }
            return transportOwner(
                ip, length, header, ip.loadProtocol(at: 9), AddressBits(ipv4: ip.loadBE32(at: 12)),
                AddressBits(ipv4: ip.loadBE32(at: 16)), 4, depth)
        }
        guard ip.load8(at: 0) >> 4 == 6, length >= 40 else { return 0 }
        let walk = IPv6ExtensionWalk.find(ip, length: length)
        if walk.hasFragmentHeader, depth == 0 { return Self.fragment }
        return transportOwner(
            ip, length, walk.offset, walk.protocolNumber, AddressBits(high: ip.loadBE64(at: 8), low: ip.loadBE64(at: 16)),
            AddressBits(high: ip.loadBE64(at: 24), low: ip.loadBE64(at: 32)), 6, depth)
    }

    private func transportOwner(
        _ ip: UnsafeRawPointer, _ length: Int, _ at: Int, _ number: IPProtocol, _ source: AddressBits,
        _ destination: AddressBits, _ version: UInt8, _ depth: Int
    ) -> UInt8 {
        guard at + 8 <= length else { return owner(source, 0, destination, 0, number, version) }
        let transport = ip + at
        switch number {
        case .tcp, .udp, .dccp, .sctp, .udplite:
            let port = transport.loadBE16(at: 2)
            if number == .udp, tunnels.contains(port), at + 30 <= length {
                return frameOwner(transport + 16, length - at - 16, depth: depth + 1)
            }
            return owner(source, transport.loadBE16(at: 0), destination, port, number, version)
        case .icmp where version == 4:
            switch transport.load8(at: 0) {
            case 3, 4, 5, 11, 12: return packetOwner(transport + 8, length - at - 8, depth: depth + 1)
            default: return owner(source, transport.loadBE16(at: 4), destination, transport.loadBE16(at: 4), number, version)
            }
        case .icmpv6 where version == 6:
            switch transport.load8(at: 0) {
            case 1...4: return packetOwner(transport + 8, length - at - 8, depth: depth + 1)
            case 128, 129:
                return owner(source, transport.loadBE16(at: 4), destination, transport.loadBE16(at: 4), number, version)
            default: return 0
            }
        default: return owner(source, 0, destination, 0, number, version)
        }
    }

    // MARK: Fragments

    /// What the fragments of a datagram have in common.
    struct Datagram: Hashable {
        var source: AddressBits
        var destination: AddressBits
        var identification: UInt32
        var ipProtocol: IPProtocol
    }

    /// The datagram of a frame that `owner` called a fragment; with the first fragment also its shard.
    func datagram(_ frame: UnsafeRawBufferPointer, on interface: UInt16) -> (Datagram, owner: UInt8?) {
        var at = 0
        if !bare[Int(interface)] {
            at = 12
            while at + 4 < frame.count, frame[at] == 0x81 || frame[at] == 0x88 { at += 4 }
            at += 2
        }
        guard let base = frame.baseAddress, frame.count - at >= 20 else {
            return (Datagram(source: .zero, destination: .zero, identification: 0, ipProtocol: .unspecified), 0)
        }
        let ip = base + at
        if ip.load8(at: 0) >> 4 == 4 {
            let key = Datagram(
                source: AddressBits(ipv4: ip.loadBE32(at: 12)), destination: AddressBits(ipv4: ip.loadBE32(at: 16)),
                identification: UInt32(ip.loadBE16(at: 4)), ipProtocol: ip.loadProtocol(at: 9))
            let isFirst = ip.loadBE16(at: 6) & 0x1fff == 0
            return (key, isFirst ? packetOwner(ip, frame.count - at, depth: 1) : nil)
        }
        let walk = IPv6ExtensionWalk.find(ip, length: frame.count - at)
        let key = Datagram(
            source: AddressBits(high: ip.loadBE64(at: 8), low: ip.loadBE64(at: 16)),
            destination: AddressBits(high: ip.loadBE64(at: 24), low: ip.loadBE64(at: 32)),
            identification: walk.fragmentIdentification, ipProtocol: .unspecified)
        return (key, walk.isLaterFragment ? nil : packetOwner(ip, frame.count - at, depth: 1))
    }
}
