/// Seeded chance: one stream per purpose, so that a new consumer never shifts another's draws.
///
/// SplitMix64; the purpose's bytes are folded into the seed with FNV-1a.
@frozen
public struct RandomStream: Hashable, Sendable, RandomNumberGenerator {
    @usableFromInline var state: UInt64

    public init(seed: UInt64, purpose: StaticString) {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325 ^ seed
        purpose.withUTF8Buffer { bytes in
            for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        }
        state = hash
    }

    @inlinable
    public mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    @inlinable
    public mutating func nextUInt32() -> UInt32 { UInt32(truncatingIfNeeded: next() >> 32) }

    /// Uniform below `bound` as the kernel's `get_random_u32_below`: a multiply and shift.
    @inlinable
    public mutating func below(_ bound: UInt32) -> UInt32 {
        UInt32(truncatingIfNeeded: (UInt64(nextUInt32()) &* UInt64(bound)) >> 32)
    }
}
