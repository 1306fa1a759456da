import HawseModel
import HawseWire

/// A frame that may belong to a known flow, read where it lies: an Ethernet header, an IP header without options or
/// extension headers, TCP or UDP, no fragment. Everything else is the walk's.
struct KnownFrame {
    let ethernet: UnsafeMutableRawPointer
    /// IP bytes, link padding not counted.
    let length: Int
    /// IPv4: source << 32 | destination.
    let addresses: UInt64
    /// Source port << 16 | destination port.
    let ports: UInt32
    let ipProtocol: IPProtocol
    /// TOS or traffic class.
    let service: UInt8
    let isIPv4: Bool

    /// `count`: bytes from the Ethernet header on. `nil`: the checks of `ip_rcv` or `ipv6_rcv` fail, its time to live is
    /// over, or it is not one of these. TCP's SYN, FIN and RST go the whole way: rules look at them.
    @inline(__always)
    init?(_ ethernet: UnsafeRawPointer, count: Int) {
        guard count >= 42 else { return nil }
        self.ethernet = UnsafeMutableRawPointer(mutating: ethernet)
        let ip = ethernet + 14
        let type = ethernet.loadEtherType(at: 12)
        let first = ip.loadBE64(at: 0)
        let second = ip.loadBE64(at: 8)
        if type == .ipv4 {
            // Version 4, five words, no fragment.
            guard first >> 56 == 0x45, first & 0x3fff == 0 else { return nil }
            length = Int(truncatingIfNeeded: first >> 32 & 0xffff)
            guard length <= count &- 14, second >> 56 > 1 else { return nil }
            let destination = UInt64(ip.loadBE32(at: 16))
            let sum = (first >> 32) &+ (first & 0xffff_ffff) &+ (second >> 32) &+ (second & 0xffff_ffff) &+ destination
            guard InternetChecksum.fold(sum) == 0xffff else { return nil }
            addresses = second << 32 | destination
            ports = ip.loadBE32(at: 20)
            ipProtocol = IPProtocol(rawValue: UInt8(truncatingIfNeeded: second >> 48))
            service = UInt8(truncatingIfNeeded: first >> 48)
            isIPv4 = true
            guard Self.isUsual(ip + 20, ipProtocol, length &- 20) else { return nil }
            return
        }
        guard type == .ipv6, first >> 60 == 6, count >= 62 else { return nil }
        length = Int(truncatingIfNeeded: first >> 16 & 0xffff) &+ 40
        // Hop limit above 1.
        guard length <= count &- 14, first & 0xff > 1 else { return nil }
        addresses = 0
        ports = ip.loadBE32(at: 40)
        ipProtocol = IPProtocol(rawValue: UInt8(truncatingIfNeeded: first >> 8))
        service = UInt8(truncatingIfNeeded: first >> 52)
        isIPv4 = false
        guard Self.isUsual(ip + 40, ipProtocol, length &- 40), Self.addressesMayPass(ip) else { return nil }
    }

    @inline(__always)
    private static func isUsual(_ transport: UnsafeRawPointer, _ ipProtocol: IPProtocol, _ length: Int) -> Bool {
        if ipProtocol == .tcp { return length >= 20 && transport.load8(at: 13) & 0x07 == 0 }
        return ipProtocol == .udp && length >= 8
    }

    /// No loopback address, nothing from a group; for groups the walk knows the rules (`ip6_rcv_core`).
    @inline(__always)
    private static func addressesMayPass(_ ip: UnsafeRawPointer) -> Bool {
        let source = ip.loadAddressBits(at: 8)
        let destination = ip.loadAddressBits(at: 24)
        return source.high >> 56 != 0xff && destination.high >> 56 != 0xff && (source.high | source.low >> 1) != 0
            && (destination.high | destination.low >> 1) != 0
    }

    @inline(__always) var ip: UnsafeMutableRawPointer { ethernet + 14 }
    @inline(__always) var headerLength: Int { isIPv4 ? 20 : 40 }
    @inline(__always) var transport: UnsafeMutableRawPointer { ethernet + (isIPv4 ? 34 : 54) }
    @inline(__always) var transportLength: Int { length &- headerLength }
    @inline(__always) var destinationMAC: UInt64 { ethernet.loadBE64(at: 0) >> 16 }
    @inline(__always) var sourceMAC: MACAddress { MACAddress(ethernet.loadBE64(at: 4) & 0xffff_ffff_ffff) }
    @inline(__always) var headers: TrackedHeaders {
        TrackedHeaders(ip: ip, transport: transport, length: length, isIPv4: isIPv4)
    }
    @inline(__always) var sourcePort: UInt16 { UInt16(truncatingIfNeeded: ports >> 16) }
    @inline(__always) var destinationPort: UInt16 { UInt16(truncatingIfNeeded: ports) }
    @inline(__always) var source: AddressBits {
        isIPv4 ? AddressBits(ipv4: UInt32(truncatingIfNeeded: addresses >> 32)) : ip.loadAddressBits(at: 8)
    }
    @inline(__always) var destination: AddressBits {
        isIPv4 ? AddressBits(ipv4: UInt32(truncatingIfNeeded: addresses)) : ip.loadAddressBits(at: 24)
    }
    @inline(__always) var tuple: Tuple {
        Tuple(
            source: source, destination: destination, sourcePort: sourcePort, destinationPort: destinationPort,
            ipProtocol: ipProtocol, version: isIPv4 ? 4 : 6)
    }

    /// The transport checksum is right. Addresses, header and payload lie in one stretch: one sum.
    @inline(__always) var isIntact: Bool {
        let start = ip + (isIPv4 ? 12 : 8)
        let count = length &- (isIPv4 ? 12 : 8)
        // As the words lie in memory: protocol and length with their bytes swapped.
        let rest = UInt64(ipProtocol.rawValue) << 8 &+ UInt64(UInt16(truncatingIfNeeded: transportLength).byteSwapped)
        return InternetChecksum.fold(InternetChecksum.rawSum(start, count: count) &+ rest) == 0xffff
    }
}

/// What is known of a frame's flow before its turn comes: the hash of its tuple (0: not worked out) and the first
/// candidate of the index for it, record × 2 + direction (0: none).
struct FlowHint {
    var hash: UInt64 = 0
    var reference: UInt32 = 0
}

extension ConnectionTable {
    /// `find` for a known frame, without consequences: record × 2 + direction, 0 when there is none that lives. Mutating
    /// although nothing changes: the table is not copied for the call of `search` then.
    @inline(__always)
    mutating func find(_ frame: KnownFrame, _ hint: FlowHint, now: Instant) -> UInt32 {
        // A confirmed record with this tuple is the one that the index would find.
        let guess = records[Int(hint.reference >> 1)]
        if hint.reference != 0, frame.isIPv4, isOf(frame, guess, Int(hint.reference & 1)),
            guess.pointee.status.intersection(.lifeMask) == .confirmed
        {
            return isOver(guess, now) ? 0 : hint.reference
        }
        return search(frame, hint.hash != 0 ? hint.hash : hash(frame.tuple, zone: 0), now: now)
    }

    /// Of one that is leased the walk finds out.
    @inline(__always)
    private func isOver(_ connection: ConnectionRef, _ now: Instant) -> Bool {
        connection.pointee.timeout <= now && !connection.pointee.status.contains(.leased)
    }

    @inline(never)
    private mutating func search(_ frame: KnownFrame, _ hash: UInt64, now: Instant) -> UInt32 {
        var candidates = index.candidates(hash)
        let tuple = frame.tuple
        while let reference = candidates.next() {
            let connection = records[Int(reference >> 1)]
            let isSame = frame.isIPv4 ? isOf(frame, connection, Int(reference & 1))
                : equals(connection, reference & 1 == 0 ? .original : .reply, tuple, zone: 0)
            if isSame { return isOver(connection, now) ? 0 : reference }
        }
        return 0
    }

    /// Has this side of the record an IPv4 frame's tuple, in zone 0? Which side it is nobody can foresee: read by place,
    /// not by branches.
    @inline(__always)
    private func isOf(_ frame: KnownFrame, _ connection: ConnectionRef, _ side: Int) -> Bool {
        let raw = UnsafeRawPointer(connection)
        let zoned = connection.pointee.bits.rawValue >> (1 &+ UInt8(truncatingIfNeeded: side)) & 1
        let other =
            raw.load(fromByteOffset: side &* 8, as: UInt64.self) ^ frame.addresses
            | UInt64(raw.load(fromByteOffset: ConnectionLayout.ports &+ side &* 4, as: UInt32.self) ^ frame.ports)
            | UInt64(connection.pointee.ipProtocol.rawValue ^ frame.ipProtocol.rawValue)
            | UInt64(connection.pointee.bits.rawValue & Connection.Bits.ipv6.rawValue)
            | UInt64(connection.pointee.zone) &* UInt64(zoned)
        return other == 0
    }
}
