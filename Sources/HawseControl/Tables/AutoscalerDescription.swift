import HawseModel

/// `kubectl describe hpa` (`autoscaling/v2`).
enum AutoscalerDescription {
    static func write(_ scaler: Kubernetes.HorizontalPodAutoscaler, _ writer: inout DescriptionWriter) {
        let (spec, status) = (scaler.spec, scaler.status)
        ResourceDescription.head(scaler, &writer)
        writer.line("CreationTimestamp", scaler.metadata.createdText)
        writer.line("Reference", "\(spec.scaleTargetRef.kind)/\(spec.scaleTargetRef.name)")
        writer.line("Metrics", "( current / target )")
        for (index, metric) in spec.metrics.enumerated() {
            let known = status.currentMetrics ?? []
            write(metric, index < known.count ? known[index] : nil, &writer)
        }
        writer.line("Min replicas", spec.minReplicas.map { String($0) } ?? "<unset>")
        writer.line("Max replicas", String(spec.maxReplicas))
        if let behavior = spec.behavior {
            writer.heading("Behavior")
            direction("Scale Up", behavior.scaleUp, &writer)
            direction("Scale Down", behavior.scaleDown, &writer)
        }
        writer.line(
            "\(spec.scaleTargetRef.kind) pods", "\(status.currentReplicas) current / \(status.desiredReplicas) desired")
        if status.conditions.isEmpty { return }
        writer.heading("Conditions")
        writer.header(["Type", "Status", "Reason", "Message"])
        for condition in status.conditions {
            writer.row([condition.type, condition.status, condition.reason, condition.message])
        }
    }

    private static func write(
        _ metric: Kubernetes.MetricSpec, _ known: ManifestNode?, _ writer: inout DescriptionWriter
    ) {
        guard let source = metric.source else {
            return writer.plain("<unknown metric type \"\(metric.type)\">", 1)
        }
        let measured = MeasuredMetric(metric.type, known)
        let (average, value, target) = (measured.average, measured.value, source.target)
        let name = "\"\(source.metric?.name ?? "")\""
        switch metric.type {
        case "External":
            if let goal = target.averageValue {
                writer.line("\(name) (target average value)", "\(average) / \(goal.text)", 1)
            } else {
                writer.line("\(name) (target value)", "\(value) / \(target.value?.text ?? "<nil>")", 1)
            }
        case "Pods": writer.line("\(name) on pods", "\(average) / \(target.averageValue?.text ?? "<nil>")", 1)
        case "Object":
            let what = "\(name) on \(source.describedObject?.kind ?? "")/\(source.describedObject?.name ?? "")"
            if target.type == "AverageValue" {
                writer.line("\(what) (target average value)", "\(average) / \(target.averageValue?.text ?? "<nil>")", 1)
            } else {
                writer.line("\(what) (target value)", "\(value) / \(target.value?.text ?? "<nil>")", 1)
            }
        default:
            let container = metric.type == "ContainerResource" ? " of container \"\(source.container)\"" : ""
            let what = "resource \(source.name)\(container) on pods"
            if let goal = target.averageValue { return writer.line(what, "\(average) / \(goal.text)", 1) }
            let used = measured.utilization.map { "\($0)% (\(average))" } ?? "<unknown>"
            let goal = target.averageUtilization.map { "\($0)%" } ?? "<auto>"
            writer.line("\(what)  (as a percentage of request)", "\(used) / \(goal)", 1)
        }
    }

    private static func direction(
        _ label: String, _ rules: Kubernetes.ScalingRules?, _ writer: inout DescriptionWriter
    ) {
        guard let rules else { return }
        writer.heading(label, 1)
        if let seconds = rules.stabilizationWindowSeconds { writer.plain("Stabilization Window: \(seconds) seconds", 2) }
        guard let policies = rules.policies, !policies.isEmpty else { return }
        writer.plain("Select Policy: \(rules.selectPolicy ?? "Max")", 2)
        writer.heading("Policies", 2)
        for policy in policies {
            writer.row(["- Type: \(policy.type)", "Value: \(policy.value)", "Period: \(policy.periodSeconds) seconds"], 3)
        }
    }
}

/// What an autoscaler's status says of one metric (`MetricStatus.<source>.current`), as listings print it.
struct MeasuredMetric {
    var average = "<unknown>"
    var value = "<unknown>"
    /// Per cent of the requests.
    var utilization: Int?

    init(_ type: String, _ status: ManifestNode?) {
        guard let current = status?[type.prefix(1).lowercased() + type.dropFirst()]?["current"] else { return }
        if let text = current["averageValue"]?.text { average = text }
        if let text = current["value"]?.text { value = text }
        utilization = current["averageUtilization"]?.int
    }
}
