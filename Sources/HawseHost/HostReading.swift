import HawseModel
import HawseWire

/// The network of the running host (its network namespace) as a `NodeSpec`: links, addresses, routes, rules, neighbours,
/// forwarding entries, settings, listeners. Rules, sets and virtual servers come from their own tools' dumps.
///
/// Reads only; needs no privilege.
public struct HostReading: Sendable {
    public var spec: NodeSpec
    /// What the host has and a `NodeSpec` cannot say.
    public var notes: [String] = []

    public init(name: String = "host") throws(HostError) {
        spec = NodeSpec(name: name)
        let socket = try NetlinkSocket(protocol: 0)  // NETLINK_ROUTE
        let links = try LinkReading.read(socket, &notes)
        let names = Dictionary(links.map { ($0.index, $0.spec.name) }, uniquingKeysWith: { first, _ in first })
        spec.interfaces = links.map(\.spec)
        try VLANReading.read(socket, names, into: &spec)
        try AddressReading.read(socket, names, into: &spec)
        try RouteReading.read(socket, names, into: &spec, &notes)
        try RuleReading.read(socket, into: &spec, &notes)
        try NeighborReading.read(socket, names, into: &spec)
        try ForwardingReading.read(socket, names, into: &spec)
        let settings = SysctlReading.read()
        spec.sysctls = settings
        notes += settings.unmodelled().map { "\($0.name) = \(settings[$0.name] ?? ""): \($0.why) is not modelled" }
        try ListenerReading.read(into: &spec)
    }
}

extension AddressFamily {
    /// `AF_INET`, `AF_INET6`.
    init?(netlink value: UInt8) {
        switch value {
        case 2: self = .ipv4
        case 10: self = .ipv6
        default: return nil
        }
    }
}
