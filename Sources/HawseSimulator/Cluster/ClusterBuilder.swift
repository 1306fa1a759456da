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

    public init(_ state: ClusterState, mode: ProxyMode? = nil, seed: UInt64 = 0) {
        self.state = state
        self.mode = mode
        self.seed = seed
    }

    /// Nodes with their addresses and pod ranges, and pods that have an address and run.
    public var plan: ClusterPlan {
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
        return ClusterPlan(nodes: nodes, pods: pods)
    }

    /// The objects that kube-proxy watches.
    public var proxyObjects: ProxyRenderer.Objects {
        ProxyRenderer.Objects(
            nodes: state.store.list(Kubernetes.Node.self), services: state.store.list(Kubernetes.Service.self),
            slices: state.store.list(Kubernetes.EndpointSlice.self), ranges: state.store.list(Kubernetes.ServiceCIDR.self))
    }

    /// Each node's whole spec: its network by the plan, its rules by kube-proxy and flannel.
    public func specs(_ plan: ClusterPlan) -> [HawseModel.NodeSpec] {
        let objects = proxyObjects
        return plan.nodes.indices.map { index in
            var spec = plan.nodeSpec(index)
            let node = objects.node(plan.nodes[index].name)
            let rendered = ProxyRenderer.render(objects, node: node, mode: mode, configuration: configuration, seed: seed)
            rendered.install(on: &spec)
            return spec
        }
    }

    public func cluster() throws(DataplaneError) -> Cluster {
        let plan = plan
        return try Cluster(plan, specs: specs(plan), seed: seed)
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
