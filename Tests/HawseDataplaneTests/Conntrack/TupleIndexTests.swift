import HawseModel
import HawseWire
import Testing

@testable import HawseDataplane

@Suite struct TupleIndexTests {
    /// Every reference whose tag agrees.
    private func candidates(_ index: TupleIndex, _ hash: UInt64) -> [UInt32] {
        var walk = index.candidates(hash)
        var found: [UInt32] = []
        while let reference = walk.next() { found.append(reference) }
        return found
    }

    @Test func equalHashesChainAndLeaveNothingBehind() {
        let table = ConnectionTable(Sysctls([:]), seed: 1)
        defer { table.deallocate() }
        var index = TupleIndex(references: 1000)
        defer { index.deallocate() }
        let hash: UInt64 = 0x4200_0000_0000_0005
        for reference in 2..<UInt32(502) { index.insert(reference, hash: hash, table.view) }
        #expect(candidates(index, hash).sorted() == Array(2..<502))
        #expect(candidates(index, hash ^ 1 << 60).isEmpty)
        for reference in stride(from: UInt32(2), to: 502, by: 2) { index.remove(reference, hash: hash) }
        #expect(candidates(index, hash).sorted() == Array(stride(from: UInt32(3), to: 502, by: 2)))
        for reference in stride(from: UInt32(3), to: 502, by: 2) { index.remove(reference, hash: hash) }
        #expect(candidates(index, hash).isEmpty && index.count == 0)
        let bytes = index.byteCount
        for reference in 2..<UInt32(502) { index.insert(reference, hash: hash, table.view) }
        #expect(index.byteCount == bytes)
    }

    @Test func removalDuringAWalkSkipsNobody() {
        let table = ConnectionTable(Sysctls([:]), seed: 1)
        defer { table.deallocate() }
        var index = TupleIndex(references: 1000)
        defer { index.deallocate() }
        for reference in 2..<UInt32(102) { index.insert(reference, hash: 9, table.view) }
        var walk = index.candidates(9)
        var seen: [UInt32] = []
        while let reference = walk.next() {
            seen.append(reference)
            index.remove(reference, hash: 9)
        }
        #expect(seen.sorted() == Array(2..<102) && index.count == 0)
    }
}
