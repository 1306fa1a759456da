import HawseModel

/// The rules that a traced packet went past, since its addresses, devices or protocol were others: the walk writes nothing down
/// of these, they are what lies between the rules that it tells of.
struct TraceGaps {
    /// Chains longer than this are dispatch tables, whose other entries are nobody's story.
    static let longest = 16

    /// By chain: the rule that the walk was at last.
    private var last: [Int: Int] = [:]

    /// A table is entered anew.
    mutating func enter(_ chain: Int) { last = [chain: -1] }

    /// The events for what lies before a rule (or a chain's end) that the walk has come to.
    mutating func before(
        _ number: Int, of index: Int, in program: UnsafeMutablePointer<TableProgram>, table: TableName
    ) -> [TraceEvent.Kind] {
        let chain = program.pointee.chains[index].model
        let first = (last[index] ?? -1) + 1
        last[index] = number
        let passed = first..<max(first, min(number, chain.rules.count))
        guard passed.count <= Self.longest else {
            return [
                .miss(
                    table: table, chain: chain.name, number: first + 1,
                    because: "addresses, ports, devices or protocol, as of the \(passed.count - 1) rules behind it", rule: chain.rules[first])
            ]
        }
        return passed.map {
            .miss(table: table, chain: chain.name, number: $0 + 1, because: "addresses, ports, devices or protocol", rule: chain.rules[$0])
        }
    }

    /// The rule that matched leads to another chain, from its beginning.
    mutating func follow(_ target: Target?, in program: UnsafeMutablePointer<TableProgram>) {
        switch target {
        case .jump(let name), .goto(let name):
            if let index = program.pointee.chains.firstIndex(where: { $0.model.name == name }) { last[index] = -1 }
        default: break
        }
    }
}
