import HawseWire

/// Cluster DNS: the answers that CoreDNS's `kubernetes` plugin computes from a cluster's objects.
public struct ClusterDNS: Sendable {
    public enum PodMode: String, Hashable, Sendable { case disabled, insecure, verified }

    /// The plugin's block in a Corefile.
    public struct Options: Hashable, Sendable {
        public var zones = [DomainName("cluster.local."), DomainName("in-addr.arpa."), DomainName("ip6.arpa.")]
        /// The only namespaces that are exposed; empty: all.
        public var namespaces: [String] = []
        public var pods = PodMode.disabled
        /// Seconds.
        public var ttl = 5
        /// A Service without endpoints has no name.
        public var ignoresEmptyServices = false
        /// Names of a zone's endpoints.
        public var isZonal = false
        /// Of the zones those whose Services are ServiceImports (KEP-1645, `multicluster`).
        public var multiclusterZones: [DomainName] = []
        /// Zones of the `k8s_external` plugin: Services by what they are reached under from outside.
        public var external = External()
        /// Endpoints are called after their pods.
        public var usesPodNames = false
        /// Zones whose unknown names are somebody else's; the root stands for all.
        public var fallthroughZones: [DomainName] = []
        /// The server's own addresses: what its zone's name server is called follows from them.
        public var localAddresses: [String] = []
        /// False: the API server has not been heard yet.
        public var isSynced = true

        public init() {}
    }

    public let options: Options
    private let services: [ObjectKey: Kubernetes.Service]
    private let servicesByAddress: [IPAddress: ObjectKey]
    private let slices: [ObjectKey: [Kubernetes.EndpointSlice]]
    private let pods: [Kubernetes.Pod]
    private let namespaces: Set<String>
    private let imports: [ObjectKey: ServiceImport]

    public init(
        options: Options = Options(), namespaces: some Sequence<String>, services: [Kubernetes.Service],
        slices: [Kubernetes.EndpointSlice], pods: [Kubernetes.Pod] = [], imports: [ServiceImport] = []
    ) {
        self.options = options
        self.namespaces = Set(namespaces)
        self.services = Dictionary(services.map { ($0.key, $0) }) { first, _ in first }
        servicesByAddress = Dictionary(
            services.flatMap { service in service.spec.clusterIPs.compactMap { IPAddress($0) }.map { ($0, service.key) } }
        ) { first, _ in first }
        // Slices of imported Services are of another kind of Service with the same name.
        self.slices = Dictionary(grouping: slices) { slice in
            let name = slice.metadata.labels["kubernetes.io/service-name"]
                ?? slice.metadata.labels[ServiceImport.label].map(ServiceImport.mangled) ?? ""
            return ObjectKey(namespace: slice.metadata.namespace, name: name)
        }
        self.pods = pods
        self.imports = Dictionary(imports.map { ($0.key, $0) }) { first, _ in first }
    }

    /// The objects of a cluster as they are now.
    public init(_ store: ClusterStore, options: Options) {
        self.init(
            options: options, namespaces: store.list(Kubernetes.Namespace.self).map(\.metadata.name),
            services: store.list(Kubernetes.Service.self), slices: store.list(Kubernetes.EndpointSlice.self),
            pods: store.list(Kubernetes.Pod.self),
            imports: (store.unknown["ServiceImport"] ?? [:]).values.sorted { $0.key < $1.key }.compactMap { ServiceImport($0) })
    }

    func imported(_ namespace: String, _ name: String) -> ServiceImport? {
        imports[ObjectKey(namespace: namespace, name: name)]
    }

    func isExposed(_ namespace: String) -> Bool { options.namespaces.isEmpty || options.namespaces.contains(namespace) }
    func exists(_ namespace: String) -> Bool { namespaces.contains(namespace) && isExposed(namespace) }

    func service(_ namespace: String, _ name: String) -> Kubernetes.Service? {
        services[ObjectKey(namespace: namespace, name: name)]
    }

    func service(clusterIP address: IPAddress) -> Kubernetes.Service? {
        servicesByAddress[address].flatMap { isExposed($0.namespace) ? services[$0] : nil }
    }

    func pod(_ namespace: String, address: IPAddress) -> Kubernetes.Pod? {
        pods.first { $0.metadata.namespace == namespace && IPAddress($0.status.podIP) == address }
    }
}

extension ClusterDNS {
    /// An endpoint that may be named: ready, or of a slice that says so of all.
    struct Endpoint {
        var address: String
        var label: String
        var zone: String
        /// Port names, protocols in lower case, and numbers; none when the slice has none.
        var ports: [(name: String, transport: String, number: Int)]
        /// The cluster that a multi-cluster slice came from.
        var cluster: String
    }

    /// In the order of the slices.
    func endpoints(of service: ObjectKey) -> [Endpoint] {
        (slices[service] ?? []).flatMap { slice -> [Endpoint] in
            let ports = slice.ports.map { ($0.name ?? "", ($0.protocol?.rawValue ?? "TCP").lowercased(), $0.port ?? -1) }
            return slice.endpoints.filter { $0.conditions.ready ?? true }.flatMap { endpoint in
                endpoint.addresses.map { address in
                    Endpoint(
                        address: address, label: label(endpoint, address), zone: endpoint.zone ?? "",
                        ports: ports.map { (name: $0.0, transport: $0.1, number: $0.2) },
                        cluster: slice.metadata.labels[ServiceImport.clusterLabel] ?? "")
                }
            }
        }
    }

    /// The endpoint's host name, or its pod's, or its address with dashes.
    private func label(_ endpoint: Kubernetes.Endpoint, _ address: String) -> String {
        if let name = endpoint.hostname, !name.isEmpty { return name }
        if options.usesPodNames, let name = endpoint.targetRef?.name, !name.isEmpty { return name }
        return String(address.map { $0 == "." || $0 == ":" ? "-" : $0 })
    }

    /// Every Service that has an endpoint with this address, by its key, with the endpoint's label.
    func owners(ofEndpoint address: IPAddress) -> [(service: ObjectKey, label: String)] {
        slices.keys.sorted().filter { isExposed($0.namespace) && !ServiceImport.isMangled($0.name) }.flatMap { key in
            endpoints(of: key).filter { IPAddress($0.address) == address }.map { (key, $0.label) }
        }
    }
}
