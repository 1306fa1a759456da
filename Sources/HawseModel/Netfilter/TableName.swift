/// The tables of iptables and the hooks at which each has a builtin chain.
@frozen
public enum TableName: String, Sendable, Hashable, CaseIterable {
    case raw, mangle, nat, filter, security

    public var hooks: [Hook] {
        switch self {
        case .raw: [.prerouting, .output]
        case .mangle: [.prerouting, .input, .forward, .output, .postrouting]
        case .nat: [.prerouting, .input, .output, .postrouting]
        case .filter, .security: [.input, .forward, .output]
        }
    }
}
