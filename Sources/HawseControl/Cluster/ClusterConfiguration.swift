import HawseModel
import HawseWire

/// What a cluster is set up with, beside its objects. The defaults are kubeadm's.
public struct ClusterConfiguration: Sendable {
    /// Ranges of ClusterIPs, at most one of each family, the cluster's primary family first.
    public var serviceCIDRs: [IPPrefix]
    public var nodePorts: ClosedRange<Int> = 30000...32767
    /// Where the `kubernetes` Service leads.
    public var apiServerAddress = IPAddress(ipv4: 0xc0a8_320a)
    public var apiServerPort = 6443
    /// Nodes to make up when the manifests bring none.
    public var nodeTemplate = NodeTemplate()
    /// The logical clock at the start.
    public var start = Kubernetes.Time(seconds: 1_767_225_600)
    public var seed: UInt64
    public var kubelet = KubeletTiming()
    /// Endpoints in one slice at most (`--max-endpoints-per-slice`).
    public var maxEndpointsPerSlice = 100

    public static let defaultIPv4Services = IPPrefix(IPAddress(ipv4: 0x0a60_0000), length: 12)
    public static let defaultIPv6Services = IPPrefix(
        IPAddress(ipv6High: 0xfd00_0010_0096_0000, low: 0), length: 112)

    public init(dualStack: Bool = false, seed: UInt64 = 0) {
        serviceCIDRs = [Self.defaultIPv4Services] + (dualStack ? [Self.defaultIPv6Services] : [])
        self.seed = seed
    }

    public var isDualStack: Bool { serviceCIDRs.count > 1 }

    /// The configuration that a set of manifests asks for: the ServiceCIDR `kubernetes`, or else dual stack when a node
    /// has pod ranges of both families or a Service names IPv6.
    public static func fitting(_ objects: [LoadedObject], seed: UInt64 = 0) -> ClusterConfiguration {
        var configuration = ClusterConfiguration(seed: seed)
        for object in objects {
            // Those of other names come beside the cluster's own.
            if let range = object.of(Kubernetes.ServiceCIDR.self), range.metadata.name == "kubernetes" {
                let prefixes = range.spec.cidrs.compactMap { IPPrefix($0) }
                if !prefixes.isEmpty {
                    configuration.serviceCIDRs = prefixes
                    return configuration
                }
            }
        }
        let wantsIPv6 = objects.contains { object in
            if let node = object.of(Kubernetes.Node.self) { return node.spec.podCIDRs.count > 1 }
            guard let spec = object.of(Kubernetes.Service.self)?.spec else { return false }
            return spec.ipFamilies.contains(.ipv6) && spec.clusterIP != "None"
                || spec.ipFamilyPolicy == .requireDualStack && !spec.selector.isEmpty
                || spec.clusterIPs.contains { $0.contains(":") } || spec.clusterIP.contains(":")
        }
        return wantsIPv6 ? ClusterConfiguration(dualStack: true, seed: seed) : configuration
    }
}

/// Delays of the simulated kubelet, in seconds.
public struct KubeletTiming: Sendable {
    /// From binding to the first container's start: sandbox, network and image.
    public var start: Double = 0
    /// From SIGTERM to the container's end, when nothing else is said.
    public var stop: Double = 0
    public init() {}
}

/// How nodes are made up: node-a with 192.168.50.11 and 10.244.0.0/24, node-b with the next ones, and so on.
public struct NodeTemplate: Sendable {
    public var count = 3
    public var firstAddress = IPAddress(ipv4: 0xc0a8_320b)
    public var firstAddress6 = IPAddress(ipv6High: 0xfd00_0192_0168_0050, low: 0x11)
    public var podRange = IPPrefix(IPAddress(ipv4: 0x0af4_0000), length: 16)
    public var podRange6 = IPPrefix(IPAddress(ipv6High: 0xfd00_0010_0244_0000, low: 0), length: 48)
    public var zones = 3
    public init() {}

    static func name(_ index: Int) -> String {
        let letters = Array("abcdefghijklmnopqrstuvwxyz")
        return index < letters.count ? "node-\(letters[index])" : "node-\(index + 1)"
    }

    /// What a kubelet says of its machine.
    private static let info: [String: ManifestNode] = [
        "architecture": "amd64", "bootID": "", "containerRuntimeVersion": "containerd://2.0.0", "kernelVersion": "6.18.0",
        "kubeProxyVersion": "", "kubeletVersion": "v1.36.2", "machineID": "", "operatingSystem": "linux",
        "osImage": "Hawse", "systemUUID": "",
    ].mapValues { .string($0) }

    func node(_ index: Int, name: String, dualStack: Bool, at time: Kubernetes.Time) -> Kubernetes.Node {
        var node = Kubernetes.Node()
        node.metadata.name = name
        node.metadata.labels = [
            "beta.kubernetes.io/arch": "amd64", "beta.kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64",
            "kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "topology.kubernetes.io/region": "lab",
            "topology.kubernetes.io/zone": "zone-\(index % max(1, zones) + 1)",
        ]
        let address = IPAddress(family: .ipv4, bits: firstAddress.bits.adding(UInt64(index)))
        node.status.addresses = [.init(type: "InternalIP", address: address.description)]
        let range = IPPrefix(
            IPAddress(family: .ipv4, bits: podRange.address.bits.adding(UInt64(index) << 8)), length: 24)
        node.spec.podCIDRs = [range.description]
        if dualStack {
            // Written in decimal digits, as the lab's: node-a is ::11.
            let low = UInt64(String(11 + index), radix: 16) ?? 0
            let address6 = IPAddress(ipv6High: firstAddress6.bits.high, low: low)
            node.status.addresses.append(.init(type: "InternalIP", address: address6.description))
            let range6 = IPPrefix(
                IPAddress(ipv6High: podRange6.address.bits.high | UInt64(index), low: 0), length: 64)
            node.spec.podCIDRs.append(range6.description)
        }
        node.status.addresses.append(.init(type: "Hostname", address: name))
        node.spec.podCIDR = range.description
        for (resource, amount) in [("cpu", "4"), ("memory", "16Gi"), ("ephemeral-storage", "100Gi"), ("pods", "500")] {
            node.status.capacity[resource] = Kubernetes.Quantity(amount)
        }
        node.status.allocatable = node.status.capacity
        node.status.nodeInfo = Self.info
        node.status.daemonEndpoints = ManifestNode(
            .map([.init("kubeletEndpoint", ManifestNode(.map([.init("Port", .integer(10250))])))]))
        node.metadata.annotations["node.alpha.kubernetes.io/ttl"] = "0"
        var ready = Kubernetes.Condition(
            type: "Ready", status: true, reason: "KubeletReady", message: "kubelet is posting ready status", at: time)
        ready.lastHeartbeatTime = time
        node.status.conditions = [ready]
        return node
    }
}
