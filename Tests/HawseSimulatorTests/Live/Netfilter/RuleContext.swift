/// Where a generated rule stands and what is known of the packets that reach it.
struct RuleContext {
    struct Hooks: OptionSet {
        var rawValue: Int
        static let prerouting = Hooks(rawValue: 1)
        static let input = Hooks(rawValue: 2)
        static let forward = Hooks(rawValue: 4)
        static let output = Hooks(rawValue: 8)
        static let postrouting = Hooks(rawValue: 16)

        init(rawValue: Int) { self.rawValue = rawValue }
        init(chain: String) {
            self =
                [
                    "PREROUTING": .prerouting, "INPUT": .input, "FORWARD": .forward, "OUTPUT": .output,
                    "POSTROUTING": .postrouting,
                ][chain] ?? []
        }
    }

    var node: GeneratedNode
    var sets: GeneratedSets
    var table: String
    var hooks: Hooks
    /// As behind `-p`; `nil` for any.
    var ipProtocol: String?
    /// Distinct names for what keeps state.
    var number: Int

    var isIPv6: Bool { node.isIPv6 }
    func isWithin(_ allowed: Hooks) -> Bool { hooks.isSubset(of: allowed) }
    var knowsInput: Bool { isWithin([.prerouting, .input, .forward]) }
    var knowsOutput: Bool { isWithin([.forward, .output, .postrouting]) }
    func isOneOf(_ protocols: [String]) -> Bool { ipProtocol.map(protocols.contains) ?? false }
}

/// One kind of match or target: how often it is taken, whether it may stand in a place, and its words.
struct RuleWords: Sendable {
    var name: String
    var weight = 4
    var fits: @Sendable (RuleContext) -> Bool = { _ in true }
    var make: @Sendable (Draw, RuleContext) -> String

    /// One of those that fit, by weight.
    static func choose(_ kinds: [RuleWords], _ draw: Draw, _ context: RuleContext) -> RuleWords? {
        let fitting = kinds.filter { $0.fits(context) }
        var left = draw.below(max(1, fitting.map(\.weight).reduce(0, +)))
        for kind in fitting {
            left -= kind.weight
            if left < 0 { return kind }
        }
        return nil
    }
}
