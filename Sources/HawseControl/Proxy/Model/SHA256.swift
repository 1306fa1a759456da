/// SHA-256 (FIPS 180-4) over short texts: kube-proxy names its chains after it.
struct SHA256 {
    private var state: (UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32) = (
        0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19
    )

    /// The digest as eight words, the most significant first.
    static func digest(_ message: UnsafeRawBufferPointer) -> [UInt32] {
        var hash = SHA256()
        return withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 64) { schedule in
            let words = schedule.baseAddress!
            let whole = message.count / 64
            for block in 0..<whole { hash.absorb(message, at: block * 64, words) }
            hash.finish(message, from: whole * 64, words)
            let s = hash.state
            return [s.0, s.1, s.2, s.3, s.4, s.5, s.6, s.7]
        }
    }

    /// The first 80 bits, which is what sixteen base32 digits show.
    static func prefix(_ message: UnsafeRawBufferPointer) -> (high: UInt64, low: UInt16) {
        var hash = SHA256()
        return withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 64) { schedule in
            let words = schedule.baseAddress!
            let whole = message.count / 64
            for block in 0..<whole { hash.absorb(message, at: block * 64, words) }
            hash.finish(message, from: whole * 64, words)
            let s = hash.state
            return (UInt64(s.0) << 32 | UInt64(s.1), UInt16(s.2 >> 16))
        }
    }

    private mutating func absorb(_ message: UnsafeRawBufferPointer, at offset: Int, _ words: UnsafeMutablePointer<UInt32>) {
        for i in 0..<16 {
            words[i] = message.loadUnaligned(fromByteOffset: offset + i * 4, as: UInt32.self).bigEndian
        }
        compress(words)
    }

    /// The rest of the message, a one bit, zeroes, and the length in bits: one block or two.
    private mutating func finish(_ message: UnsafeRawBufferPointer, from start: Int, _ words: UnsafeMutablePointer<UInt32>) {
        for i in 0..<16 { words[i] = 0 }
        var at = 0
        for index in start..<message.count {
            words[at >> 2] |= UInt32(message[index]) << UInt32(24 - 8 * (at & 3))
            at += 1
        }
        words[at >> 2] |= 0x80 << UInt32(24 - 8 * (at & 3))
        if at >= 56 {
            compress(words)
            for i in 0..<16 { words[i] = 0 }
        }
        let bits = UInt64(message.count) &* 8
        words[14] = UInt32(truncatingIfNeeded: bits >> 32)
        words[15] = UInt32(truncatingIfNeeded: bits)
        compress(words)
    }

    @inline(__always)
    private static func rotate(_ x: UInt32, _ n: UInt32) -> UInt32 { x &>> n | x &<< (32 &- n) }

    private mutating func compress(_ w: UnsafeMutablePointer<UInt32>) {
        for i in 16..<64 {
            let a = w[i &- 15], b = w[i &- 2]
            let s0 = Self.rotate(a, 7) ^ Self.rotate(a, 18) ^ a &>> 3
            let s1 = Self.rotate(b, 17) ^ Self.rotate(b, 19) ^ b &>> 10
            w[i] = w[i &- 16] &+ s0 &+ w[i &- 7] &+ s1
        }
        var (a, b, c, d, e, f, g, h) = state
        Self.constants.withUnsafeBufferPointer { k in
            for i in 0..<64 {
                let s1 = Self.rotate(e, 6) ^ Self.rotate(e, 11) ^ Self.rotate(e, 25)
                let t1 = h &+ s1 &+ (e & f ^ ~e & g) &+ k[i] &+ w[i]
                let s0 = Self.rotate(a, 2) ^ Self.rotate(a, 13) ^ Self.rotate(a, 22)
                let t2 = s0 &+ (a & b ^ a & c ^ b & c)
                (h, g, f, e, d, c, b, a) = (g, f, e, d &+ t1, c, b, a, t1 &+ t2)
            }
        }
        state.0 &+= a
        state.1 &+= b
        state.2 &+= c
        state.3 &+= d
        state.4 &+= e
        state.5 &+= f
        state.6 &+= g
        state.7 &+= h
    }

    /// The fractional parts of the cube roots of the first 64 primes.
    private static let constants: [UInt32] = [
        0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4, 0xab1c_5ed5,
        0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174,
        0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da,
        0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7, 0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967,
        0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85,
        0xa2bf_e8a1, 0xa81a_664b, 0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070,
        0x19a4_c116, 0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
        0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2,
    ]
}
