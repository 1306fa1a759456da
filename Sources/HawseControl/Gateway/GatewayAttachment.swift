/// A route at one of its parents: the listeners it is attached to, and the conditions its status gets.
struct GatewayAttachment {
    /// A condition's reason; nil: True.
    enum Refusal: String {
        case noMatchingParent = "NoMatchingParent"
        case notAllowed = "NotAllowedByListeners"
        case noHostname = "NoMatchingListenerHostname"
    }

    var route: Kubernetes.HTTPRoute
    var gateway: Kubernetes.Gateway
    var parent: Kubernetes.RouteParentReference
    var refusal: Refusal?
    /// Why a reference of the route leads nowhere: InvalidKind, RefNotPermitted or BackendNotFound. nil: all lead somewhere.
    var unresolved: String?
    /// Places in the Gateway's list, each with the hostnames that the route has there.
    var listeners: [(index: Int, hostnames: [GatewayHostname])] = []

    init(
        _ route: Kubernetes.HTTPRoute, _ parent: Kubernetes.RouteParentReference, _ gateway: Kubernetes.Gateway,
        _ objects: RouteObjects
    ) {
        self.route = route
        self.parent = parent
        self.gateway = gateway
        unresolved =
            route.spec.rules.lazy.flatMap(\.references).compactMap { GatewayReferences.fault($0, of: route, objects) }.first
        let named = gateway.spec.listeners.enumerated().filter { _, listener in
            (parent.sectionName == nil || parent.sectionName == listener.name)
                && (parent.port == nil || parent.port == listener.port)
        }
        let allowed = named.filter { Self.allows($0.element, gateway, route, objects) }
        let own = route.spec.hostnames.isEmpty ? [GatewayHostname(nil)] : route.spec.hostnames.map { GatewayHostname($0) }
        for (index, listener) in allowed {
            let shared = own.compactMap { $0.intersection(GatewayHostname(listener.hostname)) }
            if !shared.isEmpty { listeners.append((index, shared)) }
        }
        refusal = named.isEmpty ? .noMatchingParent : allowed.isEmpty ? .notAllowed : listeners.isEmpty ? .noHostname : nil
    }

    private static func allows(
        _ listener: Kubernetes.GatewayListener, _ gateway: Kubernetes.Gateway, _ route: Kubernetes.HTTPRoute,
        _ objects: RouteObjects
    ) -> Bool {
        let kinds = listener.allowedRoutes.kinds
        let isKind =
            kinds.isEmpty
            ? listener.protocol == "HTTP" || listener.protocol == "HTTPS"
            : kinds.contains { $0.kind == "HTTPRoute" && ($0.group ?? GatewayReferences.group) == GatewayReferences.group }
        guard isKind else { return false }
        let namespace = route.metadata.namespace
        switch listener.allowedRoutes.namespaces.from ?? "Same" {
        case "All": return true
        case "Selector":
            var labels = objects.namespaceLabels[namespace] ?? [:]
            labels["kubernetes.io/metadata.name"] = namespace
            return listener.allowedRoutes.namespaces.selector?.matches(labels) ?? false
        default: return namespace == gateway.metadata.namespace
        }
    }
}

extension Kubernetes.HTTPRouteRule {
    /// Everything that the rule refers to: backends and mirrors.
    var references: [Kubernetes.RouteReference] {
        let all = filters + backendRefs.flatMap(\.filters)
        return backendRefs.map(\.reference) + all.compactMap { $0.requestMirror?.backendRef }
    }
}

/// References of the Gateway API, and the grants they need across namespaces.
enum GatewayReferences {
    static let group = "gateway.networking.k8s.io"

    static func key(_ reference: Kubernetes.RouteReference, from namespace: String) -> ObjectKey {
        ObjectKey(namespace: reference.namespace ?? namespace, name: reference.name)
    }

    /// Why a route's reference to a Service leads nowhere.
    static func fault(_ reference: Kubernetes.RouteReference, of route: Kubernetes.HTTPRoute, _ objects: RouteObjects) -> String?
    {
        guard (reference.group ?? "").isEmpty, (reference.kind ?? "Service") == "Service" else { return "InvalidKind" }
        let key = key(reference, from: route.metadata.namespace)
        guard isGranted("HTTPRoute", route.metadata.namespace, to: "Service", key, objects) else { return "RefNotPermitted" }
        return objects.services[key] == nil ? "BackendNotFound" : nil
    }

    /// Within a namespace everything may refer to everything; from another one only what a ReferenceGrant there names.
    static func isGranted(_ kind: String, _ namespace: String, to other: String, _ key: ObjectKey, _ objects: RouteObjects)
        -> Bool
    {
        namespace == key.namespace
            || objects.grants.contains { grant in
                grant.metadata.namespace == key.namespace
                    && grant.spec.from.contains { $0.group == group && $0.kind == kind && $0.namespace == namespace }
                    && grant.spec.to.contains { $0.group.isEmpty && $0.kind == other && ($0.name ?? key.name) == key.name }
            }
    }
}
