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
    /// All endpoints that the service port has, usable or not.
    var endpointCount = 0
    /// Written without the endpoints' comments.
    var isLargeCluster = false

    /// Its share of a chain of all.
    subscript(shared: SharedChain) -> [Rule] {
        switch shared {
        case .natServices: natServices
        case .natNodePorts: natNodePorts
        case .filterServices: filterServices
        case .filterExternal: filterExternal
        case .filterNodePorts: filterNodePorts
        case .filterFirewall: filterFirewall
        }
    }
}

/// A chain to which every service port may add rules.
enum SharedChain: CaseIterable {
    case natServices, natNodePorts, filterServices, filterExternal, filterNodePorts, filterFirewall

    var table: TableName { self == .natServices || self == .natNodePorts ? .nat : .filter }

    var name: String {
        switch self {
        case .natServices, .filterServices: "KUBE-SERVICES"
        case .natNodePorts, .filterNodePorts: "KUBE-NODEPORTS"
        case .filterExternal: "KUBE-EXTERNAL-SERVICES"
        case .filterFirewall: "KUBE-PROXY-FIREWALL"
        }
    }
}
