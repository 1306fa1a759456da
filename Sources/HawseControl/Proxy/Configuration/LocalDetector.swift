import HawseModel
import HawseWire

/// How a proxy tells traffic of its own node's pods from other traffic (`LocalTrafficDetector`).
public enum LocalDetector: Hashable, Sendable {
    /// It cannot tell.
    case none
    case prefix(IPPrefix)
    case interface(String)
    /// Interfaces whose names begin so.
    case interfacePrefix(String)

    public var isImplemented: Bool { self != .none }

    /// Restricts a rule to local traffic, or to the other.
    func restrict(_ rule: inout Rule, toLocal isLocal: Bool) {
        switch self {
        case .none: break
        case .prefix(let prefix): rule.source = AddressMatch(prefix, inverted: !isLocal)
        case .interface(let name): rule.inInterface = InterfaceMatch(name: name, inverted: !isLocal)
        case .interfacePrefix(let name):
            rule.inInterface = InterfaceMatch(name: name, isWildcard: true, inverted: !isLocal)
        }
    }
}
