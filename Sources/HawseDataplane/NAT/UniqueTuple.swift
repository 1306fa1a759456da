import HawseModel
import HawseWire

/// The choice of a binding (`get_unique_tuple` and what it calls in `nf_nat_core.c`).
struct UniqueTuple {
    let table: UnsafeMutablePointer<ConnectionTable>
    let chance: UnsafeMutablePointer<RandomStream>
    let draws: UnsafeMutablePointer<PortDraws>
    let connection: ConnectionRef
    let range: NATRange
    let manip: NATManip
    let now: Instant

    private static let maximumAttempts = 128
    /// From here on a connection in TIME_WAIT may be put out for its port (`NF_NAT_HARDER_THRESH`).
    private static let harderThreshold = 32

    /// The tuple that packets of the original direction shall have behind the manipulation. It is not always unique:
    /// then the confirmation fails and the packet is dropped.
    func choose(_ original: Tuple) -> Tuple {
        let keepsPort = range.flags.isDisjoint(with: .protoRandomAll)
        if manip == .source, keepsPort {
            if isInRange(original) {
                if !isUsedByNew(original) { return original }
            } else if let mapped = existingMapping(original), !isUsed(mapped) {
                return mapped
            }
        }
        var tuple = original
        chooseAddress(&tuple)
        if keepsPort {
            if !range.flags.contains(.protoSpecified) {
                if !isUsed(tuple) { return tuple }
            } else if !range.flags.contains(.protoOffset), isPortInRange(tuple, manip),
                range.minimumPort == range.maximumPort || !isUsed(tuple)
            {
                return tuple
            }
        }
        choosePort(&tuple)
        return tuple
    }

    // MARK: Taken or free

    /// `nf_conntrack_tuple_taken` for the reply that the tuple would get.
    private func isUsed(_ tuple: Tuple) -> Bool {
        guard let reply = tuple.inverted else { return false }
        if let shard = table.pointee.shard, manip == .source, shard.loses(reply, of: table.pointee.tuple(of: connection, .original)) {
            return true
        }
        guard let (other, _) = table.pointee.find(reply, connection.pointee.zones, in: .reply, now: now),
            other != connection
        else { return false }
        // The very same flow: confirmation sorts that out.
        let isSameOrigin = table.pointee.tuple(of: other, .original) == table.pointee.tuple(of: connection, .original)
            && other.pointee.zone(.original) == connection.pointee.zone(.original)
        return !isSameOrigin
    }

    /// `nf_nat_used_tuple_new`: a flow without NAT that only collides with its own other half is left alone.
    private func isUsedByNew(_ tuple: Tuple) -> Bool {
        guard isUsed(tuple) else { return false }
        switch connection.pointee.ipProtocol {
        case .udp, .udplite, .gre: break
        default: return true
        }
        let usesNAT: ConnectionStatus = [.sourceNAT, .destinationNAT, .sequenceAdjust]
        guard connection.pointee.status.isDisjoint(with: usesNAT) else { return true }
        guard let (other, _) = findEither(tuple) ?? tuple.inverted.flatMap(findEither) else { return false }
        guard other.pointee.status.isDisjoint(with: usesNAT) else { return true }
        return table.pointee.tuple(of: other, .original) != table.pointee.tuple(of: connection, .reply)
    }

    private func findEither(_ tuple: Tuple) -> (ConnectionRef, Direction)? {
        table.pointee.find(tuple, connection.pointee.zones, now: now)
    }

    /// `nf_nat_used_tuple_harder`: in the last attempts a finished TCP connection makes room for a new one.
    private func isUsedHarder(_ tuple: Tuple, attemptsLeft: Int) -> Bool {
        guard attemptsLeft <= Self.harderThreshold, tuple.ipProtocol == .tcp, connection.pointee.tcpState == .synSent
        else { return isUsed(tuple) }
        guard let reply = tuple.inverted, let (other, direction) = findEither(reply) else { return false }
        guard direction == .reply, other != connection else { return true }
        let status = other.pointee.status
        guard other.pointee.state >= TCPState.timeWait.rawValue, status.isDisjoint(with: [.fixedTimeout, .dying]),
            status.contains(.sourceNAT)
        else { return true }
        let advance = connection.pointee.seenOriginal.end &- other.pointee.seenOriginal.end
        guard Int32(bitPattern: advance) > 0 else { return true }
        table.pointee.remove(other)
        return false
    }

    // MARK: Ranges

    /// `nf_in_range`: would this source do?
    private func isInRange(_ tuple: Tuple) -> Bool {
        if range.flags.contains(.mapIPs), tuple.source < range.minimum || tuple.source > range.maximum { return false }
        return !range.flags.contains(.protoSpecified) || isPortInRange(tuple, .source)
    }

    /// `l4proto_in_range`.
    private func isPortInRange(_ tuple: Tuple, _ manip: NATManip) -> Bool {
        let port: UInt16
        switch tuple.ipProtocol {
        case .icmp, .icmpv6: port = tuple.sourcePort
        case .tcp, .udp, .gre, .sctp, .udplite: port = manip == .source ? tuple.sourcePort : tuple.destinationPort
        default: return true
        }
        return port >= range.minimumPort && port <= range.maximumPort
    }

    /// `find_appropriate_src`: how an earlier connection of the same source was mapped, if that suits.
    private func existingMapping(_ tuple: Tuple) -> Tuple? {
        var number = table.pointee.bySource.first(SourceList.hash(tuple))
        while number != 0 {
            let other = table.pointee.records[Int(number)]
            number = other.pointee.nextBySource
            guard other.pointee.ipProtocol == tuple.ipProtocol,
                other.pointee.zone(.original) == connection.pointee.zone(.original)
            else { continue }
            let theirs = table.pointee.tuple(of: other, .original)
            guard theirs.source == tuple.source, theirs.sourcePort == tuple.sourcePort,
                theirs.version == tuple.version,
                var mapped = table.pointee.tuple(of: other, .reply).inverted
            else { continue }
            mapped.destination = tuple.destination
            mapped.destinationPort = tuple.destinationPort
            if isInRange(mapped) { return mapped }
        }
        return nil
    }

    // MARK: Address

    /// `find_best_ips_proto`: a hash of the source (and of the destination, unless persistent) chooses within the range.
    private func chooseAddress(_ tuple: inout Tuple) {
        guard range.flags.contains(.mapIPs) else { return }
        if range.minimum == range.maximum {
            set(&tuple, range.minimum)
            return
        }
        let isPersistent = range.flags.contains(.persistent)
        let isIPv4 = tuple.version == 4
        let source = Self.words(tuple.source, isIPv4)
        var destination = Self.words(tuple.destination, isIPv4)
        let last = isIPv4 ? destination[0] : destination[3]
        let seed = isPersistent ? 0 : last.byteSwapped ^ UInt32(connection.pointee.zone)
        var hash = JHash.hash2(
            (source[0].byteSwapped, source[1].byteSwapped, source[2].byteSwapped, source[3].byteSwapped), seed: seed)
        let low = Self.words(range.minimum, isIPv4)
        let high = Self.words(range.maximum, isIPv4)
        var chosen = InlineArray<4, UInt32>(repeating: 0)
        var isFree = false
        for i in 0..<(isIPv4 ? 1 : 4) {
            let base = isFree ? 0 : low[i]
            let size = isFree ? UInt32.max : high[i] &- low[i] &+ 1
            chosen[i] = base &+ GoldenHash.scale(hash, to: size)
            if chosen[i] != high[i] { isFree = true }
            // A destination is overwritten while the hash still reads it.
            if manip == .destination { destination[i] = chosen[i] }
            if !isPersistent { hash ^= destination[i].byteSwapped }
        }
        set(
            &tuple,
            isIPv4
                ? AddressBits(ipv4: chosen[0])
                : AddressBits(
                    high: UInt64(chosen[0]) << 32 | UInt64(chosen[1]), low: UInt64(chosen[2]) << 32 | UInt64(chosen[3])))
    }

    private func set(_ tuple: inout Tuple, _ address: AddressBits) {
        if manip == .source { tuple.source = address } else { tuple.destination = address }
    }

    /// The 16 bytes of `union nf_inet_addr` as four big-endian words: an IPv4 address is the first.
    private static func words(_ address: AddressBits, _ isIPv4: Bool) -> InlineArray<4, UInt32> {
        if isIPv4 { return [address.ipv4, 0, 0, 0] }
        let w = address.words
        return [w.0, w.1, w.2, w.3]
    }

    // MARK: Port

    /// `nf_nat_l4proto_unique_tuple`: up to 128 ports from a starting point on, then again from another with half
    /// as many attempts, down to 16.
    private func choosePort(_ tuple: inout Tuple) {
        guard let (minimum, size) = portRange(tuple) else { return }
        var offset: UInt16
        var draw = (number: -1, wanted: Int32(-1))
        if range.flags.contains(.protoOffset) {
            offset = port(tuple) &- range.basePort
        } else if !range.flags.isDisjoint(with: .protoRandomAll) || manip == .source {
            offset = UInt16(truncatingIfNeeded: chance.pointee.nextUInt32())
            draw = draws.pointee.begin()
            if draw.wanted >= 0 { offset = UInt16(truncatingIfNeeded: Int(draw.wanted) - minimum) }
        } else {
            offset = 0
        }
        var attempts = min(size, Self.maximumAttempts)
        while true {
            for attempt in 0..<attempts {
                setPort(&tuple, UInt16(truncatingIfNeeded: minimum + Int(offset) % size))
                if !isUsedHarder(tuple, attemptsLeft: attempts - attempt) {
                    draws.pointee.note(draw.number, port(tuple), at: now)
                    return
                }
                offset &+= 1
            }
            if attempts >= size || attempts < 16 { return }
            attempts /= 2
            offset = UInt16(truncatingIfNeeded: chance.pointee.nextUInt32())
        }
    }

    /// First port and how many; `nil` when this protocol's port stays as it is.
    private func portRange(_ tuple: Tuple) -> (minimum: Int, size: Int)? {
        let isGiven = range.flags.contains(.protoSpecified)
        let low = Int(min(range.minimumPort, range.maximumPort))
        let high = Int(max(range.minimumPort, range.maximumPort))
        switch tuple.ipProtocol {
        case .icmp, .icmpv6:
            return isGiven ? (low, high - low + 1) : (0, 65536)
        case .gre:
            // Only PPTP's calls have a key that may be changed.
            guard let cold = table.pointee.cold(connection), cold.pointee.master != 0 else { return nil }
            return isGiven ? (low, high - low + 1) : (1, 65535)
        case .tcp, .udp, .sctp, .udplite:
            if isGiven { return (low, high - low + 1) }
            if manip == .destination { return nil }
            let port = tuple.sourcePort
            if port < 512 { return (1, 511) }
            if port < 1024 { return (600, 424) }
            return (1024, 64512)
        default:
            return nil
        }
    }

    private func port(_ tuple: Tuple) -> UInt16 {
        tuple.isICMP || manip == .source ? tuple.sourcePort : tuple.destinationPort
    }

    private func setPort(_ tuple: inout Tuple, _ port: UInt16) {
        if tuple.isICMP || manip == .source { tuple.sourcePort = port } else { tuple.destinationPort = port }
    }
}
