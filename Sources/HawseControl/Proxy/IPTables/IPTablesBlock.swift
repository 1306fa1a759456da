import HawseModel

/// What one service port adds to the rules: its own chains, and its share of the chains of all.
struct IPTablesBlock: Hashable, Sendable {
    /// nat KUBE-SERVICES
    var natServices: [Rule] = []
    /// nat KUBE-NODEPORTS
    var natNodePorts: [Rule] = []
    /// filter KUBE-SERVICES
    var filterServices: [Rule] = []
    /// filter KUBE-EXTERNAL-SERVICES
    var filterExternal: [Rule] = []
    /// filter KUBE-NODEPORTS
    var filterNodePorts: [Rule] = []
    /// filter KUBE-PROXY-FIREWALL
    var filterFirewall: [Rule] = []
    /// KUBE-SVC, -SVL, -EXT, -FW and -SEP chains of table nat.
    var chains: [Chain] = []
}
