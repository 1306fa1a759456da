import HawseControl
import HawseDataplane
import HawseModel
import HawseWire

/// From a control plane's state to machines that packets can go through.
public struct ClusterBuilder {
    public let state: ClusterState
    public var mode: ProxyMode?
    public var configuration = ProxyConfiguration()
    public var seed: UInt64 = 0
    /// What the nodes' kernels have.
    public var kernel = ProxySettings.KernelFeatures()

    public init(_ state: ClusterState, mode: ProxyMode? = nil, seed: UInt64 = 0) {
        self.state = state
        self.mode = mode
        self.seed = seed
    }

    /// Nodes with their addresses, pod ranges and leases, and pods that have an address and run. Throws what is wrong with
    /// kube-flannel's configuration or with a node's annotations, by field.
    public func plan() throws -> ClusterPlan {
        var nodes: [ClusterPlan.Node] = []
        for node in state.store.list(Kubernetes.Node.self) {
            var ranges = node.spec.podCIDRs.compactMap { IPPrefix($0) }
            if ranges.isEmpty, let range = IPPrefix(node.spec.podCIDR) { ranges = [range] }
            nodes.append(
                ClusterPlan.Node(
                    name: node.metadata.name,
                    addresses: node.internalIPs.compactMap { IPAddress($0) }.sorted(), podRanges: ranges))
        }
        var pods: [ClusterPlan.Pod] = []
        for pod in state.store.list(Kubernetes.Pod.self) where !pod.isFinished && !pod.spec.nodeName.isEmpty {
            var addresses = pod.status.podIPs.compactMap { IPAddress($0.ip) }
            if addresses.isEmpty, let address = IPAddress(pod.status.podIP) { addresses = [address] }
            guard !addresses.isEmpty else { continue }
            pods.append(
                ClusterPlan.Pod(
                    namespace: pod.metadata.namespace, name: pod.metadata.name, node: pod.spec.nodeName,
                    addresses: addresses, isHostNetwork: pod.spec.hostNetwork))
        }
        let plan = ClusterPlan(nodes: nodes, pods: pods, flannel: try flannelConfiguration()?.configuration)
        return try leased(plan)
    }

    /// net-conf.json out of kube-flannel's ConfigMap, where the manifests have one.
    public func flannelConfiguration() throws -> (
        configuration: Flannel.NetworkConfiguration, warnings: [ManifestDiagnostic]
    )? {
        for map in state.store.list(Kubernetes.ConfigMap.self) {
            guard let text = map.data["net-conf.json"], map.metadata.name.contains("flannel") else { continue }
            return try Flannel.NetworkConfiguration.read(text, file: "ConfigMap \(map.key) net-conf.json")
        }
        return nil
    }

    /// flanneld registers on every node: its podCIDRs become its lease, its attributes annotations.
    private func leased(_ unleased: ClusterPlan) throws -> ClusterPlan {
        var plan = unleased
        let catalogue = Flannel.NodeCatalogue(state.store.list(Kubernetes.Node.self))
        for (index, node) in plan.nodes.enumerated() {
            plan.leases[index] = nil
            guard !node.podRanges.isEmpty else { continue }
            let registry = Flannel.KubernetesSubnetRegistry(
                nodeName: node.name, source: catalogue, configuration: plan.flannel)
            let own = plan.daemon(index)
            var macs = own.vtepMAC
            for family in AddressFamily.allCases {
                if let stored = try registry.storedMAC(family) { macs[family] = stored }
            }
            var daemon = Flannel.Daemon(plan.flannel, underlay: own.underlay, vtepMAC: macs)
            for family in AddressFamily.allCases {
                daemon.publicAddresses[family] = try registry.storedPublicAddress(family)
            }
            plan.leases[index] = try registry.acquire(daemon.attributes, at: .zero)
        }
        return plan
    }

    /// The objects that kube-proxy watches.
    public var proxyObjects: ProxyRenderer.Objects {
        ProxyRenderer.Objects(
            nodes: state.store.list(Kubernetes.Node.self), services: state.store.list(Kubernetes.Service.self),
            slices: state.store.list(Kubernetes.EndpointSlice.self), ranges: state.store.list(Kubernetes.ServiceCIDR.self))
    }

    /// A kube-proxy of a node that has seen all objects and synced once.
    func proxy(_ index: Int, _ plan: ClusterPlan, _ objects: ProxyRenderer.Objects) -> KubeProxy {
        ProxyRenderer.proxy(
            objects, node: objects.node(plan.nodes[index].name), mode: mode, configuration: configuration,
            kernel: kernel, seed: seed)
    }

    /// A node's spec but for what flannel learns of its peers: its network by the plan, its rules by kube-proxy and flannel.
    func spec(_ index: Int, _ plan: ClusterPlan, _ positions: PlanIndex, _ rendered: ProxyState) -> HawseModel.NodeSpec {
        var spec = plan.nodeSpec(index, positions)
        rendered.install(on: &spec)
        if let lease = plan.leases[index] { plan.daemon(index).install(lease, into: &spec) }
        return spec
    }

    /// Which mode a cluster's proxies run in, when none is asked for.
    public var effectiveMode: ProxyMode { mode ?? ProxyMode(rawValue: configuration.mode) ?? .iptables }

    /// nftables rules are rendered and walked (`render`, `flows`), but no packet goes through them.
    public struct UnsupportedMode: Error, CustomStringConvertible {
        public var description: String {
            "nftables mode: packets do not go through nftables rulesets here; `hawse render' and `hawse flows' know it "
                + "(iptables, ipvs and userspace carry packets)"
        }
    }

    func checkMode() throws(UnsupportedMode) {
        if effectiveMode == .nftables { throw UnsupportedMode() }
    }

    /// The whole cluster; its nodes are built when they are first needed.
    public func cluster() throws -> Cluster {
        try checkMode()
        let plan = try plan()
        let objects = proxyObjects
        let rendered = RenderedRules(objects, configuration, effectiveMode)
        let cluster = Cluster(plan, seed: seed) { index, positions in
            let state = rendered.state(of: objects.node(plan.nodes[index].name)) { proxy(index, plan, objects).state() }
            return spec(index, plan, positions, state)
        }
        if effectiveMode == .userspace {
            cluster.userspaceSockets = { index in proxy(index, plan, objects).state().userspace }
        }
        return cluster
    }

    /// Every address and port by which a Service is reached, with the Service's name.
    public var directory: ServiceDirectory {
        var directory = ServiceDirectory()
        let nodeAddresses = state.store.list(Kubernetes.Node.self).flatMap(\.internalIPs).compactMap { IPAddress($0) }
        for service in state.store.list(Kubernetes.Service.self) {
            var addresses = service.spec.clusterIPs.compactMap { IPAddress($0) }
            if addresses.isEmpty { addresses = [service.spec.clusterIP].compactMap { IPAddress($0) } }
            addresses += service.spec.externalIPs.compactMap { IPAddress($0) }
            addresses += service.status.loadBalancer.ingress.compactMap { IPAddress($0.ip) }
            for port in service.spec.ports {
                let name = "\(service.metadata.namespace)/\(service.metadata.name)" + (port.name.isEmpty ? "" : ":\(port.name)")
                let number = port.protocol == .udp ? IPProtocol.udp : port.protocol == .sctp ? .sctp : .tcp
                func add(_ address: IPAddress, _ port: Int) {
                    guard let port = UInt16(exactly: port), port != 0 else { return }
                    directory.add(.init(address: address, port: port, ipProtocol: number), name: name)
                }
                for address in addresses { add(address, port.port) }
                for address in nodeAddresses { add(address, port.nodePort) }
            }
        }
        return directory
    }
}
