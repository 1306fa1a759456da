import HawseModel

/// Which controller serves which Ingress.
enum IngressOwnership {
    static let annotation = "kubernetes.io/ingress.class"

    /// The class an Ingress names, by its field or the annotation that came before it; without either, the default class, which
    /// admission writes into new Ingresses. Of several default classes the youngest counts.
    static func className(of ingress: Kubernetes.Ingress, _ classes: [Kubernetes.IngressClass]) -> String? {
        if let name = ingress.spec.ingressClassName ?? ingress.metadata.annotations[annotation] { return name }
        let defaults = classes.filter(\.isDefault).sorted { a, b in
            let (x, y) = (a.metadata.creationTimestamp?.microseconds ?? 0, b.metadata.creationTimestamp?.microseconds ?? 0)
            return x == y ? a.metadata.name < b.metadata.name : x > y
        }
        return defaults.first?.metadata.name
    }

    /// With the default class where an Ingress names none.
    static func admitted(_ ingress: Kubernetes.Ingress, _ classes: [Kubernetes.IngressClass]) -> Kubernetes.Ingress {
        var ingress = ingress
        if ingress.spec.ingressClassName == nil, ingress.metadata.annotations[annotation] == nil {
            ingress.spec.ingressClassName = className(of: ingress, classes)
        }
        return ingress
    }
}
