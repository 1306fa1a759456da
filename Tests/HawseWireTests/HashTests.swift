import Testing

@testable import HawseWire

@Suite struct JHashTests {
    /// The vectors of lookup3.c's own self test (`hashlittle`), which `jhash` equals.
    @Test func lookup3Vectors() {
        let text = Array("Four score and seven years ago".utf8)
        #expect(reading(text) { JHash.hash(bytes: $0, count: 30, seed: 0) } == 0x1777_0551)
        #expect(reading(text) { JHash.hash(bytes: $0, count: 30, seed: 1) } == 0xcd62_8161)
        #expect(reading([]) { JHash.hash(bytes: $0, count: 0, seed: 0) } == 0xdead_beef)
        #expect(reading([]) { JHash.hash(bytes: $0, count: 0, seed: 0xdead_beef) } == 0xbd5b_7dde)
    }

    /// Words hash as their little-endian bytes do, whichever function is asked.
    @Test func wordsAreBytes() {
        var random = SplitMix(state: 10)
        for count in 0...13 {
            let words = (0..<count).map { _ in UInt32(truncatingIfNeeded: random.next()) }
            let seed = UInt32(truncatingIfNeeded: random.next())
            let bytes = words.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } }
            let expected = reading(bytes) { JHash.hash(bytes: $0, count: bytes.count, seed: seed) }
            let hashed = (words + [0]).withUnsafeBufferPointer { buffer in
                buffer.baseAddress.map { JHash.hash2($0, count: count, seed: seed) }
            }
            #expect(hashed == expected)
            switch count {
            case 1: #expect(JHash.hash1(words[0], seed: seed) == expected)
            case 2: #expect(JHash.hash2(words[0], words[1], seed: seed) == expected)
            case 3: #expect(JHash.hash3(words[0], words[1], words[2], seed: seed) == expected)
            case 4: #expect(JHash.hash2((words[0], words[1], words[2], words[3]), seed: seed) == expected)
            default: break
            }
        }
    }
}

@Suite struct SipHashTests {
    static let key = SipHash(key0: 0x0706_0504_0302_0100, key1: 0x0f0e_0d0c_0b0a_0908)

    /// Vectors of the SipHash paper's reference code: the first bytes 0, 1, 2, … under the key 00…0f.
    @Test func sipHash24() {
        let vectors: [Int: UInt64] = [
            0: 0x726f_db47_dd0e_0e31, 1: 0x74f8_39c5_93dc_67fd, 2: 0x0d6c_8009_d9a9_4f5a,
            8: 0x93f5_f579_9a93_2462, 15: 0xa129_ca61_49be_45e5,
        ]
        for (length, expected) in vectors {
            let bytes = (0..<length).map { UInt8($0) }
            #expect(reading(bytes) { Self.key.hash64($0, count: length) } == expected)
        }
    }

    /// SipHash-1-3's vectors under the same key, low halves: what `hsiphash` gives on a 64-bit kernel.
    @Test func hsiphash() {
        let vectors: [UInt32] = [
            0x050f_c4dc, 0x7d57_ca93, 0x4dc7_d44d, 0xe7dd_f7fb, 0x88d3_8328, 0x4953_3b67, 0xc59f_22a7,
            0x9bb1_1140,
        ]
        for (length, expected) in vectors.enumerated() {
            let bytes = (0..<length).map { UInt8($0) }
            #expect(reading(bytes) { Self.key.hash32($0, count: length) } == expected)
        }
    }

    @Test func wordFormsEqualTheirBytes() {
        var random = SplitMix(state: 11)
        let w = (0..<4).map { _ in UInt32(truncatingIfNeeded: random.next()) }
        let bytes = w.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } }
        let key = SipHash(key0: random.next(), key1: random.next())
        let expected = (1...4).map { n in reading(bytes) { key.hash32($0, count: 4 * n) } }
        #expect(expected[0] == key.hash32(w[0]))
        #expect(expected[1] == key.hash32(w[0], w[1]))
        #expect(expected[2] == key.hash32(w[0], w[1], w[2]))
        #expect(expected[3] == key.hash32(w[0], w[1], w[2], w[3]))

        let q = (0..<4).map { _ in random.next() }
        let long = q.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } }
        #expect(reading(long) { key.hash64($0, count: 16) } == key.hash64(q[0], q[1]))
        #expect(reading(long) { key.hash64($0, count: 32) } == key.hash64(q[0], q[1], q[2], q[3]))
    }
}

@Suite struct GoldenHashTests {
    @Test func topBitsOfTheProduct() {
        #expect(GoldenHash.hash32(1, bits: 32) == 0x61c8_8647)
        #expect(GoldenHash.hash32(1, bits: 8) == 0x61)
        #expect(GoldenHash.hash32(.max, bits: 32) == 0 &- 0x61c8_8647)
        #expect(GoldenHash.hash64(1, bits: 16) == 0x61c8)
        #expect(GoldenHash.scale(.max, to: 10) == 9 && GoldenHash.scale(0, to: 10) == 0)
        #expect(GoldenHash.scale(0x8000_0000, to: 7) == 3)
    }
}

@Suite struct FlowHashTests {
    let hash = FlowHash(seed: 42)

    @Test func dependsOnEveryBitAndTheSeed() {
        var random = SplitMix(state: 12)
        let base = (0..<5).map { _ in random.next() }
        func value(_ w: [UInt64], _ hash: FlowHash) -> UInt64 {
            hash(AddressBits(high: w[0], low: w[1]), AddressBits(high: w[2], low: w[3]), w[4])
        }
        let before = value(base, hash)
        #expect(before != value(base, FlowHash(seed: 43)))
        var flipped = 0
        for word in 0..<5 {
            for bit in 0..<64 {
                var changed = base
                changed[word] ^= 1 << UInt64(bit)
                let difference = (value(changed, hash) ^ before).nonzeroBitCount
                #expect(difference > 8, "word \(word) bit \(bit)")
                flipped += difference
            }
        }
        // On average half of the 64 bits change.
        #expect((28...36).contains(flipped / 320))
    }

    /// Regular addresses and ports fill buckets as evenly as chance would.
    @Test func spreadsSequentialFlows() {
        var buckets = [Int](repeating: 0, count: 1024)
        for i in 0..<UInt64(65_536) {
            let client = AddressBits(ipv4: 0x0a00_0000 + UInt32(i >> 8))
            let value = hash(client, AddressBits(ipv4: 0x0a60_0001), (1024 + (i & 255)) << 32 | 80 << 16 | 6)
            buckets[Int(value >> 54)] += 1
        }
        #expect(buckets.max() ?? 0 < 110 && buckets.min() ?? 0 > 25)
    }

    @Test func symmetric() {
        let (a, b) = (AddressBits(ipv4: 1), AddressBits(ipv4: 2))
        let value = hash.symmetric(a, 80, b, 1000, protocolNumber: .tcp)
        #expect(value == hash.symmetric(b, 1000, a, 80, protocolNumber: .tcp))
        #expect(value != hash.symmetric(a, 1000, b, 80, protocolNumber: .tcp))
        #expect(value != hash.symmetric(a, 80, b, 1000, protocolNumber: .udp))
        #expect(
            hash.symmetric(a, 1, a, 2, protocolNumber: .tcp)
                == hash.symmetric(a, 2, a, 1, protocolNumber: .tcp))
        #expect(hash(a, b) != hash(b, a) && hash(3, 4) != hash(4, 3))
    }
}
