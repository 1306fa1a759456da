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

    /// A proxy that has seen all objects and synced once.
    public static func proxy(
        _ objects: Objects, node: ProxyNode, mode: ProxyMode? = nil,
        configuration: ProxyConfiguration = ProxyConfiguration(), kernel: ProxySettings.KernelFeatures = .init(),
        seed: UInt64 = 0
    ) -> KubeProxy {
        var proxy = KubeProxy(
            node: node, configuration: configuration, mode: mode, serviceRanges: objects.serviceRanges,
            kernel: kernel, seed: seed)
        for service in objects.services { proxy.apply(service) }
        for slice in objects.slices { proxy.apply(slice) }
        _ = proxy.sync()
        return proxy
    }

    public static func render(
        _ objects: Objects, node: ProxyNode, mode: ProxyMode? = nil,
        configuration: ProxyConfiguration = ProxyConfiguration(), kernel: ProxySettings.KernelFeatures = .init(),
        seed: UInt64 = 0
    ) -> ProxyState {
        proxy(objects, node: node, mode: mode, configuration: configuration, kernel: kernel, seed: seed).state()
    }
}
