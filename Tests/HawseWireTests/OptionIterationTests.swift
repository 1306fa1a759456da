import Testing

@testable import HawseWire

@Suite struct TCPOptionTests {
    @Test func everyKnownOption() {
        let bytes = hexBytes(
            "02040 5b4 0402 080a 00000001 00000002 01 030307 050a 0000000a 00000014 0101 fd04 abcd 00 ff")
        reading(bytes) { start in
            let options = Array(TCPOptions(start, count: bytes.count))
            #expect(options.map(\.kind) == [2, 4, 8, 3, 5, 0xfd])
            #expect(options.map(\.offset) == [0, 4, 6, 17, 20, 32])
            #expect(options.map(\.length) == [4, 2, 10, 3, 10, 4])
            #expect(options[0].maximumSegmentSize == 1460)
            #expect(options[1].isSACKPermitted && !options[0].isSACKPermitted)
            #expect(options[2].timestamps.map { [$0.value, $0.echo] } == [1, 2])
            #expect(options[3].windowScale == 7)
            #expect(options[4].sackBlockCount == 1 && options[4].sackBlock(0) == (10, 20))
            #expect(options[5].value.loadBE16(at: 0) == 0xabcd)
            #expect(options[0].timestamps == nil && options[2].maximumSegmentSize == nil)
        }
    }

    /// Options of a right kind and a wrong length are passed over, those that cannot be measured end the list.
    @Test(arguments: [
        ("0203 05 01 030307", [2, 3]), ("0200", []), ("0201 030307", []), ("02", []), ("0101010101", []),
        ("030307 0204 05", [3]), ("00 030307", []), ("05fe", []), ("", []),
    ])
    func malformed(_ hex: String, _ kinds: [UInt8]) {
        let bytes = hexBytes(hex)
        reading(bytes) { start in
            let options = Array(TCPOptions(start, count: bytes.count))
            #expect(options.map(\.kind) == kinds)
            #expect(options.allSatisfy { $0.kind != 2 || $0.maximumSegmentSize == nil })
        }
    }

    @Test func headerBoundsItsOptions() {
        var header = [UInt8](repeating: 0, count: 24)
        header.replaceSubrange(20..<24, with: hexBytes("020405b4"))
        for (words, available, count) in [
            (6, 24, 1), (5, 24, 0), (6, 22, 0), (4, 24, 0), (0, 24, 0), (15, 24, 1),
        ] {
            header[12] = UInt8(words << 4)
            _ = mutating(header) { base in
                let options = TCPHeader(base).options(available: available)
                #expect(options.count >= 0 && options.count <= max(available - 20, 0))
                #expect(Array(options).count == count)
            }
        }
    }

    @Test func neverLeavesItsBytes() {
        var random = SplitMix(state: 3)
        for _ in 0..<5_000 {
            let bytes = random.bytes(Int.random(in: 0...40, using: &random)).map { $0 % 12 }
            reading(bytes) { start in
                var end = 0
                for option in TCPOptions(start, count: bytes.count) {
                    #expect(option.offset >= end && option.length >= 2)
                    end = option.offset + option.length
                    #expect(end <= bytes.count)
                }
            }
        }
    }
}

@Suite struct SCTPChunkTests {
    @Test func paddedChunks() {
        let bytes = [UInt8](repeating: 0, count: 12) + hexBytes("01000005 aabbccdd 0e010004 00030010 01")
        reading(bytes) { start in
            let chunks = Array(SCTPChunks(start, count: bytes.count))
            #expect(chunks.map(\.type) == [1, 14, 0])
            #expect(chunks.map(\.flags) == [0, 1, 3])
            #expect(chunks.map(\.length) == [5, 4, 16])
            #expect(chunks.map(\.offset) == [12, 20, 24])
        }
    }

    @Test func endsAtLengthZeroAndAtTheEnd() {
        let header = [UInt8](repeating: 0, count: 12)
        for (hex, count) in [("", 0), ("010000", 0), ("01000000 02000004", 0), ("01000001 02000004", 2)] {
            let bytes = header + hexBytes(hex)
            #expect(reading(bytes) { Array(SCTPChunks($0, count: bytes.count)).count } == count)
        }
        #expect(reading([1, 2, 3]) { Array(SCTPChunks($0, count: 3)).isEmpty })
    }
}

@Suite struct NeighborDiscoveryTests {
    @Test func options() {
        let bytes = hexBytes("0101 020000000001 0501 0000000005dc 0201 02000000000a 0e01 0102")
        reading(bytes) { start in
            let options = Array(NeighborDiscoveryOptions(start, count: bytes.count))
            #expect(options.map(\.kind) == [1, 5, 2])
            #expect(options[0].linkAddress == MACAddress(0x0200_0000_0001))
            #expect(options[1].linkAddress == nil && options[1].value.loadBE32(at: 2) == 1500)
            #expect(options[2].linkAddress == MACAddress(0x0200_0000_000a))
        }
        #expect(reading(hexBytes("0100 0000")) { Array(NeighborDiscoveryOptions($0, count: 4)).isEmpty })
        #expect(reading([]) { Array(NeighborDiscoveryOptions($0, count: -8)).isEmpty })
    }
}
