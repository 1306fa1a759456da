import HawseControl
import HawseModel
import HawseWire

/// The machines of a cluster as the simulator builds them: nodes with their networks, pods with their addresses.
public struct ClusterPlan: Hashable, Sendable {
    public struct Node: Hashable, Sendable {
        public var name: String
        /// The node's own addresses, IPv4 first.
        public var addresses: [IPAddress]
        /// Its pod ranges, at most one of each family.
        public var podRanges: [IPPrefix]

        public init(name: String, addresses: [IPAddress], podRanges: [IPPrefix]) {
            self.name = name
            self.addresses = addresses
            self.podRanges = podRanges
        }

        public func address(_ family: AddressFamily) -> IPAddress? { addresses.first { $0.family == family } }
        public func podRange(_ family: AddressFamily) -> IPPrefix? { podRanges.first { $0.family == family } }
    }

    public struct Pod: Hashable, Sendable {
        public var namespace: String
        public var name: String
        public var node: String
        public var addresses: [IPAddress]
        public var isHostNetwork: Bool

        public init(namespace: String, name: String, node: String, addresses: [IPAddress], isHostNetwork: Bool = false) {
            self.namespace = namespace
            self.name = name
            self.node = node
            self.addresses = addresses
            self.isHostNetwork = isHostNetwork
        }
    }

    public var nodes: [Node]
    public var pods: [Pod]
    /// Flannel's configuration: the pods' network and how it crosses from node to node.
    public var flannel: Flannel.NetworkConfiguration
    /// Each node's lease; `nil` for a node that has none, so that its pods are reached from nowhere else.
    public var leases: [Flannel.Lease?]
    /// Prefix lengths of the network that the nodes share.
    public var underlayLength: [AddressFamily: Int]
    public var mtu: Int

    /// Without a configuration: VXLAN over the smallest networks that hold the nodes' pod ranges. Without leases: those
    /// that the pod ranges make.
    public init(
        nodes: [Node], pods: [Pod], flannel: Flannel.NetworkConfiguration? = nil, leases: [Flannel.Lease?]? = nil,
        underlayLength: [AddressFamily: Int] = [.ipv4: 24, .ipv6: 64], mtu: Int = 1500
    ) {
        self.nodes = nodes
        self.pods = pods
        self.flannel = flannel ?? Self.configuration(around: nodes)
        self.underlayLength = underlayLength
        self.mtu = mtu
        self.leases = leases ?? []
        if leases == nil { self.leases = nodes.indices.map { lease(ofPodRanges: $0) } }
    }

    /// The router of the underlay: what the nodes' default routes lead to, and behind which all clients live. The
    /// highest address but one of the first node's network.
    public func gateway(_ family: AddressFamily) -> IPAddress? {
        guard let address = nodes.lazy.compactMap({ $0.address(family) }).first else { return nil }
        let network = IPPrefix(address, length: underlayLength[family] ?? (family == .ipv4 ? 24 : 64))
        let last = network.last.bits
        return IPAddress(family: family, bits: AddressBits(high: last.high, low: last.low &- 1))
    }

    public func node(named name: String) -> Int? { nodes.firstIndex { $0.name == name } }
}

/// Ethernet addresses of the simulation: locally administered, by position, so that captures are the same every time.
enum PlanMAC {
    /// 02:00:00:00:xx:xx with the kind in the third byte.
    private static func address(_ kind: UInt64, _ index: Int) -> MACAddress {
        MACAddress(0x0200_0000_0000 | kind << 24 | UInt64(index) & 0xff_ffff)
    }

    static let gateway = address(0xfe, 0xfe)
    static func underlay(_ node: Int) -> MACAddress { address(0x01, node + 1) }
    /// The node that has an underlay address.
    static func node(_ mac: MACAddress, count: Int) -> Int? {
        let number = Int(mac.value & 0xff_ffff) - 1
        return number >= 0 && number < count && mac == underlay(number) ? number : nil
    }
    static func bridge(_ node: Int) -> MACAddress { address(0x0c, node + 1) }
    static func flannel(_ node: Int, _ family: AddressFamily = .ipv4) -> MACAddress {
        address(family == .ipv4 ? 0x0f : 0x16, node + 1)
    }
    static func pod(_ pod: Int) -> MACAddress { address(0xa0, pod + 1) }
    static func hostSide(_ pod: Int) -> MACAddress { address(0xb0, pod + 1) }
}
