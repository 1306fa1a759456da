/// The five netfilter hooks, numbered as `NF_INET_*`.
///
///     in → PREROUTING → route ─┬─→ FORWARD ────→ POSTROUTING → out
///                              └─→ INPUT → local → OUTPUT ↗
@frozen
public enum Hook: UInt8, Sendable, Hashable, CaseIterable {
    case prerouting = 0
    case input = 1
    case forward = 2
    case output = 3
    case postrouting = 4

    public var name: String {
        switch self {
        case .prerouting: "PREROUTING"
        case .input: "INPUT"
        case .forward: "FORWARD"
        case .output: "OUTPUT"
        case .postrouting: "POSTROUTING"
        }
    }

    public init?(name: some StringProtocol) {
        guard let hook = Hook.allCases.first(where: { $0.name == name }) else { return nil }
        self = hook
    }
}
