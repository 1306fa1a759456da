/// SipHash as the kernel's `lib/siphash.c` computes it: SipHash-2-4 (`siphash`), and SipHash-1-3 folded to
/// 32 bits, which is what `hsiphash` is on 64-bit kernels (HalfSipHash is for 32-bit ones only).
@frozen
public struct SipHash: Sendable, Hashable {
    public let key0: UInt64
    public let key1: UInt64

    @inlinable
    public init(key0: UInt64, key1: UInt64) {
        self.key0 = key0
        self.key1 = key1
    }

    /// The four state words.
    @frozen
    public struct State {
        @usableFromInline var v0: UInt64
        @usableFromInline var v1: UInt64
        @usableFromInline var v2: UInt64
        @usableFromInline var v3: UInt64

        @inlinable @inline(__always)
        init(_ key: SipHash) {
            v0 = 0x736f_6d65_7073_6575 ^ key.key0
            v1 = 0x646f_7261_6e64_6f6d ^ key.key1
            v2 = 0x6c79_6765_6e65_7261 ^ key.key0
            v3 = 0x7465_6462_7974_6573 ^ key.key1
        }

        @inlinable @inline(__always)
        static func rotate(_ word: UInt64, _ count: UInt64) -> UInt64 {
            word << count | word >> (64 &- count)
        }

        /// `SIPROUND`
        @inlinable @inline(__always)
        mutating func round() {
            v0 = v0 &+ v1
            v1 = Self.rotate(v1, 13) ^ v0
            v0 = Self.rotate(v0, 32)
            v2 = v2 &+ v3
            v3 = Self.rotate(v3, 16) ^ v2
            v0 = v0 &+ v3
            v3 = Self.rotate(v3, 21) ^ v0
            v2 = v2 &+ v1
            v1 = Self.rotate(v1, 17) ^ v2
            v2 = Self.rotate(v2, 32)
        }

        @inlinable @inline(__always)
        mutating func absorb(_ word: UInt64, rounds: Int) {
            v3 ^= word
            for _ in 0..<rounds { round() }
            v0 ^= word
        }

        @inlinable @inline(__always)
        mutating func finish(rounds: Int) -> UInt64 {
            v2 ^= 0xff
            for _ in 0..<rounds { round() }
            return v0 ^ v1 ^ v2 ^ v3
        }
    }

    @inlinable @inline(__always)
    static func lengthByte(_ count: Int) -> UInt64 { UInt64(truncatingIfNeeded: count) << 56 }

    @inlinable @inline(__always)
    func digest(_ pointer: UnsafeRawPointer, count: Int, compression: Int, finalization: Int) -> UInt64 {
        var state = State(self)
        var offset = 0
        while count - offset >= 8 {
            state.absorb(pointer.loadLE64(at: offset), rounds: compression)
            offset += 8
        }
        var last = Self.lengthByte(count)
        var shift: UInt64 = 0
        while offset < count {
            last |= UInt64(pointer.load8(at: offset)) << shift
            shift += 8
            offset += 1
        }
        state.absorb(last, rounds: compression)
        return state.finish(rounds: finalization)
    }

    /// `siphash`: SipHash-2-4 of bytes.
    @inlinable
    public func hash64(_ pointer: UnsafeRawPointer, count: Int) -> UInt64 {
        digest(pointer, count: count, compression: 2, finalization: 4)
    }

    /// `siphash_2u64`
    @inlinable
    public func hash64(_ a: UInt64, _ b: UInt64) -> UInt64 {
        var state = State(self)
        state.absorb(a, rounds: 2)
        state.absorb(b, rounds: 2)
        state.absorb(Self.lengthByte(16), rounds: 2)
        return state.finish(rounds: 4)
    }

    /// `siphash_4u64`
    @inlinable
    public func hash64(_ a: UInt64, _ b: UInt64, _ c: UInt64, _ d: UInt64) -> UInt64 {
        var state = State(self)
        state.absorb(a, rounds: 2)
        state.absorb(b, rounds: 2)
        state.absorb(c, rounds: 2)
        state.absorb(d, rounds: 2)
        state.absorb(Self.lengthByte(32), rounds: 2)
        return state.finish(rounds: 4)
    }

    /// `hsiphash` on 64-bit kernels: SipHash-1-3 of bytes, its low 32 bits.
    @inlinable
    public func hash32(_ pointer: UnsafeRawPointer, count: Int) -> UInt32 {
        UInt32(truncatingIfNeeded: digest(pointer, count: count, compression: 1, finalization: 3))
    }

    /// `hsiphash_1u32`
    @inlinable
    public func hash32(_ a: UInt32) -> UInt32 {
        var state = State(self)
        state.absorb(Self.lengthByte(4) | UInt64(a), rounds: 1)
        return UInt32(truncatingIfNeeded: state.finish(rounds: 3))
    }

    /// `hsiphash_2u32`
    @inlinable
    public func hash32(_ a: UInt32, _ b: UInt32) -> UInt32 {
        var state = State(self)
        state.absorb(UInt64(b) << 32 | UInt64(a), rounds: 1)
        state.absorb(Self.lengthByte(8), rounds: 1)
        return UInt32(truncatingIfNeeded: state.finish(rounds: 3))
    }

    /// `hsiphash_3u32`
    @inlinable
    public func hash32(_ a: UInt32, _ b: UInt32, _ c: UInt32) -> UInt32 {
        var state = State(self)
        state.absorb(UInt64(b) << 32 | UInt64(a), rounds: 1)
        state.absorb(Self.lengthByte(12) | UInt64(c), rounds: 1)
        return UInt32(truncatingIfNeeded: state.finish(rounds: 3))
    }

    /// `hsiphash_4u32`
    @inlinable
    public func hash32(_ a: UInt32, _ b: UInt32, _ c: UInt32, _ d: UInt32) -> UInt32 {
        var state = State(self)
        state.absorb(UInt64(b) << 32 | UInt64(a), rounds: 1)
        state.absorb(UInt64(d) << 32 | UInt64(c), rounds: 1)
        state.absorb(Self.lengthByte(16), rounds: 1)
        return UInt32(truncatingIfNeeded: state.finish(rounds: 3))
    }
}
