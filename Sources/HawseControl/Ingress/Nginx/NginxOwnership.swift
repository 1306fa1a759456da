import HawseModel

extension NginxSettings {
    /// Whether the controller takes an Ingress: by its class, by the old annotation, or because it takes those without any.
    func owns(_ ingress: Kubernetes.Ingress, _ classes: [Kubernetes.IngressClass]) -> Bool {
        if let name = ingress.spec.ingressClassName {
            // Manifests without any class: the controller's own is taken to be there.
            if classes.isEmpty { return name == className }
            return classes.contains { $0.metadata.name == name && isOwn($0) }
        }
        if let word = ingress.metadata.annotations[IngressOwnership.annotation] { return word == className }
        return watchesWithoutClass
    }

    func isOwn(_ value: Kubernetes.IngressClass) -> Bool {
        value.spec.controller == controllerName || matchesClassByName && value.metadata.name == className
    }

    /// What a deep inspection of an Ingress finds: configuration smuggled into hosts and paths. nil: nothing.
    static func smuggled(_ ingress: Kubernetes.Ingress) -> String? {
        let words = ingress.spec.rules.flatMap { rule in [rule.host] + (rule.http?.paths ?? []).map(\.path) }
        let forms = [
            "\\s*alias\\s*[\\s\\S]*;", "\\s*root\\s*[\\s\\S]*;", "/etc/(passwd|shadow|group|nginx|ingress-controller)",
            "/var/run/secrets", "_by_lua",
        ]
        .compactMap { NginxExpression($0) }
        return words.first { word in forms.contains { $0.matches(word) } }
    }
}
