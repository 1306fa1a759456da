extension Kubernetes {
    /// Kinds of the Gateway API that requests are routed by. The store keeps them as they came; only the router reads them.
    static let gatewayKinds = ["GatewayClass", "Gateway", "HTTPRoute", "ReferenceGrant"]

    static func isGatewayKind(apiVersion: String, kind: String) -> Bool {
        apiVersion.hasPrefix("gateway.networking.k8s.io/") && gatewayKinds.contains(kind)
    }
}

extension RouteObjects {
    /// Reads an object of the Gateway API; what is wrong with it is a problem with its place.
    mutating func takeGateway(_ object: LoadedObject, _ unknown: Kubernetes.Unknown) -> [ManifestDiagnostic] {
        guard Kubernetes.isGatewayKind(apiVersion: unknown.apiVersion, kind: unknown.kind) else { return [] }
        let context = FieldContext(file: object.file)
        var body = unknown.content
        if case .map(let entries) = body.value {
            body.value = .map(entries.filter { $0.key != "kind" && $0.key != "apiVersion" })
        }
        switch unknown.kind {
        case "Gateway":
            guard let gateway = Kubernetes.Gateway.read(body, context) else { break }
            put(gateway, in: \.gateways)
        case "HTTPRoute":
            guard let route = Kubernetes.HTTPRoute.read(body, context) else { break }
            put(route, in: \.routes)
        case "ReferenceGrant":
            guard let grant = Kubernetes.ReferenceGrant.read(body, context) else { break }
            put(grant, in: \.grants)
        default: gatewayClasses.insert(unknown.metadata.name)
        }
        return context.diagnostics
    }

    private mutating func put<T: KubernetesObject>(_ object: T, in list: WritableKeyPath<RouteObjects, [T]>) {
        var object = object
        if object.metadata.namespace.isEmpty { object.metadata.namespace = "default" }
        self[keyPath: list].removeAll { $0.key == object.key }
        self[keyPath: list].append(object)
    }
}
