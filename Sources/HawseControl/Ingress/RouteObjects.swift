import HawseModel

/// The objects that decide about requests, as manifests give them.
public struct RouteObjects: Sendable {
    public var ingresses: [Kubernetes.Ingress] = []
    public var classes: [Kubernetes.IngressClass] = []
    public var services: [ObjectKey: Kubernetes.Service] = [:]
    public var slices: [ObjectKey: [Kubernetes.EndpointSlice]] = [:]
    public var secrets: [ObjectKey: Kubernetes.Secret] = [:]
    public var configMaps: [ObjectKey: Kubernetes.ConfigMap] = [:]
    public var gatewayClasses: Set<String> = []
    public var gateways: [Kubernetes.Gateway] = []
    public var routes: [Kubernetes.HTTPRoute] = []
    public var grants: [Kubernetes.ReferenceGrant] = []
    public var namespaceLabels: [String: [String: String]] = [:]
    /// Words of containers that run ingress-nginx.
    public var controllerWords: [[String]] = []
    /// False: nothing says which endpoints there are, so that a Service with a selector is taken to have some.
    public var knowsEndpoints = false

    public init() {}

    /// Kinds from which endpoints come.
    private static let endpointKinds: Set<String> = [
        "Pod", "Endpoints", "EndpointSlice", "Deployment", "ReplicaSet", "ReplicationController", "StatefulSet", "DaemonSet",
        "Job", "CronJob",
    ]

    /// Objects as loaded. Where pods or what makes pods is among them, the cluster is run until it rests, and its endpoints
    /// count.
    public static func collect(_ loaded: [LoadedObject], seed: UInt64) -> (objects: RouteObjects, problems: [ManifestDiagnostic])
    {
        var result = RouteObjects()
        var problems: [ManifestDiagnostic] = []
        for object in loaded { problems += result.take(object) }
        let kinds = Set(loaded.map(\.kind)).intersection(endpointKinds)
        result.knowsEndpoints = !kinds.isEmpty
        if !kinds.subtracting(["EndpointSlice"]).isEmpty {
            let (state, found) = ClusterState.build(from: loaded, seed: seed)
            problems += found
            result.slices = [:]
            for slice in state.store.list(Kubernetes.EndpointSlice.self) { result.add(slice) }
            for service in state.store.list(Kubernetes.Service.self) { result.services[service.key] = service }
        }
        return (result, problems)
    }

    private mutating func take(_ object: LoadedObject) -> [ManifestDiagnostic] {
        if object.operation == .delete {
            remove(object)
            return []
        }
        switch object.content {
        case .unknown(let unknown): return takeGateway(object, unknown)
        case .known(let known): take(known)
        }
        return []
    }

    private mutating func take(_ object: any KubernetesObject) {
        var known = object
        if type(of: known).isNamespaced, known.metadata.namespace.isEmpty { known.metadata.namespace = "default" }
        switch known {
        case let ingress as Kubernetes.Ingress:
            ingresses.removeAll { $0.key == ingress.key }
            ingresses.append(ingress)
        case let value as Kubernetes.IngressClass:
            classes.removeAll { $0.key == value.key }
            classes.append(value)
        case let namespace as Kubernetes.Namespace: namespaceLabels[namespace.metadata.name] = namespace.metadata.labels
        case let service as Kubernetes.Service: services[service.key] = service
        case let slice as Kubernetes.EndpointSlice: add(slice)
        case let secret as Kubernetes.Secret: secrets[secret.key] = secret
        case let map as Kubernetes.ConfigMap: configMaps[map.key] = map
        case let workload as Kubernetes.Deployment: takeWords(workload.spec.template.spec)
        case let workload as Kubernetes.DaemonSet: takeWords(workload.spec.template.spec)
        case let pod as Kubernetes.Pod: takeWords(pod.spec)
        default: break
        }
    }

    private mutating func takeWords(_ pod: Kubernetes.PodSpec) {
        for container in pod.containers {
            let words = container.command + container.args
            if words.contains(where: { $0.hasSuffix("/nginx-ingress-controller") }) { controllerWords.append(words) }
        }
    }

    private mutating func remove(_ object: LoadedObject) {
        let key = ObjectKey(
            namespace: object.metadata.namespace.isEmpty ? "default" : object.metadata.namespace, name: object.metadata.name)
        switch object.kind {
        case "Ingress": ingresses.removeAll { $0.key == key }
        case "IngressClass": classes.removeAll { $0.metadata.name == key.name }
        case "Service": services[key] = nil
        case "Secret": secrets[key] = nil
        case "ConfigMap": configMaps[key] = nil
        case "Gateway": gateways.removeAll { $0.key == key }
        case "HTTPRoute": routes.removeAll { $0.key == key }
        case "ReferenceGrant": grants.removeAll { $0.key == key }
        default: break
        }
    }

    public mutating func add(_ slice: Kubernetes.EndpointSlice) {
        guard let service = slice.serviceName else { return }
        let key = ObjectKey(namespace: slice.metadata.namespace.isEmpty ? "default" : slice.metadata.namespace, name: service)
        slices[key, default: []].removeAll { $0.metadata.name == slice.metadata.name && !slice.metadata.name.isEmpty }
        slices[key, default: []].append(slice)
    }

    /// Oldest first; of one age, by namespace and name.
    public var ingressesByAge: [Kubernetes.Ingress] { ingresses.sorted(by: Self.isOlder) }

    static func isOlder<T: KubernetesObject>(_ a: T, _ b: T) -> Bool {
        let (x, y) = (a.metadata.creationTimestamp?.microseconds ?? 0, b.metadata.creationTimestamp?.microseconds ?? 0)
        return x == y ? "\(a.key)" < "\(b.key)" : x < y
    }
}

/// One address of a Service's port. Without an address: one that must be there, though the objects do not show it.
struct RouteEndpoint: Hashable {
    var address: String?
    var port: String

    var text: String? { address.map { $0.contains(":") ? "[\($0)]:\(port)" : "\($0):\(port)" } }
    static let assumed = RouteEndpoint(address: nil, port: "")
}

extension RouteObjects {
    /// The Service's port by number or name.
    func port(_ service: Kubernetes.Service, _ word: String) -> Kubernetes.ServicePort? {
        service.spec.ports.first { String($0.port) == word } ?? service.spec.ports.first { !word.isEmpty && $0.name == word }
    }

    /// Ready TCP endpoints of one port, slices in their order. An endpoint without conditions is ready.
    ///
    /// - Parameter byTarget: a slice without a port of this name counts with the Service's target port, if that is a number.
    func endpoints(_ service: Kubernetes.Service, _ port: Kubernetes.ServicePort, byTarget: Bool = false) -> [RouteEndpoint] {
        guard let known = slices[service.key] else {
            return knowsEndpoints || service.spec.selector.isEmpty ? [] : [.assumed]
        }
        var found: [RouteEndpoint] = []
        for slice in known {
            var numbers: [Int]
            if slice.ports.isEmpty, case .int(let number) = port.targetPort {
                numbers = [number]
            } else {
                numbers = slice.ports.filter { ($0.protocol ?? .tcp) == .tcp }.compactMap { entry in
                    if port.name.isEmpty || (entry.name ?? "") == port.name { return entry.port }
                    return nil
                }
            }
            if byTarget, numbers.isEmpty, case .int(let number) = port.targetPort, number > 0 { numbers = [number] }
            for endpoint in slice.endpoints where endpoint.conditions.ready ?? true {
                for number in numbers {
                    for address in endpoint.addresses {
                        let one = RouteEndpoint(address: address, port: String(number))
                        if !found.contains(one) { found.append(one) }
                    }
                }
            }
        }
        return found
    }
}
