import Testing

@testable import HawseModel

@Suite struct RandomStreamTests {
    /// The first outputs of SplitMix64 from state 0, as its author publishes them.
    @Test func generatesSplitMix64() {
        var stream = RandomStream(seed: 0, purpose: "")
        stream.state = 0
        #expect(stream.next() == 0xe220_a839_7b1d_cdaf)
        #expect(stream.next() == 0x6e78_9e6a_a1b9_65f4)
        #expect(stream.next() == 0x06c4_5d18_8009_454f)
    }

    @Test func purposesAndSeedsHaveStreamsOfTheirOwn() {
        var first = RandomStream(seed: 7, purpose: "nat-port")
        var again = RandomStream(seed: 7, purpose: "nat-port")
        var other = RandomStream(seed: 7, purpose: "statistic")
        var later = RandomStream(seed: 8, purpose: "nat-port")
        let value = first.next()
        #expect(value == again.next())
        #expect(value != other.next())
        #expect(value != later.next())
    }

    @Test func drawsBelowABoundAreInItAndEven() {
        var stream = RandomStream(seed: 1, purpose: "below")
        var counts = [Int](repeating: 0, count: 10)
        for _ in 0..<100_000 { counts[Int(stream.below(10))] += 1 }
        // Six standard deviations about the mean of 10,000.
        #expect(counts.allSatisfy { abs($0 - 10_000) < 570 })
        #expect((0..<100).allSatisfy { _ in stream.below(1) == 0 })
    }
}
