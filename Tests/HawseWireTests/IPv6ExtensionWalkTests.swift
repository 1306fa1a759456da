import Testing

@testable import HawseWire

@Suite struct IPv6ExtensionWalkTests {
    /// An IPv6 header with the given next header and what follows it.
    static func packet(_ nextHeader: UInt8, _ rest: String) -> [UInt8] {
        let body = hexBytes(rest)
        var header = [UInt8](repeating: 0, count: 40)
        header[0] = 0x60
        header[5] = UInt8(body.count)
        header[6] = nextHeader
        return header + body
    }

    static func find(_ bytes: [UInt8]) -> IPv6ExtensionWalk {
        reading(bytes) { IPv6ExtensionWalk.find($0, length: bytes.count) }
    }

    @Test func plain() {
        let walk = Self.find(Self.packet(6, ""))
        #expect(walk.outcome == .found && walk.protocolNumber == .tcp)
        #expect(
            walk.offset == 40 && walk.nextHeaderOffset == 6 && !walk.hasFragmentHeader && walk.seen.isEmpty)
    }

    /// Hop-by-hop (8), routing (24), AH (24), first fragment (8), destination options (16), then UDP.
    static let everything = packet(
        0,
        "2b00 010400000000" + "3302 0400 00000000" + String(repeating: "00", count: 16)
            + "2c04 0000 00000001 00000002" + String(repeating: "aa", count: 12)
            + "3c00 0001 deadbeef" + "1101" + String(repeating: "00", count: 14) + "0035003500080000")

    @Test func everyExtensionHeader() {
        let walk = Self.find(Self.everything)
        #expect(walk.outcome == .found && walk.protocolNumber == .udp)
        #expect(walk.offset == 40 + 8 + 24 + 24 + 8 + 16 && walk.nextHeaderOffset == 40 + 8 + 24 + 24 + 8)
        #expect(walk.fragmentHeaderOffset == 40 + 8 + 24 + 24 && walk.fragmentIdentification == 0xdead_beef)
        #expect(walk.moreFragments && !walk.isLaterFragment && walk.fragmentOffset == 0)
        #expect(walk.seen == [.hopByHop, .routing, .ah, .fragment, .destinationOptions])
    }

    @Test func cutAnywhereItSaysSo() {
        let whole = Self.everything
        for length in 40..<whole.count {
            let walk = Self.find(Array(whole[..<length]))
            #expect(walk.outcome == (length < 40 + 8 + 24 + 24 + 8 + 2 ? .truncated : .found))
        }
    }

    @Test func laterFragment() {
        let bytes = Self.packet(44, "1100 0bb9 00000007 0102030405060708")
        let walk = Self.find(bytes)
        #expect(walk.outcome == .found && walk.protocolNumber == .udp && walk.offset == 40)
        #expect(walk.fragmentOffset == 3000 && walk.moreFragments && walk.isLaterFragment)
        let skipped = reading(bytes) {
            IPv6ExtensionWalk.skip(from: .fragment, at: 40, $0, length: bytes.count)
        }
        #expect(skipped.outcome == .found && skipped.protocolNumber == .fragment && skipped.offset == 40)
        #expect(skipped.fragmentOffset == 3000)
        // A later fragment of another extension header has no upper protocol for the kernel (-ENOENT).
        #expect(Self.find(Self.packet(44, "3c00 0bb9 00000007")).outcome == .absent)
        #expect(Self.find(Self.packet(44, "3b00 0bb9 00000007")).protocolNumber == .noNextHeader)
    }

    @Test func skipFollowsTheChainFromAnyHeader() {
        let bytes = Self.everything
        let walk = reading(bytes) { IPv6ExtensionWalk.skip(from: .hopByHop, at: 40, $0, length: bytes.count) }
        #expect(walk.outcome == .found && walk.protocolNumber == .udp && walk.offset == 120)
        let inner = reading(bytes) { IPv6ExtensionWalk.skip(from: .udp, at: 99, $0, length: bytes.count) }
        #expect(inner.offset == 99 && inner.protocolNumber == .udp && inner.outcome == .found)
    }

    @Test func noNextHeader() {
        let bytes = Self.packet(0, "3b00 010400000000")
        let found = Self.find(bytes)
        #expect(found.outcome == .found && found.protocolNumber == .noNextHeader && found.offset == 48)
        let skipped = reading(bytes) {
            IPv6ExtensionWalk.skip(from: .hopByHop, at: 40, $0, length: bytes.count)
        }
        #expect(skipped.outcome == .absent)
    }

    @Test func target() {
        let bytes = Self.everything
        for (target, offset) in [(0, 40), (43, 48), (51, 72), (44, 96), (60, 104), (17, 120)] {
            let walk = reading(bytes) {
                IPv6ExtensionWalk.find(IPProtocol(rawValue: UInt8(target)), $0, length: bytes.count)
            }
            #expect(walk.outcome == .found && walk.offset == offset)
        }
        func search(_ target: IPProtocol, _ bytes: [UInt8], skipFinalRouting: Bool = false)
            -> IPv6ExtensionWalk
        {
            reading(bytes) {
                IPv6ExtensionWalk.find(target, $0, length: bytes.count, skipFinalRouting: skipFinalRouting)
            }
        }
        #expect(search(.tcp, bytes).outcome == .absent)
        // The routing header of the example has no segments left.
        #expect(search(.routing, bytes, skipFinalRouting: true).outcome == .absent)
        let later = Self.packet(44, "1100 0bb9 00000007")
        #expect(search(.udp, later).outcome == .absent && search(.fragment, later).outcome == .found)
    }

    @Test func headersPresent() {
        func present(_ bytes: [UInt8]) -> IPv6HeaderSet? {
            reading(bytes) { IPv6HeaderSet.present(in: $0, length: bytes.count) }
        }
        #expect(
            present(Self.everything)
                == [.hopByHop, .routing, .ah, .fragment, .destinationOptions, .upperProtocol])
        #expect(present(Self.packet(6, "")) == [.upperProtocol])
        #expect(present(Self.packet(50, "")) == [.esp])
        #expect(present(Self.packet(59, "")) == [.noNextHeader])
        #expect(present(Self.packet(0, "3b")) == nil)
        // Behind a later fragment's header too: that is what the match does.
        #expect(
            present(Self.packet(44, "3c00 0bb9 00000007 1100000000000000")) == [
                .fragment, .destinationOptions, .upperProtocol,
            ])
    }

    /// Bytes behind `length` never matter, and every walk ends.
    @Test func randomChainsDependOnTheirBytesOnly() {
        var random = SplitMix(state: 4)
        let types: [UInt8] = [0, 43, 44, 51, 60, 59, 6, 17, 50, 58]
        var found = 0
        for _ in 0..<20_000 {
            var bytes = random.bytes(40 + Int.random(in: 0...64, using: &random))
            for i in stride(from: 40, to: bytes.count, by: 8) {
                bytes[i] = types.randomElement(using: &random) ?? 0
                if i + 1 < bytes.count { bytes[i + 1] %= 3 }
                if i + 3 < bytes.count, random.next() % 2 == 0 {
                    bytes[i + 2] = 0
                    bytes[i + 3] = 1
                }
            }
            bytes[6] = types.randomElement(using: &random) ?? 0
            let (a, b) = (bytes + random.bytes(64), bytes + random.bytes(64))
            let walks = [a, b].map { extended in
                reading(extended) { start in
                    [
                        IPv6ExtensionWalk.find(start, length: bytes.count),
                        IPv6ExtensionWalk.find(.udp, start, length: bytes.count),
                        IPv6ExtensionWalk.skip(
                            from: IPProtocol(rawValue: bytes[6]), at: 40, start, length: bytes.count),
                    ].map { "\($0.outcome) \($0.protocolNumber) \($0.offset) \($0.fragmentField) \($0.seen)" }
                }
            }
            #expect(walks[0] == walks[1])
            if walks[0][0].hasPrefix("found") { found += 1 }
        }
        #expect(found > 1_000)
    }
}
