/// Incremental checksum updates (RFC 1624 equation 3), with the kernel's choice between the two zeros.
/// Checksums and values are host-order numbers.
public enum ChecksumUpdate {
    /// `csum16_add`: end-around carry.
    @inlinable @inline(__always)
    static func add16(_ a: UInt16, _ b: UInt16) -> UInt16 {
        let (sum, carry) = a.addingReportingOverflow(b)
        return sum &+ (carry ? 1 : 0)
    }

    /// `csum_replace2`: a 16-bit word of an IPv4 header, such as TOS, ID or TTL with protocol.
    @inlinable @inline(__always)
    public static func replace16(_ checksum: UInt16, from old: UInt16, to new: UInt16) -> UInt16 {
        ~add16(add16(~checksum, ~old), new)
    }

    /// `csum_replace4` and `inet_proto_csum_replace4`: a 32-bit word, such as an IPv4 address.
    @inlinable @inline(__always)
    public static func replace32(_ checksum: UInt16, from old: UInt32, to new: UInt32) -> UInt16 {
        apply(delta32(from: old, to: new), to: checksum)
    }

    /// `inet_proto_csum_replace2`: a 16-bit word of a transport header, such as a port. Unlike `replace16` it
    /// works on 32 bits, which matters for a checksum of 0xffff only.
    @inlinable @inline(__always)
    public static func replaceTransport16(_ checksum: UInt16, from old: UInt16, to new: UInt16) -> UInt16 {
        replace32(checksum, from: UInt32(old), to: UInt32(new))
    }

    /// `inet_proto_csum_replace16`: an IPv6 address.
    @inlinable @inline(__always)
    public static func replace128(_ checksum: UInt16, from old: AddressBits, to new: AddressBits) -> UInt16 {
        apply(delta128(from: old, to: new), to: checksum)
    }

    /// What to add to a sum for a replaced 32-bit word; deltas may be added up and applied together.
    @inlinable @inline(__always)
    public static func delta32(from old: UInt32, to new: UInt32) -> UInt64 {
        UInt64(~old) &+ UInt64(new)
    }

    /// What to add to a sum for a replaced IPv6 address.
    @inlinable @inline(__always)
    public static func delta128(from old: AddressBits, to new: AddressBits) -> UInt64 {
        (~old.high >> 32) &+ (~old.high & 0xffff_ffff) &+ (~old.low >> 32) &+ (~old.low & 0xffff_ffff)
            &+ (new.high >> 32) &+ (new.high & 0xffff_ffff) &+ (new.low >> 32) &+ (new.low & 0xffff_ffff)
    }

    /// The same while the packet's sum is yet to be completed (`CHECKSUM_PARTIAL`): what is there counts as a plain sum of the
    /// pseudo header, and is not complemented.
    @inlinable @inline(__always)
    public static func applyToPartial(_ delta: UInt64, _ checksum: UInt16) -> UInt16 {
        InternetChecksum.fold(UInt64(checksum) &+ delta)
    }

    /// Applies a delta, or a sum of at most 2²⁸ of them, as `csum_fold(csum_add(~csum_unfold(sum), delta))`
    /// does.
    @inlinable @inline(__always)
    public static func apply(_ delta: UInt64, to checksum: UInt16) -> UInt16 {
        ~InternetChecksum.fold(UInt64(~UInt32(checksum)) &+ delta)
    }
}
