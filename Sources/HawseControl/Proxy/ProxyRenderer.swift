import HawseWire

/// What kube-proxy would program on a node, out of the objects of a cluster.
public enum ProxyRenderer {
    /// The objects a proxy looks at.
    public struct Objects: Sendable {
        public var nodes: [Kubernetes.Node] = []
        public var services: [Kubernetes.Service] = []
        public var slices: [Kubernetes.EndpointSlice] = []
        public var ranges: [Kubernetes.ServiceCIDR] = []

        public init(
            nodes: [Kubernetes.Node] = [], services: [Kubernetes.Service] = [],
            slices: [Kubernetes.EndpointSlice] = [], ranges: [Kubernetes.ServiceCIDR] = []
        ) {
            self.nodes = nodes
            self.services = services
            self.slices = slices
            self.ranges = ranges
        }

        public init(_ loader: ManifestLoader) {
            self.init(
                nodes: loader.all(Kubernetes.Node.self), services: loader.all(Kubernetes.Service.self),
                slices: loader.all(Kubernetes.EndpointSlice.self), ranges: loader.all(Kubernetes.ServiceCIDR.self))
        }

        /// The node of that name; one that no object describes has just its name.
        public func node(_ name: String) -> ProxyNode {
            nodes.first { $0.metadata.name == name }.map { ProxyNode($0) } ?? ProxyNode(name: name)
        }

        public var serviceRanges: [IPPrefix] { ranges.flatMap { $0.spec.cidrs.compactMap { IPPrefix($0) } } }
    }

    /// A proxy that has seen all objects and synced once; with a history, once for each of its stages before.
    ///
    /// A history is what kube-proxy had seen earlier, the oldest first. It matters where a sync does not write everything
    /// anew: the ranges of ClusterIPs in nftables mode are those that were known at the first one.
    public static func proxy(
        _ objects: Objects, after history: [Objects] = [], node: ProxyNode, mode: ProxyMode? = nil,
        configuration: ProxyConfiguration = ProxyConfiguration(), kernel: ProxySettings.KernelFeatures = .init(),
        seed: UInt64 = 0
    ) -> KubeProxy {
        let stages = history + [objects]
        var proxy = KubeProxy(
            node: node, configuration: configuration, mode: mode, serviceRanges: stages[0].serviceRanges,
            kernel: kernel, seed: seed)
        for (index, stage) in stages.enumerated() {
            if index > 0 { forget(stages[index - 1], but: stage, &proxy) }
            let object = index < history.count ? stage.nodes.first { $0.metadata.name == node.name } : nil
            proxy.apply(labels: object?.metadata.labels ?? node.labels)
            for service in stage.services { proxy.apply(service) }
            for slice in stage.slices { proxy.apply(slice) }
            _ = proxy.sync()
        }
        return proxy
    }

    /// What a stage had and the next one has not.
    private static func forget(_ old: Objects, but new: Objects, _ proxy: inout KubeProxy) {
        let services = Set(new.services.map(\.key))
        for service in old.services where !services.contains(service.key) { proxy.deleteService(service.key) }
        let slices = Set(new.slices.map(\.key))
        for slice in old.slices where !slices.contains(slice.key) { proxy.delete(slice) }
    }

    public static func render(
        _ objects: Objects, after history: [Objects] = [], node: ProxyNode, mode: ProxyMode? = nil,
        configuration: ProxyConfiguration = ProxyConfiguration(), kernel: ProxySettings.KernelFeatures = .init(),
        seed: UInt64 = 0
    ) -> ProxyState {
        proxy(objects, after: history, node: node, mode: mode, configuration: configuration, kernel: kernel, seed: seed)
            .state()
    }
}
