import HawseWire

/// What kube-proxy knows of the machine it runs on.
public struct ProxyNode: Hashable, Sendable {
    public var name: String
    public var labels: [String: String]
    public var podCIDRs: [IPPrefix]
    /// The node's own address of each family, IPv4 and IPv6.
    public var primaryIPv4: IPAddress?
    public var primaryIPv6: IPAddress?
    /// Every address on its interfaces, loopback included, in interface order, without kube-ipvs0's.
    public var localAddresses: [IPAddress]
    /// Processors; 0: not known.
    public var cores: Int

    public init(
        name: String, labels: [String: String] = [:], podCIDRs: [IPPrefix] = [], primaryIPv4: IPAddress? = nil,
        primaryIPv6: IPAddress? = nil, localAddresses: [IPAddress] = [], cores: Int = 0
    ) {
        self.name = name
        self.labels = labels
        self.podCIDRs = podCIDRs
        self.primaryIPv4 = primaryIPv4
        self.primaryIPv6 = primaryIPv6
        self.localAddresses = localAddresses
        self.cores = cores
    }

    /// A node of the API. Its interfaces are not in the object: they are taken to be loopback, one with the
    /// node's addresses, and the pods' bridge with the first address of the IPv4 pod range.
    public init(_ node: Kubernetes.Node) {
        let known = node.status.addresses
        let hosts = ["InternalIP", "ExternalIP"].flatMap { type in known.filter { $0.type == type } }
            .compactMap { IPAddress($0.address) }
        var ranges = node.spec.podCIDRs.compactMap { IPPrefix($0) }
        if ranges.isEmpty, let range = IPPrefix(node.spec.podCIDR) { ranges = [range] }
        let loopback = [IPAddress(ipv4: 0x7f00_0001), IPAddress(ipv6High: 0, low: 1)]
        let bridge = ranges.first { $0.family == .ipv4 }.map {
            IPAddress(family: .ipv4, bits: $0.network.address.bits.adding(1))
        }
        self.init(
            name: node.metadata.name, labels: node.metadata.labels, podCIDRs: ranges,
            primaryIPv4: hosts.first { $0.family == .ipv4 }, primaryIPv6: hosts.first { $0.family == .ipv6 },
            localAddresses: loopback + hosts + (bridge.map { [$0] } ?? []),
            cores: Int(clamping: node.status.capacity["cpu"]?.units ?? 0))
    }

    public static let zoneLabel = "topology.kubernetes.io/zone"
    public var zone: String? { labels[Self.zoneLabel] }

    /// The address of the family that kube-proxy goes by: loopback where the node has none.
    public func ownAddress(_ family: AddressFamily) -> IPAddress {
        primary(family) ?? (family == .ipv4 ? IPAddress(ipv4: 0x7f00_0001) : IPAddress(ipv6High: 0, low: 1))
    }

    public func primary(_ family: AddressFamily) -> IPAddress? { family == .ipv4 ? primaryIPv4 : primaryIPv6 }
}
