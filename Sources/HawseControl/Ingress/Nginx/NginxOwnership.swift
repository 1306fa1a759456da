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

    /// What a deep inspection looks for in hosts and paths: configuration of nginx's own.
    static var smuggling: [NginxExpression] {
        [
            "\\s*alias\\s*[\\s\\S]*;", "\\s*root\\s*[\\s\\S]*;", "/etc/(passwd|shadow|group|nginx|ingress-controller)",
            "/var/run/secrets", "_by_lua",
        ].compactMap { NginxExpression($0) }
    }

    /// nil: nothing of the kind.
    static func smuggled(_ ingress: Kubernetes.Ingress, _ forms: [NginxExpression]) -> String? {
        let words = ingress.spec.rules.flatMap { rule in [rule.host] + (rule.http?.paths ?? []).map(\.path) }
        return words.first { word in forms.contains { $0.matches(word) } }
    }
}
