import Benchmark
import BenchmarkSupport
import Hawse
import SuiteSupport

/// A packet against many rules of one chain: lines of a filter, looked up by hash or one by one, and sets.
let benchmarks: @Sendable () -> Void = {
    Benchmark.defaultConfiguration = .init(metrics: Benchmark.figures, maxDuration: .seconds(5), maxIterations: 20)

    func rules(_ name: String, _ make: @escaping @Sendable () throws -> RuleLoad) {
        Benchmark("\(name) (\(RuleLoad.packets) packets a round)") { benchmark, load in
            benchmark.timed(items: RuleLoad.packets) { load.round() }
        } setup: {
            try make()
        }
    }
    for count in [10, 1000, 10_000] {
        rules("\(count) rules by address, last one hit, classified") { try RuleLoad(.exact, count: count) }
        rules("\(count) rules by address, last one hit, one by one") { try RuleLoad(.exact, count: count, classified: false) }
        rules("\(count) rules by prefix, last one hit") { try RuleLoad(.prefixes, count: count) }
    }
    for count in [10, 100_000] {
        rules("a set of \(count) addresses") { try RuleLoad(.set, count: count) }
    }
}
