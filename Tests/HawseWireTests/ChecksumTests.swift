import Testing

@testable import HawseWire

/// RFC 1071 as written: 16-bit words, one at a time, end-around carry.
func slowSum(_ bytes: [UInt8], _ start: UInt32 = 0) -> UInt16 {
    var sum = start
    for i in stride(from: 0, to: bytes.count, by: 2) {
        sum += UInt32(bytes[i]) << 8 | (i + 1 < bytes.count ? UInt32(bytes[i + 1]) : 0)
        sum = sum & 0xffff + sum >> 16
    }
    return UInt16(sum & 0xffff + sum >> 16)
}

@Suite struct InternetChecksumTests {
    @Test func exampleOfRFC1071() {
        let bytes = hexBytes("0001 f203 f4f5 f6f7")
        #expect(reading(bytes) { InternetChecksum.sum($0, count: 8) } == 0xddf2)
        #expect(reading(bytes) { InternetChecksum.checksum($0, count: 8) } == ~0xddf2)
    }

    @Test func everyLengthAgreesWithTheDefinition() {
        var random = SplitMix(state: 5)
        for length in Array(0...200) + [1499, 1500, 9000, 65535] {
            for fill in [nil, 0, 0xff] as [UInt8?] {
                let bytes = fill.map { [UInt8](repeating: $0, count: length) } ?? random.bytes(length)
                var sum: UInt16?
                _ = mutating(bytes) { sum = InternetChecksum.sum(UnsafeRawPointer($0), count: length) }
                #expect(sum == slowSum(bytes))
            }
        }
    }

    @Test func foldKeepsZeroForZeroOnly() {
        #expect(InternetChecksum.fold(0) == 0)
        for value in [0xffff, 0xffff_0000, 0xffff_ffff, 0xffff_ffff_ffff_ffff, 0x1_fffe] as [UInt64] {
            #expect(InternetChecksum.fold(value) == 0xffff)
        }
        #expect(InternetChecksum.fold(0x1_0000_0000) == 1)
        #expect(InternetChecksum.fold(.max - 1) == 0xfffe)
    }

    /// A header from the Wikipedia article on the IPv4 checksum: 0xb861.
    @Test func ipv4Header() {
        let bytes = hexBytes("4500 0073 0000 4000 4011 0000 c0a8 0001 c0a8 00c7")
        let stored = mutating(bytes) { IPv4Header($0).storeChecksum() }
        #expect(Array(stored[10...11]) == [0xb8, 0x61])
        _ = mutating(stored) { #expect(IPv4Header($0).isChecksumValid) }
        _ = mutating(bytes) { #expect(!IPv4Header($0).isChecksumValid) }
    }

    /// Every checksum value: `ip_decrease_ttl` on the little-endian word, as the kernel adds it there.
    @Test func decrementTTL() {
        for value in UInt16.min...UInt16.max {
            var bytes = [UInt8](repeating: 0, count: 20)
            bytes[8] = 64
            bytes[10] = UInt8(value >> 8)
            bytes[11] = UInt8(value & 255)
            let after = mutating(bytes) { IPv4Header($0).decrementTTL() }
            let word = UInt32(value.byteSwapped) + 1
            let expected = UInt16(truncatingIfNeeded: word + (word >= 0xffff ? 1 : 0)).byteSwapped
            guard after[8] == 63, UInt16(after[10]) << 8 | UInt16(after[11]) == expected else {
                Issue.record("checksum \(value)")
                return
            }
        }
    }
}

@Suite struct ChecksumUpdateTests {
    static let edges: [UInt16] = [0, 1, 0x00ff, 0x0100, 0x7fff, 0x8000, 0xfeff, 0xff00, 0xfffe, 0xffff]

    /// `csum_fold(csum_add(csum_sub(~csum_unfold(sum), from), to))` with 32-bit end-around carries.
    static func kernelReplace(_ checksum: UInt16, _ words: [(from: UInt32, to: UInt32)]) -> UInt16 {
        func add(_ a: UInt32, _ b: UInt32) -> UInt32 {
            let (sum, carry) = a.addingReportingOverflow(b)
            return carry ? sum + 1 : sum
        }
        var sum = ~UInt32(checksum)
        for word in words { sum = add(add(sum, ~word.from), word.to) }
        sum = sum & 0xffff + sum >> 16
        sum = sum & 0xffff + sum >> 16
        return ~UInt16(sum)
    }

    @Test func replace16IsTheKernels() {
        for checksum in Self.edges {
            for old in Self.edges {
                for new in Self.edges {
                    func add(_ a: UInt16, _ b: UInt16) -> UInt16 {
                        let s = a &+ b
                        return s &+ (s < b ? 1 : 0)
                    }
                    let expected = ~add(add(~checksum, ~old), new)
                    #expect(ChecksumUpdate.replace16(checksum, from: old, to: new) == expected)
                    #expect(
                        ChecksumUpdate.replaceTransport16(checksum, from: old, to: new)
                            == Self.kernelReplace(checksum, [(UInt32(old), UInt32(new))]))
                }
            }
        }
        // Where the two differ: the sum's other zero.
        #expect(ChecksumUpdate.replace16(0xffff, from: 0xffff, to: 0) == 0xffff)
        #expect(ChecksumUpdate.replaceTransport16(0xffff, from: 0xffff, to: 0) == 0)
    }

    @Test func replace32And128AreTheKernels() {
        var random = SplitMix(state: 6)
        let edge: [UInt32] = [0, 1, 0xffff, 0x1_0000, 0xffff_0000, 0xffff_fffe, 0xffff_ffff]
        for _ in 0..<20_000 {
            func word() -> UInt32 {
                random.next() % 2 == 0
                    ? UInt32(truncatingIfNeeded: random.next()) : edge.randomElement(using: &random) ?? 0
            }
            let checksum =
                random.next() % 2 == 0
                ? UInt16(truncatingIfNeeded: random.next()) : Self.edges.randomElement(using: &random) ?? 0
            let pairs = (0..<4).map { _ in (from: word(), to: word()) }
            #expect(
                ChecksumUpdate.replace32(checksum, from: pairs[0].from, to: pairs[0].to)
                    == Self.kernelReplace(checksum, [pairs[0]]))
            func bits(_ w: [UInt32]) -> AddressBits {
                AddressBits(high: UInt64(w[0]) << 32 | UInt64(w[1]), low: UInt64(w[2]) << 32 | UInt64(w[3]))
            }
            let (old, new) = (bits(pairs.map(\.from)), bits(pairs.map(\.to)))
            let expected = Self.kernelReplace(checksum, pairs)
            #expect(ChecksumUpdate.replace128(checksum, from: old, to: new) == expected)
            let deltas = pairs.reduce(UInt64(0)) { $0 + ChecksumUpdate.delta32(from: $1.from, to: $1.to) }
            #expect(ChecksumUpdate.apply(deltas, to: checksum) == expected)
        }
    }

    /// An updated checksum stays right when the segment is summed anew.
    @Test func updatedSegmentsVerify() throws {
        var random = SplitMix(state: 7)
        for _ in 0..<500 {
            var bytes = random.bytes(Int.random(in: 20...80, using: &random))
            let (source, destination) = (AddressBits(ipv4: 0x0a00_0001), AddressBits(ipv4: 0x0a60_0001))
            bytes = mutating(bytes) {
                TransportChecksum.store(
                    $0, length: bytes.count, protocolNumber: .tcp, family: .ipv4, source: source,
                    destination: destination)
            }
            let server = UInt32(truncatingIfNeeded: random.next())
            bytes = mutating(bytes) { base in
                let tcp = TCPHeader(base)
                let port = UInt16(truncatingIfNeeded: random.next())
                var sum = ChecksumUpdate.replace32(tcp.checksum, from: destination.ipv4, to: server)
                sum = ChecksumUpdate.replaceTransport16(sum, from: tcp.destinationPort, to: port)
                tcp.destinationPort = port
                tcp.checksum = sum
            }
            #expect(
                reading(bytes) {
                    TransportChecksum.isValid(
                        $0, length: bytes.count, protocolNumber: .tcp, family: .ipv4, source: source,
                        destination: AddressBits(ipv4: server))
                })
        }
    }
}

@Suite struct TransportChecksumTests {
    static let v6 = (
        AddressBits(high: 0x2001_0db8 << 32, low: 1), AddressBits(high: 0x2001_0db8 << 32, low: 2)
    )

    @Test(arguments: [6, 17, 136, 1, 58, 33] as [UInt8])
    func storeThenVerify(_ number: UInt8) {
        var random = SplitMix(state: 8)
        let proto = IPProtocol(rawValue: number)
        for length in 20...120 {
            for family in AddressFamily.allCases {
                let (source, destination) =
                    family == .ipv4
                    ? (AddressBits(ipv4: 0xc0a8_0001), AddressBits(ipv4: 0xc0a8_00c7)) : Self.v6
                let bytes = random.bytes(length)
                let stored = mutating(bytes) {
                    TransportChecksum.store(
                        $0, length: length, protocolNumber: proto, family: family, source: source,
                        destination: destination)
                }
                // The definition: pseudo header as bytes, then what is covered, checksum field zero.
                var covered = length
                if number == 136 { covered = min(max(Int(bytes[4]) << 8 | Int(bytes[5]), 8), length) }
                if number == 33, bytes[5] & 15 != 0 {
                    covered = min(Int(bytes[4]) * 4 + Int(bytes[5] & 15) * 4 - 4, length)
                }
                let at = number == 6 ? 16 : number == 1 || number == 58 ? 2 : 6
                guard covered > at + 1 else { continue }
                var zeroed = bytes
                zeroed.replaceSubrange(at..<at + 2, with: [0, 0])
                let pseudo =
                    IPAddress(family: family, bits: source).bytes
                    + IPAddress(family: family, bits: destination).bytes
                    + [0, 0, UInt8(length >> 8), UInt8(length & 255), 0, 0, 0, number]
                var expected = ~slowSum((number == 1 ? [] : pseudo) + zeroed[..<covered])
                if expected == 0, number == 17 || number == 136 { expected = 0xffff }
                #expect(stored[at] == UInt8(expected >> 8) && stored[at + 1] == UInt8(expected & 255))
                let good = reading(stored) {
                    TransportChecksum.isValid(
                        $0, length: length, protocolNumber: proto, family: family, source: source,
                        destination: destination)
                }
                #expect(good)
                var damaged = stored
                damaged[0] ^= 1
                let bad = reading(damaged) {
                    TransportChecksum.isValid(
                        $0, length: length, protocolNumber: proto, family: family, source: source,
                        destination: destination)
                }
                #expect(!bad)
            }
        }
    }

    @Test func zeroRules() {
        // An all-zero ICMP echo reply: complement of zero, as the kernel sums with the field cleared.
        let icmp = reading([UInt8](repeating: 0, count: 8)) {
            TransportChecksum.compute(
                $0, length: 8, protocolNumber: .icmp, family: .ipv4, source: .zero, destination: .zero)
        }
        #expect(icmp == 0xffff)
        #expect(TransportChecksum.nonZero(0) == 0xffff && TransportChecksum.nonZero(1) == 1)
        // Ports chosen so that the sum is 0xffff: 17 + 8 + 8 + ports.
        var udp: [UInt8] = [0xff, 0xde, 0, 0, 0, 8, 0, 0]
        let computed = reading(udp) {
            TransportChecksum.compute(
                $0, length: 8, protocolNumber: .udp, family: .ipv4, source: .zero, destination: .zero)
        }
        #expect(computed == 0)
        udp = mutating(udp) {
            TransportChecksum.store(
                $0, length: 8, protocolNumber: .udp, family: .ipv4, source: .zero, destination: .zero)
        }
        #expect(udp[6] == 0xff && udp[7] == 0xff)
    }

    @Test func refusesWhatHasNoField() {
        for (number, length) in [(132, 40), (47, 40), (6, 17), (17, 7), (1, 3)] as [(UInt8, Int)] {
            let value = reading([UInt8](repeating: 1, count: 40)) {
                TransportChecksum.compute(
                    $0, length: length, protocolNumber: IPProtocol(rawValue: number), family: .ipv4,
                    source: .zero, destination: .zero)
            }
            #expect(value == nil)
        }
    }
}

@Suite struct CRC32CTests {
    static func slow(_ bytes: [UInt8]) -> UInt32 {
        ~bytes.reduce(UInt32.max) { register, byte in
            (0..<8).reduce(register ^ UInt32(byte)) { crc, _ in
                crc & 1 == 1 ? crc >> 1 ^ 0x82f6_3b78 : crc >> 1
            }
        }
    }

    /// The check value of the CRC catalogue and the vectors of RFC 3720 appendix B.4.
    @Test func knownValues() {
        for (bytes, crc) in [
            (Array("123456789".utf8), 0xe306_9283), ([UInt8](repeating: 0, count: 32), 0x8a91_36aa),
            ([UInt8](repeating: 0xff, count: 32), 0x62a8_ab43), (Array(0..<32), 0x46dd_794e), ([], 0),
        ] as [([UInt8], UInt32)] {
            #expect(reading(bytes) { CRC32C.checksum($0, count: bytes.count) } == crc)
        }
    }

    @Test func everyLengthAgreesWithTheDefinition() {
        var random = SplitMix(state: 9)
        for length in 0...80 {
            let bytes = random.bytes(length)
            #expect(reading(bytes) { CRC32C.checksum($0, count: length) } == Self.slow(bytes))
            guard length >= 12 else {
                #expect(reading(bytes) { CRC32C.sctpChecksum($0, length: length) } == nil)
                continue
            }
            var zeroed = bytes
            zeroed.replaceSubrange(8..<12, with: [0, 0, 0, 0])
            #expect(reading(bytes) { CRC32C.sctpChecksum($0, length: length) } == Self.slow(zeroed))
        }
    }
}
