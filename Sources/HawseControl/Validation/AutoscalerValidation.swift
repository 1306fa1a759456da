/// `ValidateHorizontalPodAutoscaler` of `pkg/apis/autoscaling/validation`.
enum AutoscalerValidation {
    static func check(_ object: Kubernetes.HorizontalPodAutoscaler) -> [FieldError] {
        let spec = object.spec
        var errors = MetadataValidation.check(object.metadata, name: NameFormat.subdomain)
        if let minimum = spec.minReplicas {
            if minimum < 1 {
                errors.append(.invalid("spec.minReplicas", minimum, "must be greater than or equal to 1"))
            }
            if spec.maxReplicas < minimum {
                errors.append(
                    .invalid("spec.maxReplicas", spec.maxReplicas, "must be greater than or equal to `minReplicas`"))
            }
        }
        if spec.maxReplicas < 1 {
            errors.append(.invalid("spec.maxReplicas", spec.maxReplicas, "must be greater than 0"))
        }
        if spec.scaleTargetRef.kind.isEmpty { errors.append(.required("spec.scaleTargetRef.kind")) }
        if spec.scaleTargetRef.name.isEmpty { errors.append(.required("spec.scaleTargetRef.name")) }
        for (index, metric) in spec.metrics.enumerated() {
            errors += check(metric, at: "spec.metrics[\(index)]")
        }
        return errors
    }

    private static func check(_ metric: Kubernetes.MetricSpec, at path: String) -> [FieldError] {
        let known = ["ContainerResource", "External", "Object", "Pods", "Resource"]
        if metric.type.isEmpty { return [.required("\(path).type", "must specify a metric source type")] }
        if !known.contains(metric.type) { return [.notSupported("\(path).type", metric.type, known)] }
        guard let source = metric.source else {
            let field = metric.type.prefix(1).lowercased() + metric.type.dropFirst()
            return [.required("\(path).\(field)", "must populate information for the given metric source")]
        }
        let target = source.target
        if target.averageUtilization == nil, target.averageValue == nil, target.value == nil {
            return [
                .required("\(path).resource.target.averageUtilization", "must set either a target raw value or a target utilization")
            ]
        }
        return []
    }
}
