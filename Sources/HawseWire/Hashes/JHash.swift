/// Bob Jenkins' lookup3 in the form of the kernel's `include/linux/jhash.h`: conntrack expectations, `-m
/// cluster`, `HMARK` and ipset buckets use it. Every operation wraps modulo 2³².
public enum JHash {
    @inlinable @inline(__always) public static var initialValue: UInt32 { 0xdead_beef }

    @inlinable @inline(__always)
    static func rotate(_ word: UInt32, _ count: UInt32) -> UInt32 { word << count | word >> (32 &- count) }

    /// `__jhash_mix`
    @inlinable @inline(__always)
    static func mix(_ a: inout UInt32, _ b: inout UInt32, _ c: inout UInt32) {
        a = (a &- c) ^ rotate(c, 4)
        c = c &+ b
        b = (b &- a) ^ rotate(a, 6)
        a = a &+ c
        c = (c &- b) ^ rotate(b, 8)
        b = b &+ a
        a = (a &- c) ^ rotate(c, 16)
        c = c &+ b
        b = (b &- a) ^ rotate(a, 19)
        a = a &+ c
        c = (c &- b) ^ rotate(b, 4)
        b = b &+ a
    }

    /// `__jhash_final`
    @inlinable @inline(__always)
    static func finish(_ a: inout UInt32, _ b: inout UInt32, _ c: inout UInt32) {
        c = (c ^ b) &- rotate(b, 14)
        a = (a ^ c) &- rotate(c, 11)
        b = (b ^ a) &- rotate(a, 25)
        c = (c ^ b) &- rotate(b, 16)
        a = (a ^ c) &- rotate(c, 4)
        b = (b ^ a) &- rotate(a, 14)
        c = (c ^ b) &- rotate(b, 24)
    }

    /// `jhash`: any number of bytes, read as little-endian words.
    @inlinable
    public static func hash(bytes pointer: UnsafeRawPointer, count: Int, seed: UInt32) -> UInt32 {
        var a = initialValue &+ UInt32(truncatingIfNeeded: count) &+ seed
        var b = a
        var c = a
        var k = pointer
        var left = count
        while left > 12 {
            a = a &+ k.loadLE32(at: 0)
            b = b &+ k.loadLE32(at: 4)
            c = c &+ k.loadLE32(at: 8)
            mix(&a, &b, &c)
            k += 12
            left -= 12
        }
        guard left > 0 else { return c }
        for i in 0..<left {
            let byte = UInt32(k.load8(at: i)) << UInt32(truncatingIfNeeded: (i & 3) * 8)
            if i < 4 { a = a &+ byte } else if i < 8 { b = b &+ byte } else { c = c &+ byte }
        }
        finish(&a, &b, &c)
        return c
    }

    /// `jhash2`: 32-bit words as the machine holds them, i.e. not byte-swapped.
    @inlinable
    public static func hash2(_ words: UnsafePointer<UInt32>, count: Int, seed: UInt32) -> UInt32 {
        var a = initialValue &+ UInt32(truncatingIfNeeded: count) << 2 &+ seed
        var b = a
        var c = a
        var k = words
        var left = count
        while left > 3 {
            a = a &+ k[0]
            b = b &+ k[1]
            c = c &+ k[2]
            mix(&a, &b, &c)
            k += 3
            left -= 3
        }
        guard left > 0 else { return c }
        if left > 2 { c = c &+ k[2] }
        if left > 1 { b = b &+ k[1] }
        a = a &+ k[0]
        finish(&a, &b, &c)
        return c
    }

    /// `jhash2` of four words, what the kernel takes of an IPv6 address (each word as it lies in memory).
    @inlinable
    public static func hash2(_ w: (UInt32, UInt32, UInt32, UInt32), seed: UInt32) -> UInt32 {
        var a = initialValue &+ 16 &+ seed
        var b = a
        var c = a
        a = a &+ w.0
        b = b &+ w.1
        c = c &+ w.2
        mix(&a, &b, &c)
        a = a &+ w.3
        finish(&a, &b, &c)
        return c
    }

    /// `__jhash_nwords`
    @inlinable @inline(__always)
    static func words(_ a: UInt32, _ b: UInt32, _ c: UInt32, _ seed: UInt32) -> UInt32 {
        var a = a &+ seed
        var b = b &+ seed
        var c = c &+ seed
        finish(&a, &b, &c)
        return c
    }

    /// `jhash_1word`
    @inlinable
    public static func hash1(_ a: UInt32, seed: UInt32) -> UInt32 {
        words(a, 0, 0, seed &+ initialValue &+ 4)
    }

    /// `jhash_2words`
    @inlinable
    public static func hash2(_ a: UInt32, _ b: UInt32, seed: UInt32) -> UInt32 {
        words(a, b, 0, seed &+ initialValue &+ 8)
    }

    /// `jhash_3words`
    @inlinable
    public static func hash3(_ a: UInt32, _ b: UInt32, _ c: UInt32, seed: UInt32) -> UInt32 {
        words(a, b, c, seed &+ initialValue &+ 12)
    }
}
