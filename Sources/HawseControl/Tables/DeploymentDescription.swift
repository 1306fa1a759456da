/// `kubectl describe deployment`.
enum DeploymentDescription {
    static func write(_ deployment: Kubernetes.Deployment, _ state: ClusterState, _ writer: inout DescriptionWriter) {
        let (spec, status) = (deployment.spec, deployment.status)
        if let time = deployment.metadata.creationTimestamp { writer.line("CreationTimestamp", time.text) }
        writer.map("Labels", deployment.metadata.labels)
        writer.map("Annotations", deployment.metadata.annotations, separator: ": ")
        writer.line("Selector", ResourceColumns.selector(spec.selector))
        writer.line(
            "Replicas",
            "\(spec.replicas ?? 1) desired | \(status.updatedReplicas) updated | \(status.replicas) total | "
                + "\(status.availableReplicas) available | \(status.unavailableReplicas) unavailable")
        writer.line("StrategyType", spec.strategy.type)
        writer.line("MinReadySeconds", String(spec.minReadySeconds))
        if let update = spec.strategy.rollingUpdate {
            writer.line(
                "RollingUpdateStrategy",
                "\(update.maxUnavailable?.description ?? "0") max unavailable, \(update.maxSurge?.description ?? "0") max surge")
        }
        PodTemplateDescription.write(spec.template, &writer)
        writer.line("Conditions")
        for condition in status.conditions {
            writer.line(condition.type, "\(condition.status)  \(condition.reason)", indent: 1)
        }
        let sets = state.replicaSets(of: deployment)
        let current = sets.first { ClusterState.sameTemplate($0.spec.template, spec.template) }
        func text(_ set: Kubernetes.ReplicaSet) -> String {
            "\(set.metadata.name) (\(set.status.replicas)/\(set.spec.replicas ?? 0) replicas created)"
        }
        let old = sets.filter { $0.key != current?.key && ($0.spec.replicas ?? 0) > 0 }
        writer.line("OldReplicaSets", old.isEmpty ? "<none>" : old.map(text).joined(separator: ", "))
        writer.line("NewReplicaSet", current.map(text) ?? "<none>")
    }
}
