import HawseModel

/// Decides about requests at a cluster's edge: for each who answers, with what status, and how the backend is asked.
///
/// Several controllers may be at work. A request that names a Gateway goes there, any other to the first that has an answer
/// other than "nobody": ingress-nginx, other Ingress controllers by their names, then Gateways by theirs.
public struct RequestRouter {
    /// How Ingresses are understood.
    public enum Flavour: String, CaseIterable, Sendable {
        /// ingress-nginx for classes whose controller it is, the API's own words for all others.
        case automatic = "auto"
        case generic
        case nginx
    }

    public struct Options: Sendable {
        public var flavour = Flavour.automatic
        /// Words of ingress-nginx's command line; added to what the manifests show.
        public var controllerWords: [String] = []
        /// Its ConfigMap.
        public var controllerConfig: ObjectKey?
        public var seed: UInt64 = 0
        public init() {}
    }

    private var nginx: NginxIngress?
    private var generic: [GenericIngress] = []
    private var gateways: GatewayRouter
    /// Ingresses that nobody serves, annotations that are not computed, and the like.
    public private(set) var notes: [String] = []

    public init(_ objects: RouteObjects, _ options: Options = Options()) {
        let classes = objects.classes
        let ingresses = objects.ingressesByAge.map { IngressOwnership.admitted($0, classes) }
        let words = objects.controllerWords.flatMap { $0 } + options.controllerWords
        let settings = NginxSettings(words: words, configMap: options.controllerConfig, objects: objects)
        gateways = GatewayRouter(objects, seed: options.seed)
        var rest = ingresses
        let isTold = !options.controllerWords.isEmpty || options.controllerConfig != nil
        if options.flavour == .nginx || options.flavour == .automatic && (isTold || Self.meansNginx(ingresses, objects, settings))
        {
            let owned = ingresses.filter { settings.owns($0, classes) }
            let made = NginxIngress(owned, settings, objects, seed: options.seed)
            notes += made.notes
            nginx = made
            rest = ingresses.filter { !settings.owns($0, classes) }
        }
        if options.flavour != .nginx {
            addGeneric(&rest, objects, settings, isAlone: nginx == nil, all: options.flavour == .generic)
        }
        notes += gateways.notes
        for ingress in rest { notes.append("Ingress \(ingress.key) is served by no controller: \(Self.why(ingress, classes))") }
    }

    /// An IngressClass of ingress-nginx, its containers or its ConfigMap, or, in manifests without classes, its class name or
    /// annotations.
    private static func meansNginx(_ ingresses: [Kubernetes.Ingress], _ objects: RouteObjects, _ settings: NginxSettings) -> Bool
    {
        if objects.classes.contains(where: { settings.isOwn($0) }) || !objects.controllerWords.isEmpty { return true }
        if NginxSettings.usualMap(objects) != nil { return true }
        guard objects.classes.isEmpty else { return false }
        return ingresses.contains { ingress in
            IngressOwnership.className(of: ingress, []) == settings.className
                || ingress.metadata.annotations.keys.contains { $0.hasPrefix(AnnotationReader.prefix) }
        }
    }

    /// Controllers of other classes, each by itself; with no class at all, one that takes the Ingresses without a class.
    private mutating func addGeneric(
        _ rest: inout [Kubernetes.Ingress], _ objects: RouteObjects, _ settings: NginxSettings, isAlone: Bool, all: Bool
    ) {
        var groups: [String: [Kubernetes.Ingress]] = [:]
        var left: [Kubernetes.Ingress] = []
        for ingress in rest {
            let name = IngressOwnership.className(of: ingress, objects.classes)
            if let found = objects.classes.first(where: { $0.metadata.name == name }) {
                groups[found.spec.controller, default: []].append(ingress)
            } else if name == nil, objects.classes.isEmpty, isAlone {
                groups["", default: []].append(ingress)
            } else if all, objects.classes.isEmpty, name == settings.className {
                groups["", default: []].append(ingress)
            } else {
                left.append(ingress)
            }
        }
        rest = left
        generic = groups.keys.sorted().map { GenericIngress(groups[$0] ?? [], objects) }
    }

    private static func why(_ ingress: Kubernetes.Ingress, _ classes: [Kubernetes.IngressClass]) -> String {
        guard let name = IngressOwnership.className(of: ingress, classes) else {
            return "it names no class and there is no default class"
        }
        if classes.contains(where: { $0.metadata.name == name }) { return "the controller of class \(name) is not simulated" }
        let hint = nearestWord(name, among: classes.map(\.metadata.name)).map { " (did you mean \"\($0)\"?)" } ?? ""
        return "there is no IngressClass \(name)\(hint)"
    }

    public mutating func route(_ request: RouteRequest) -> RouteDecision {
        if request.gateway != nil { return gateways.route(request) }
        var last: RouteDecision?
        if nginx != nil, let decision = nginx?.route(request) {
            if decision.rule != nil || decision.backend != nil || decision.status != 404 || generic.isEmpty && gateways.isEmpty {
                return decision
            }
            last = decision
        }
        for index in generic.indices {
            let decision = generic[index].route(request)
            if decision.rule != nil || decision.backend != nil { return decision }
            last = last ?? decision
        }
        if !gateways.isEmpty {
            let decision = gateways.route(request)
            if last == nil || decision.rule != nil { return decision }
        }
        return last ?? .notFound(request, "no Ingress and no Gateway is served")
    }

    /// Conditions of routes and counts of listeners, as a Gateway's controller writes them.
    public var status: RouteStatus { gateways.status }
}
