import BenchmarkSupport
import Hawse

extension Figures {
    /// What rules cost that a packet is compared with before its own: one by one, by hash, and in sets. Net of a chain
    /// without rules.
    static func rules() throws {
        func measure(_ load: RuleLoad) -> (median: Double, least: Double, most: Double) {
            load.round()
            return CPUClock.measure(rounds: 9, items: RuleLoad.packets) { load.round() }
        }
        let empty = measure(try RuleLoad(.exact, count: 0))
        row("forwarded packet, no rule in its chain (flow cache off)", empty)
        func rules(_ name: String, _ load: RuleLoad) {
            let figure = measure(load)
            row(name, (figure.median - empty.median, figure.least - empty.median, figure.most - empty.median))
        }
        for count in [10, 1000, 10_000] {
            rules("+ \(count) rules by prefix, the last one hit", try RuleLoad(.prefixes, count: count))
            rules("+ \(count) rules by address, classifiers off", try RuleLoad(.exact, count: count, classified: false))
            rules("+ \(count) rules by address, looked up", try RuleLoad(.exact, count: count))
        }
        for count in [10, 100_000] { rules("+ a rule that asks a set of \(count)", try RuleLoad(.set, count: count)) }
    }
}
