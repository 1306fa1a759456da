/// `kubectl describe` of ReplicaSets, StatefulSets, DaemonSets, Jobs, CronJobs and autoscalers.
enum WorkloadDescription {
    /// False for a kind that is not of these.
    static func write(_ object: any KubernetesObject, _ state: ClusterState, _ writer: inout DescriptionWriter) -> Bool {
        switch object {
        case let set as Kubernetes.ReplicaSet: write(set, state, &writer)
        case let set as Kubernetes.StatefulSet: write(set, state, &writer)
        case let set as Kubernetes.DaemonSet: write(set, state, &writer)
        case let job as Kubernetes.Job: write(job, state, &writer)
        case let cron as Kubernetes.CronJob: write(cron, &writer)
        case let scaler as Kubernetes.HorizontalPodAutoscaler: write(scaler, &writer)
        default: return false
        }
        return true
    }

    private static func labels(_ metadata: Kubernetes.ObjectMeta, _ writer: inout DescriptionWriter) {
        writer.map("Labels", metadata.labels)
        writer.map("Annotations", metadata.annotations, separator: ": ")
    }

    /// `3 Running / 0 Waiting / 0 Succeeded / 0 Failed`
    private static func pods(of uid: String, _ namespace: String, _ state: ClusterState) -> String {
        let phases = state.store.pods(ownedBy: uid, in: namespace).map(\.status.phase)
        func count(_ phase: String) -> Int { phases.count { $0 == phase } }
        return "\(count("Running")) Running / \(count("Pending")) Waiting / \(count("Succeeded")) Succeeded / "
            + "\(count("Failed")) Failed"
    }

    private static func write(_ set: Kubernetes.ReplicaSet, _ state: ClusterState, _ writer: inout DescriptionWriter) {
        writer.line("Selector", ResourceColumns.selector(set.spec.selector))
        labels(set.metadata, &writer)
        if let owner = set.metadata.controller { writer.line("Controlled By", "\(owner.kind)/\(owner.name)") }
        writer.line("Replicas", "\(set.status.replicas) current / \(set.spec.replicas ?? 1) desired")
        writer.line("Pods Status", pods(of: set.metadata.uid, set.metadata.namespace, state))
        PodTemplateDescription.write(set.spec.template, &writer)
    }

    private static func write(_ set: Kubernetes.StatefulSet, _ state: ClusterState, _ writer: inout DescriptionWriter) {
        if let time = set.metadata.creationTimestamp { writer.line("CreationTimestamp", time.text) }
        writer.line("Selector", ResourceColumns.selector(set.spec.selector))
        labels(set.metadata, &writer)
        writer.line("Replicas", "\(set.spec.replicas ?? 1) desired | \(set.status.replicas) total")
        writer.line("Update Strategy", set.spec.updateStrategy.type)
        if let partition = set.spec.updateStrategy.rollingUpdate?.partition {
            writer.line("Partition", String(partition), indent: 1)
        }
        writer.line("Pods Status", pods(of: set.metadata.uid, set.metadata.namespace, state))
        PodTemplateDescription.write(set.spec.template, &writer)
        let claims = set.spec.volumeClaimTemplates.compactMap { $0["metadata"]?["name"]?.text }
        writer.list("Volume Claims", claims)
    }

    private static func write(_ set: Kubernetes.DaemonSet, _ state: ClusterState, _ writer: inout DescriptionWriter) {
        writer.line("Selector", ResourceColumns.selector(set.spec.selector))
        writer.line("Node-Selector", ResourceColumns.labels(set.spec.template.spec.nodeSelector))
        labels(set.metadata, &writer)
        let status = set.status
        for (label, count) in [
            ("Desired Number of Nodes Scheduled", status.desiredNumberScheduled),
            ("Current Number of Nodes Scheduled", status.currentNumberScheduled),
            ("Number of Nodes Scheduled with Up-to-date Pods", status.updatedNumberScheduled),
            ("Number of Nodes Scheduled with Available Pods", status.numberAvailable),
            ("Number of Nodes Misscheduled", status.numberMisscheduled),
        ] {
            writer.plain("\(label): \(count)")
        }
        writer.line("Pods Status", pods(of: set.metadata.uid, set.metadata.namespace, state))
        PodTemplateDescription.write(set.spec.template, &writer)
    }

    private static func write(_ job: Kubernetes.Job, _ state: ClusterState, _ writer: inout DescriptionWriter) {
        let (spec, status) = (job.spec, job.status)
        writer.line("Selector", ResourceColumns.selector(spec.selector))
        labels(job.metadata, &writer)
        if let owner = job.metadata.controller { writer.line("Controlled By", "\(owner.kind)/\(owner.name)") }
        writer.line("Parallelism", spec.parallelism.map(String.init) ?? "<unset>")
        writer.line("Completions", spec.completions.map(String.init) ?? "<unset>")
        writer.line("Completion Mode", spec.completionMode ?? "NonIndexed")
        writer.line("Suspend", String(spec.suspend ?? false))
        if let limit = spec.backoffLimit { writer.line("Backoff Limit", String(limit)) }
        if let start = status.startTime { writer.line("Start Time", start.text) }
        if let end = status.completionTime {
            writer.line("Completed At", end.text)
            if let start = status.startTime {
                writer.line("Duration", HumanDuration.text(seconds: end.seconds - start.seconds))
            }
        }
        writer.line(
            "Pods Statuses",
            "\(status.active) Active (\(status.ready ?? 0) Ready) / \(status.succeeded) Succeeded / \(status.failed) Failed")
        if spec.completionMode == "Indexed" {
            writer.line("Completed Indexes", status.completedIndexes.isEmpty ? "<none>" : status.completedIndexes)
        }
        PodTemplateDescription.write(spec.template, &writer)
    }

    private static func write(_ cron: Kubernetes.CronJob, _ writer: inout DescriptionWriter) {
        let (spec, job) = (cron.spec, cron.spec.jobTemplate.spec)
        labels(cron.metadata, &writer)
        writer.line("Schedule", spec.schedule)
        if let zone = spec.timeZone { writer.line("Time Zone", zone) }
        writer.line("Concurrency Policy", spec.concurrencyPolicy)
        writer.line("Suspend", spec.suspend == true ? "True" : "False")
        writer.line("Successful Job History Limit", spec.successfulJobsHistoryLimit.map(String.init) ?? "<unset>")
        writer.line("Failed Job History Limit", spec.failedJobsHistoryLimit.map(String.init) ?? "<unset>")
        writer.line("Starting Deadline Seconds", spec.startingDeadlineSeconds.map { "\($0)s" } ?? "<unset>")
        writer.line("Selector", job.selector.map { ResourceColumns.selector($0) } ?? "<unset>")
        writer.line("Parallelism", job.parallelism.map(String.init) ?? "<unset>")
        writer.line("Completions", job.completions.map(String.init) ?? "<unset>")
        PodTemplateDescription.write(job.template, &writer)
        writer.line("Last Schedule Time", cron.status.lastScheduleTime?.text ?? "<unset>")
        let active = cron.status.active.map(\.name)
        writer.line("Active Jobs", active.isEmpty ? "<none>" : active.joined(separator: ", "))
    }

    private static func write(_ scaler: Kubernetes.HorizontalPodAutoscaler, _ writer: inout DescriptionWriter) {
        let target = scaler.spec.scaleTargetRef
        labels(scaler.metadata, &writer)
        if let time = scaler.metadata.creationTimestamp { writer.line("CreationTimestamp", time.text) }
        writer.line("Reference", "\(target.kind)/\(target.name)")
        writer.line("Metrics", "( current / target )")
        for metric in scaler.spec.metrics {
            guard let source = metric.source else { continue }
            let goal = source.target.averageUtilization.map { "\($0)%" } ?? source.target.averageValue?.text
                ?? source.target.value?.text ?? "<auto>"
            let name = metric.type == "Resource"
                ? "resource \(source.name) on pods" + (source.target.averageUtilization == nil ? "" : "  (as a percentage of request)")
                : "\"\(source.metric?.name ?? source.name)\"" + (metric.type == "Pods" ? " on pods" : "")
            writer.line(name, "<unknown> / \(goal)", indent: 1)
        }
        writer.line("Min replicas", scaler.spec.minReplicas.map(String.init) ?? "<unset>")
        writer.line("Max replicas", String(scaler.spec.maxReplicas))
        writer.line(
            "\(target.kind) pods", "\(scaler.status.currentReplicas) current / \(scaler.status.desiredReplicas) desired")
        if scaler.status.conditions.isEmpty { return }
        writer.line("Conditions")
        writer.table(
            ["Type", "Status", "Reason", "Message"],
            scaler.status.conditions.map { [$0.type, $0.status, $0.reason, $0.message] })
    }
}

/// The part `Pod Template:` of workloads.
enum PodTemplateDescription {
    static func write(_ template: Kubernetes.PodTemplate, _ writer: inout DescriptionWriter) {
        writer.line("Pod Template")
        writer.map("Labels", template.metadata.labels, indent: 1)
        if !template.metadata.annotations.isEmpty {
            writer.map("Annotations", template.metadata.annotations, separator: ": ", indent: 1)
        }
        if !template.spec.initContainers.isEmpty {
            writer.line("Init Containers", indent: 1)
            containers(template.spec.initContainers, &writer)
        }
        writer.line("Containers", indent: 1)
        containers(template.spec.containers, &writer)
        writer.line("Node-Selectors", ResourceColumns.labels(template.spec.nodeSelector), indent: 1)
    }

    private static func containers(_ containers: [Kubernetes.Container], _ writer: inout DescriptionWriter) {
        for container in containers {
            writer.line(container.name, indent: 2)
            writer.line("Image", container.image, indent: 3)
            let ports = container.ports.map { "\($0.containerPort)/\($0.protocol)" }
            let hosts = container.ports.map { "\($0.hostPort)/\($0.protocol)" }
            let plural = ports.count > 1 ? "s" : ""
            writer.line("Port\(plural)", ports.isEmpty ? "<none>" : ports.joined(separator: ", "), indent: 3)
            writer.line("Host Port\(plural)", hosts.isEmpty ? "<none>" : hosts.joined(separator: ", "), indent: 3)
            writer.line("Environment", "<none>", indent: 3)
            writer.line("Mounts", "<none>", indent: 3)
        }
    }
}
