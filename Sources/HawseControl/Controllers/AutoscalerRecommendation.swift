import HawseModel

/// What an autoscaler's metrics ask for.
enum AutoscalerRecommendation {
    /// `metric`: the one that asks for the most.
    case count(Int, metric: String)
    /// `whole`: with everything that is said around it.
    case unknown(reason: String, message: String, whole: String)
}

extension Kubernetes.MetricSpec {
    /// How conditions and events name the metric.
    func label(_ source: Kubernetes.MetricSource) -> String {
        let name = source.metric?.name ?? source.name
        let isAverage = source.target.averageValue != nil
        switch type {
        case "Resource": return isAverage ? "\(name) resource" : "\(name) resource utilization (percentage of request)"
        case "ContainerResource":
            return isAverage ? "\(name) resource" : "\(name) container resource utilization (percentage of request)"
        case "Pods": return "pods metric \(name)"
        case "Object" where source.target.type == "Value": return "\(source.describedObject?.kind ?? "") metric \(name)"
        default: return "external metric \(name)(\(Self.goText(source.metric?.selector)))"
        }
    }

    /// Use in hundredths of what is asked for: a whole percentage, as wide as the status has it.
    static func utilization(_ use: Int64, of request: Int64) -> Int32 {
        let percent = (Double(use) * 100 / Double(max(1, request))).rounded(.down)
        return Int32(max(Double(Int32.min), min(percent, Double(Int32.max))))
    }

    /// One pod's part of a value, rounded up.
    private static func share(_ value: Int64, of pods: Int) -> Int64 {
        let count = Int64(max(1, pods))
        return value / count + (value % count > 0 ? 1 : 0)
    }

    /// What it is at, as the status has it (`MetricStatus`); nil when nothing is known.
    func measured(
        _ source: Kubernetes.MetricSource, _ given: ScenarioMetrics, _ pods: [Kubernetes.Pod]
    ) -> ManifestNode? {
        func amount(_ thousandths: Int64) -> ManifestNode {
            .string(Kubernetes.Quantity(thousandths: thousandths, like: Kubernetes.Quantity(thousandths: 1000)).text)
        }
        var current: [ManifestNode.Entry] = []
        var entries: [ManifestNode.Entry] = []
        let name = source.metric?.name ?? source.name
        switch type {
        case "Resource", "ContainerResource":
            guard let use = given.averageUsage[source.name] else { return nil }
            if source.target.averageUtilization != nil {
                let request = pods.compactMap { SchedulerState.requests(of: $0.spec)[source.name] }.max() ?? 0
                guard request > 0 else { return nil }
                current.append(.init("averageUtilization", .integer(Int(Self.utilization(use, of: request)))))
            }
            current.append(.init("averageValue", amount(use)))
            if type == "ContainerResource" { entries.append(.init("container", .string(source.container))) }
            entries.append(.init("name", .string(source.name)))
        case "Pods":
            guard let use = given.averageUsage[name] ?? given.values[name] else { return nil }
            current.append(.init("averageValue", amount(use)))
        default:
            guard let value = given.values[name] else { return nil }
            if source.target.averageValue != nil {
                current.append(.init("averageValue", amount(Self.share(value, of: pods.count))))
            } else {
                current.append(.init("value", amount(value)))
            }
            if let object = source.describedObject { entries.append(.init("describedObject", object.written())) }
        }
        if let metric = source.metric { entries.append(.init("metric", metric.written())) }
        entries.append(.init("current", ManifestNode(.map(current))))
        let field = type.prefix(1).lowercased() + type.dropFirst()
        return ManifestNode(.map([
            .init(field, ManifestNode(.map(entries.sorted { $0.key < $1.key }))), .init("type", .string(type)),
        ]))
    }

    /// Why there is no value of it: nobody serves its API, or a container asks for nothing that a percentage could be of.
    /// The condition has the inner text, the error of the whole look the outer one.
    func failure(
        _ source: Kubernetes.MetricSource, of scaler: Kubernetes.HorizontalPodAutoscaler, pods: [Kubernetes.Pod],
        isMeasured: Bool
    ) -> (inner: String, outer: String) {
        let name = source.metric?.name ?? source.name
        let custom = "unable to fetch metrics from custom metrics API: no custom metrics API (custom.metrics.k8s.io) registered"
        switch type {
        case "Resource", "ContainerResource":
            let inner = resourceFailure(source, pods, isMeasured: isMeasured)
            let what = type == "Resource" ? "\(name) resource" : "\(source.container) container"
            return (inner, "failed to get \(what) metric value: \(inner)")
        case "Pods":
            let inner = "unable to get metric \(name): \(custom)"
            return (inner, "failed to get pods metric value: \(inner)")
        case "Object":
            let object = source.describedObject ?? Kubernetes.CrossVersionObjectReference()
            let inner = "unable to get metric \(name): \(object.kind) on \(scaler.metadata.namespace) \(object.name)/\(custom)"
            let around = source.target.type == "Value" ? "" : "failed to get \(name) object metric: "
            return (inner, "failed to get object metric value: \(around)\(inner)")
        default:
            let inner =
                "unable to get external metric \(scaler.metadata.namespace)/\(name)/\(Self.goText(source.metric?.selector)): "
                + "unable to fetch metrics from external metrics API: the server could not find the requested resource "
                + "(get \(name).external.metrics.k8s.io)"
            let around =
                source.target.averageValue != nil
                ? "failed to get \(name) external metric: " : "failed to get external metric \(name): "
            return (inner, "failed to get \(name) external metric value: \(around)\(inner)")
        }
    }

    private func resourceFailure(
        _ source: Kubernetes.MetricSource, _ pods: [Kubernetes.Pod], isMeasured: Bool
    ) -> String {
        let name = source.name
        let what = source.target.averageValue != nil ? "usage" : "utilization"
        guard isMeasured else {
            return "failed to get \(name) \(what): unable to get metrics for resource \(name): unable to fetch metrics "
                + "from resource metrics API: the server could not find the requested resource (get pods.metrics.k8s.io)"
        }
        let pod = pods.first
        let container = pod?.spec.containers.first { $0.resources.requests[name] == nil }
        return "failed to get \(name) \(what): missing request for \(name) in container \(container?.name ?? "") of "
            + "Pod \(pod?.metadata.name ?? "")"
    }

    /// A selector as Go prints it.
    private static func goText(_ selector: Kubernetes.LabelSelector?) -> String {
        guard let selector else { return "nil" }
        let labels = selector.matchLabels.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)," }.joined()
        let expressions = selector.matchExpressions.map {
            "LabelSelectorRequirement{Key:\($0.key),Operator:\($0.op),Values:[\($0.values.joined(separator: " "))],},"
        }.joined()
        return "&LabelSelector{MatchLabels:map[string]string{\(labels)},"
            + "MatchExpressions:[]LabelSelectorRequirement{\(expressions)},}"
    }
}

extension ClusterState {
    /// Why the size of a scale target cannot be read.
    static func noScale(_ target: Kubernetes.CrossVersionObjectReference) -> String {
        let group = target.apiVersion.split(separator: "/").count > 1 ? target.apiVersion.split(separator: "/")[0] : ""
        let plurals = ["Deployment": "deployments", "ReplicaSet": "replicasets", "StatefulSet": "statefulsets"]
        guard let plural = plurals[target.kind] else {
            return "no matches for kind \"\(target.kind)\" in group \"\(group)\""
        }
        return "\(plural).\(group.isEmpty ? "apps" : group) \"\(target.name)\" not found"
    }
}
