/// `kubectl describe deployment`.
enum DeploymentDescription {
    static func write(_ deployment: Kubernetes.Deployment, _ state: ClusterState, _ writer: inout DescriptionWriter) {
        let (spec, status) = (deployment.spec, deployment.status)
        writer.line("Name", deployment.metadata.name)
        writer.line("Namespace", deployment.metadata.namespace)
        writer.line("CreationTimestamp", deployment.metadata.createdText)
        writer.labels(deployment.metadata.labels)
        writer.annotations(deployment.metadata.annotations)
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
        writer.conditions(status.conditions)
        let sets = state.replicaSets(of: deployment)
        let current = sets.first { ClusterState.sameTemplate($0.spec.template, spec.template) }
        func text(_ set: Kubernetes.ReplicaSet) -> String {
            "\(set.metadata.name) (\(set.status.replicas)/\(set.spec.replicas ?? 0) replicas created)"
        }
        // All of them, as the API server lists them, whether or not they have pods.
        let old = sets.filter { $0.key != current?.key }.sorted { $0.key < $1.key }
        if sets.isEmpty { return }
        writer.line("OldReplicaSets", old.isEmpty ? "<none>" : old.map(text).joined(separator: ", "))
        writer.line("NewReplicaSet", current.map(text) ?? "<none>")
    }
}
