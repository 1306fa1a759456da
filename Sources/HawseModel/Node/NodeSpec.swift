import HawseWire

/// What a node *should* be: everything the dataplane needs to know of it, as plain values.
///
/// Manifests, text dumps, netlink and hand-written Swift all end here; `diff` compares two of them and the
/// dataplane carries the changes out.
public struct NodeSpec: Hashable, Sendable {
    public var name: String
    public var interfaces: [InterfaceSpec]
    public var routes: [Route]
    public var rules: [RoutingRule]
    public var neighbors: [Neighbor]
    public var forwarding: [ForwardingEntry]
    public var sysctls: Sysctls
    public var listeners: [Listener]
    /// `nil`: the family's tables were never touched (no iptables module loaded).
    public var iptables: RuleSet?
    public var ip6tables: RuleSet?
    public var sets: [IPSet]
    /// Timeout policies, which rules name. The dataplane reads them when the node is made.
    public var timeouts: [TimeoutPolicy]
    public var ipvs: IPVSSpec?

    public init(
        name: String = "node", interfaces: [InterfaceSpec] = [], routes: [Route] = [],
        rules: [RoutingRule] = RoutingRule.defaults, neighbors: [Neighbor] = [],
        forwarding: [ForwardingEntry] = [], sysctls: Sysctls = Sysctls(), listeners: [Listener] = [],
        iptables: RuleSet? = nil, ip6tables: RuleSet? = nil, sets: [IPSet] = [],
        timeouts: [TimeoutPolicy] = [], ipvs: IPVSSpec? = nil
    ) {
        self.name = name
        self.interfaces = interfaces
        self.routes = routes
        self.rules = rules
        self.neighbors = neighbors
        self.forwarding = forwarding
        self.sysctls = sysctls
        self.listeners = listeners
        self.iptables = iptables
        self.ip6tables = ip6tables
        self.sets = sets
        self.timeouts = timeouts
        self.ipvs = ipvs
    }
}
