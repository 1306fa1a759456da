/// `ValidateIngressClass` of `pkg/apis/networking/validation`.
enum IngressClassValidation {
    static func check(_ object: Kubernetes.IngressClass, old: Kubernetes.IngressClass?) -> [FieldError] {
        let controller = object.spec.controller
        var errors: [FieldError] = []
        if let old, old.spec.controller != controller {
            errors.append(.invalid("spec.controller", controller, "field is immutable"))
        }
        errors += MetadataValidation.check(object.metadata, isNamespaced: false, name: NameFormat.subdomain)
        if controller.utf8.count > 250 { errors.append(.tooLong("spec.controller", maximum: 250)) }
        errors += MetadataValidation.domainPrefixedPath(controller, at: "spec.controller")
        if let parameters = object.spec.parameters { errors += check(parameters) }
        return errors
    }

    private static func check(_ parameters: Kubernetes.IngressClassParameters) -> [FieldError] {
        let path = "spec.parameters"
        var errors = IngressValidation.check(
            group: parameters.apiGroup, kind: parameters.kind, name: parameters.name, at: path)
        switch parameters.scope {
        case nil: errors.append(.required("\(path).scope"))
        case "Namespace":
            if let namespace = parameters.namespace {
                errors += NameFormat.label(namespace).map { .invalid("\(path).namespace", namespace, $0) }
            } else {
                errors.append(.required("\(path).namespace", "`parameters.scope` is set to 'Namespace'"))
            }
        case "Cluster":
            if parameters.namespace != nil {
                errors.append(.forbidden("\(path).namespace", "`parameters.scope` is set to 'Cluster'"))
            }
        case .some(let scope): errors.append(.notSupported("\(path).scope", scope, ["Cluster", "Namespace"]))
        }
        return errors
    }
}
