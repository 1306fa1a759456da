/// Transport checksums over a contiguous segment with its pseudo header.
public enum TransportChecksum {
    /// Where a protocol keeps its checksum, from the start of its header; `nil` when it has none that is
    /// summed with the internet checksum (SCTP has a CRC).
    @inlinable
    public static func fieldOffset(of protocolNumber: IPProtocol) -> Int? {
        switch protocolNumber {
        case .tcp: 16
        case .udp, .udplite: 6
        case .icmp, .icmpv6: 2
        case .dccp: 6
        default: nil
        }
    }

    /// How many bytes are summed: UDP-Lite and DCCP cover what their coverage field says (RFC 3828 section
    /// 3.1, RFC 4340 section 9.2), all others everything.
    @inlinable
    static func coveredBytes(_ segment: UnsafeRawPointer, length: Int, protocolNumber: IPProtocol) -> Int {
        if protocolNumber == .udplite, length >= 8 {
            let coverage = Int(segment.loadBE16(at: 4))
            return coverage == 0 ? length : min(max(coverage, 8), length)
        }
        if protocolNumber == .dccp, length >= 12 {
            let coverage = Int(segment.load8(at: 5) & 15)
            return coverage == 0 ? length : min((Int(segment.load8(at: 4)) + coverage - 1) * 4, length)
        }
        return length
    }

    /// The pseudo header's part of the sum; ICMP for IPv4 has none.
    @inlinable @inline(__always)
    static func pseudoHeader(
        length: Int, protocolNumber: IPProtocol, family: AddressFamily, source: AddressBits,
        destination: AddressBits
    ) -> UInt64 {
        if protocolNumber == .icmp { return 0 }
        return InternetChecksum.pseudoHeader(
            family: family, source: source, destination: destination, protocolNumber: protocolNumber,
            length: length)
    }

    /// The folded sum over pseudo header and segment, including whatever the checksum field holds now.
    @inlinable
    public static func sum(
        _ segment: UnsafeRawPointer, length: Int, protocolNumber: IPProtocol, family: AddressFamily,
        source: AddressBits, destination: AddressBits
    ) -> UInt16 {
        let covered = coveredBytes(segment, length: length, protocolNumber: protocolNumber)
        return InternetChecksum.fold(
            UInt64(InternetChecksum.sum(segment, count: covered))
                &+ pseudoHeader(
                    length: length, protocolNumber: protocolNumber, family: family, source: source,
                    destination: destination))
    }

    /// True when the segment's checksum is right. A UDP checksum of 0 ("not computed") is the caller's to
    /// allow.
    @inlinable
    public static func isValid(
        _ segment: UnsafeRawPointer, length: Int, protocolNumber: IPProtocol, family: AddressFamily,
        source: AddressBits, destination: AddressBits
    ) -> Bool {
        sum(
            segment, length: length, protocolNumber: protocolNumber, family: family, source: source,
            destination: destination) == 0xffff
    }

    /// The value that makes the segment's checksum right; the field's present content is left out of the sum.
    /// `nil` when the protocol has no such field or the segment is too short for it.
    @inlinable
    public static func compute(
        _ segment: UnsafeRawPointer, length: Int, protocolNumber: IPProtocol, family: AddressFamily,
        source: AddressBits, destination: AddressBits
    ) -> UInt16? {
        guard let offset = fieldOffset(of: protocolNumber), length >= offset + 2 else { return nil }
        let covered = coveredBytes(segment, length: length, protocolNumber: protocolNumber)
        // Two parts rather than subtracting the field: an all-zero ICMP message must give 0xffff, not 0.
        let head = UInt64(InternetChecksum.sum(segment, count: offset))
        let rest = max(covered - offset - 2, 0)
        let tail = UInt64(InternetChecksum.sum(segment + offset + 2, count: rest))
        return ~InternetChecksum.fold(
            head &+ tail
                &+ pseudoHeader(
                    length: length, protocolNumber: protocolNumber, family: family, source: source,
                    destination: destination))
    }

    /// Computes and stores the checksum; UDP and UDP-Lite get 0xffff for 0 (`CSUM_MANGLED_0`).
    @inlinable
    public static func store(
        _ segment: UnsafeMutableRawPointer, length: Int, protocolNumber: IPProtocol, family: AddressFamily,
        source: AddressBits, destination: AddressBits
    ) {
        guard
            let offset = fieldOffset(of: protocolNumber),
            let value = compute(
                segment, length: length, protocolNumber: protocolNumber, family: family, source: source,
                destination: destination)
        else { return }
        let isUDP = protocolNumber == .udp || protocolNumber == .udplite
        segment.storeBE16(isUDP ? nonZero(value) : value, at: offset)
    }

    /// UDP's rule: a computed 0 is sent as 0xffff, since 0 means "no checksum".
    @inlinable @inline(__always)
    public static func nonZero(_ checksum: UInt16) -> UInt16 { checksum == 0 ? 0xffff : checksum }
}
