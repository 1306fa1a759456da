/// The multiplicative hashes of the kernel's `include/linux/hash.h` and the range reduction used with them.
public enum GoldenHash {
    @inlinable @inline(__always) public static var ratio32: UInt32 { 0x61c8_8647 }
    @inlinable @inline(__always) public static var ratio64: UInt64 { 0x61c8_8646_80b5_83eb }

    /// `hash_32`: the top `bits` (1…32) of the product.
    @inlinable @inline(__always)
    public static func hash32(_ value: UInt32, bits: UInt32) -> UInt32 {
        (value &* ratio32) >> (32 &- bits)
    }

    /// `hash_64`: the top `bits` (1…64) of the product.
    @inlinable @inline(__always)
    public static func hash64(_ value: UInt64, bits: UInt64) -> UInt64 {
        (value &* ratio64) >> (64 &- bits)
    }

    /// `reciprocal_scale`: a 32-bit hash mapped to `0..<range` by multiplication, not by remainder.
    @inlinable @inline(__always)
    public static func scale(_ value: UInt32, to range: UInt32) -> UInt32 {
        UInt32(truncatingIfNeeded: (UInt64(value) &* UInt64(range)) >> 32)
    }
}
