import Testing

@testable import HawseDataplane

@Suite struct SegmentedMemoryTests {
    @Test func elementsStayWhereTheyAre() {
        var memory = SegmentedMemory<Int>(capacity: 1)
        defer { memory.deallocate() }
        var places: [UnsafeMutablePointer<Int>] = []
        for i in 0..<5000 {
            memory.reserve(i + 1)
            memory[i].initialize(to: i)
            places.append(memory[i])
        }
        #expect(Set(places).count == 5000)
        for i in 0..<5000 { #expect(memory[i] == places[i] && memory[i].pointee == i) }
    }

    @Test func everySplitMovesOnlyWhatBelongsToTheNewChain() {
        var chains = ChainCount()
        var hash: UInt64 = 1
        let hashes = (0..<500).map { _ in
            hash = hash &* 6_364_136_223_846_793_005 &+ 1
            return hash >> 20
        }
        for _ in 0..<300 {
            let before = hashes.map(chains.number)
            let source = chains.nextToSplit
            let new = chains.count
            chains.add()
            for (i, value) in hashes.enumerated() {
                let now = chains.number(value)
                #expect(now == before[i] || (before[i] == source && now == new))
            }
        }
    }
}
