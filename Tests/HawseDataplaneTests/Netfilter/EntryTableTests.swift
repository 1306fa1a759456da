import HawseModel
import HawseWire
import Testing

@testable import HawseDataplane

@Suite("Entry tables")
struct EntryTableTests {
    @Test("Against a dictionary: insertions, removals, lookups, order")
    func churn() {
        var chance = RandomStream(seed: 7, purpose: "entry-table")
        var table = EntryTable<UInt32>(seed: 1)
        defer { table.deallocate() }
        var model: [EntryKey: UInt32] = [:]
        var order: [EntryKey] = []
        for step in 0..<20_000 as Range<UInt32> {
            let key = EntryKey(AddressBits(ipv4: chance.below(300)), .zero, UInt64(chance.below(2)))
            if let index = table.find(key) {
                #expect(model[key] == table[index].pointee.value)
                if chance.below(3) == 0 {
                    table.moveToEnd(index)
                    order.removeAll { $0 == key }
                    order.append(key)
                } else {
                    table.remove(index)
                    model[key] = nil
                    order.removeAll { $0 == key }
                }
            } else {
                #expect(model[key] == nil)
                _ = table.insert(key, step)
                model[key] = step
                order.append(key)
            }
        }
        #expect(table.count == model.count)
        var walked: [EntryKey] = []
        var index = table.first
        while index != .max {
            walked.append(table[index].pointee.key)
            index = table[index].pointee.next
        }
        #expect(walked == order)
    }
}
