/// The internet checksum (RFC 1071) over memory, and the pseudo headers of IPv4 and IPv6.
///
/// A `sum` is the ones' complement sum of 16-bit big-endian words as a host-order number, not complemented
/// and not necessarily folded; a `checksum` is the folded, complemented field as it stands in the header
/// (host order).
public enum InternetChecksum {
    /// Folds a sum to 16 bits; 0 only when every word was 0.
    @inlinable @inline(__always)
    public static func fold(_ sum: UInt64) -> UInt16 {
        var s = (sum & 0xffff_ffff) &+ (sum >> 32)
        s = (s & 0xffff_ffff) &+ (s >> 32)
        s = (s & 0xffff) &+ (s >> 16)
        s = (s & 0xffff) &+ (s >> 16)
        return UInt16(truncatingIfNeeded: s)
    }

    /// The sum of `count` bytes, folded to 16 bits. An odd last byte is padded with a zero byte.
    @inlinable
    public static func sum(_ pointer: UnsafeRawPointer, count: Int) -> UInt16 {
        fold(rawSum(pointer, count: count)).byteSwapped
    }

    /// The sum of `count` bytes in words as they lie in memory, not folded: ones' complement addition commutes with byte
    /// order (RFC 1071 section 2 (B)), so only a result that somebody looks at must be swapped.
    @inlinable @inline(__always)
    public static func rawSum(_ pointer: UnsafeRawPointer, count: Int) -> UInt64 {
        var low: UInt64 = 0
        var high: UInt64 = 0
        var p = pointer
        var left = count
        while left >= 32 {
            let a = p.loadLE64(at: 0)
            let b = p.loadLE64(at: 8)
            let c = p.loadLE64(at: 16)
            let d = p.loadLE64(at: 24)
            low = low &+ (a & 0xffff_ffff) &+ (b & 0xffff_ffff) &+ (c & 0xffff_ffff) &+ (d & 0xffff_ffff)
            high = high &+ (a >> 32) &+ (b >> 32) &+ (c >> 32) &+ (d >> 32)
            p += 32
            left &-= 32
        }
        while left >= 8 {
            let a = p.loadLE64(at: 0)
            low = low &+ (a & 0xffff_ffff)
            high = high &+ (a >> 32)
            p += 8
            left &-= 8
        }
        guard left > 0 else { return low &+ high }
        if count >= 8 {
            // The last bytes by way of the eight before the end, without those that have been added already.
            let a = (p + (left &- 8)).loadLE64(at: 0) >> UInt64(truncatingIfNeeded: (8 &- left) &* 8)
            return low &+ high &+ (a & 0xffff_ffff) &+ (a >> 32)
        }
        if left >= 4 {
            low = low &+ UInt64(p.loadLE32(at: 0))
            p += 4
            left &-= 4
        }
        if left >= 2 {
            low = low &+ UInt64(p.loadBE16(at: 0).byteSwapped)
            p += 2
            left &-= 2
        }
        if left == 1 { low = low &+ UInt64(p.load8(at: 0)) }
        return low &+ high
    }

    /// The checksum field's value over `count` bytes whose own checksum field is zero; 0 when a block that
    /// contains its checksum is intact.
    @inlinable @inline(__always)
    public static func checksum(_ pointer: UnsafeRawPointer, count: Int) -> UInt16 {
        ~sum(pointer, count: count)
    }

    /// The IPv4 pseudo header (`csum_tcpudp_nofold`). `length`: bytes of the transport header and its
    /// payload.
    @inlinable @inline(__always)
    public static func pseudoHeaderIPv4(
        source: UInt32, destination: UInt32, protocolNumber: IPProtocol, length: Int
    ) -> UInt64 {
        UInt64(source) &+ UInt64(destination) &+ UInt64(protocolNumber.rawValue)
            &+ UInt64(truncatingIfNeeded: length)
    }

    /// The IPv6 pseudo header (`csum_ipv6_magic`), RFC 8200 section 8.1.
    @inlinable @inline(__always)
    public static func pseudoHeaderIPv6(
        source: AddressBits, destination: AddressBits, protocolNumber: IPProtocol, length: Int
    ) -> UInt64 {
        (source.high >> 32) &+ (source.high & 0xffff_ffff) &+ (source.low >> 32) &+ (source.low & 0xffff_ffff)
            &+ (destination.high >> 32) &+ (destination.high & 0xffff_ffff)
            &+ (destination.low >> 32) &+ (destination.low & 0xffff_ffff)
            &+ UInt64(protocolNumber.rawValue) &+ UInt64(truncatingIfNeeded: length)
    }

    /// The pseudo header of either family; IPv4 addresses stand in the low 32 bits.
    @inlinable @inline(__always)
    public static func pseudoHeader(
        family: AddressFamily, source: AddressBits, destination: AddressBits, protocolNumber: IPProtocol,
        length: Int
    ) -> UInt64 {
        // An IPv4 address held in AddressBits has zeros elsewhere: one formula sums both families.
        pseudoHeaderIPv6(
            source: source, destination: destination, protocolNumber: protocolNumber, length: length)
    }
}
