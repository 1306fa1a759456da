/// What an autoscaler's metrics ask for.
enum AutoscalerRecommendation {
    /// `metric`: the one that asks for the most.
    case count(Int, metric: String)
    case unknown(reason: String, message: String)
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

    /// Why there is no value of it: nobody serves its API, or a container asks for nothing that a percentage could be of.
    func failure(
        _ source: Kubernetes.MetricSource, of scaler: Kubernetes.HorizontalPodAutoscaler, pods: [Kubernetes.Pod],
        isMeasured: Bool
    ) -> String {
        let name = source.metric?.name ?? source.name
        let custom = "unable to fetch metrics from custom metrics API: no custom metrics API (custom.metrics.k8s.io) registered"
        switch type {
        case "Resource", "ContainerResource":
            let what = source.target.averageValue != nil ? "usage" : "utilization"
            guard isMeasured else {
                return "failed to get \(name) \(what): unable to get metrics for resource \(name): unable to fetch metrics "
                    + "from resource metrics API: the server could not find the requested resource (get pods.metrics.k8s.io)"
            }
            let pod = pods.first
            let container = pod?.spec.containers.first { $0.resources.requests[name] == nil }
            return "failed to get \(name) \(what): missing request for \(name) in container \(container?.name ?? "") of "
                + "Pod \(pod?.metadata.name ?? "")"
        case "Pods": return "unable to get metric \(name): \(custom)"
        case "Object":
            let object = source.describedObject ?? Kubernetes.CrossVersionObjectReference()
            let why = "unable to get metric \(name): \(object.kind) on \(scaler.metadata.namespace) \(object.name)/\(custom)"
            return source.target.type == "Value" ? why : "failed to get \(name) object metric: \(why)"
        default:
            return "unable to get external metric \(scaler.metadata.namespace)/\(name)/\(Self.goText(source.metric?.selector)): "
                + "unable to fetch metrics from external metrics API: the server could not find the requested resource "
                + "(get \(name).external.metrics.k8s.io)"
        }
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
