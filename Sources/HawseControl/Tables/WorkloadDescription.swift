import HawseModel

/// `kubectl describe` of ReplicaSets, ReplicationControllers, StatefulSets, DaemonSets, Jobs, CronJobs and autoscalers.
enum WorkloadDescription {
    /// False for a kind that is not of these.
    static func write(_ object: any KubernetesObject, _ state: ClusterState, _ writer: inout DescriptionWriter) -> Bool {
        switch object {
        case let set as Kubernetes.ReplicaSet: write(set, state, &writer)
        case let controller as Kubernetes.ReplicationController: write(controller, state, &writer)
        case let set as Kubernetes.StatefulSet: write(set, state, &writer)
        case let set as Kubernetes.DaemonSet: write(set, state, &writer)
        case let job as Kubernetes.Job: write(job, &writer)
        case let cron as Kubernetes.CronJob: write(cron, &writer)
        case let scaler as Kubernetes.HorizontalPodAutoscaler: AutoscalerDescription.write(scaler, &writer)
        default: return false
        }
        return true
    }

    private static func name(_ metadata: Kubernetes.ObjectMeta, _ writer: inout DescriptionWriter) {
        writer.line("Name", metadata.name)
        writer.line("Namespace", metadata.namespace)
    }

    private static func labels(_ metadata: Kubernetes.ObjectMeta, _ writer: inout DescriptionWriter) {
        writer.labels(metadata.labels)
        writer.annotations(metadata.annotations)
    }

    private static func owner(_ metadata: Kubernetes.ObjectMeta, _ writer: inout DescriptionWriter) {
        if let owner = metadata.controller { writer.line("Controlled By", "\(owner.kind)/\(owner.name)") }
    }

    /// `3 Running / 0 Waiting / 0 Succeeded / 0 Failed`
    private static func pods(of metadata: Kubernetes.ObjectMeta, _ state: ClusterState) -> String {
        let phases = state.store.pods(ownedBy: metadata.uid, in: metadata.namespace).map(\.status.phase)
        func count(_ phase: String) -> Int { phases.count { $0 == phase } }
        return "\(count("Running")) Running / \(count("Pending")) Waiting / \(count("Succeeded")) Succeeded / "
            + "\(count("Failed")) Failed"
    }

    private static func number(_ value: Int?) -> String { value.map { String($0) } ?? "<unset>" }

    private static func write(_ set: Kubernetes.ReplicaSet, _ state: ClusterState, _ writer: inout DescriptionWriter) {
        name(set.metadata, &writer)
        writer.line("Selector", ResourceColumns.selector(set.spec.selector))
        labels(set.metadata, &writer)
        owner(set.metadata, &writer)
        writer.line("Replicas", "\(set.status.replicas) current / \(set.spec.replicas ?? 1) desired")
        writer.line("Pods Status", pods(of: set.metadata, state))
        PodTemplateDescription.write(set.spec.template, &writer)
        writer.conditions(set.status.conditions)
    }

    private static func write(
        _ controller: Kubernetes.ReplicationController, _ state: ClusterState, _ writer: inout DescriptionWriter
    ) {
        name(controller.metadata, &writer)
        writer.line("Selector", ResourceColumns.labels(controller.spec.selector))
        labels(controller.metadata, &writer)
        writer.line("Replicas", "\(controller.status.replicas) current / \(controller.spec.replicas ?? 1) desired")
        writer.line("Pods Status", pods(of: controller.metadata, state))
        PodTemplateDescription.write(controller.spec.template, &writer)
        writer.conditions(controller.status.conditions)
    }

    private static func write(_ set: Kubernetes.StatefulSet, _ state: ClusterState, _ writer: inout DescriptionWriter) {
        name(set.metadata, &writer)
        writer.line("CreationTimestamp", set.metadata.createdText)
        writer.line("Selector", ResourceColumns.selector(set.spec.selector))
        labels(set.metadata, &writer)
        writer.line("Replicas", "\(set.spec.replicas ?? 1) desired | \(set.status.replicas) total")
        writer.line("Update Strategy", set.spec.updateStrategy.type)
        if let update = set.spec.updateStrategy.rollingUpdate, let partition = update.partition {
            writer.line("Partition", String(partition), 1)
            if let most = update.maxUnavailable { writer.line("MaxUnavailable", most.description, 1) }
        }
        writer.line("Pods Status", pods(of: set.metadata, state))
        PodTemplateDescription.write(set.spec.template, &writer)
        claims(set.spec.volumeClaimTemplates, &writer)
    }

    private static func claims(_ templates: [ManifestNode], _ writer: inout DescriptionWriter) {
        if templates.isEmpty { return writer.line("Volume Claims", "<none>") }
        writer.heading("Volume Claims")
        func map(_ node: ManifestNode?) -> [String: String] {
            Dictionary((node?.entries ?? []).map { ($0.key, $0.node.text ?? "") }, uniquingKeysWith: { first, _ in first })
        }
        for claim in templates {
            writer.line("Name", claim["metadata"]?["name"]?.text ?? "", 1)
            let oldClass = claim["metadata"]?["annotations"]?["volume.beta.kubernetes.io/storage-class"]?.text
            writer.line("StorageClass", oldClass ?? claim["spec"]?["storageClassName"]?.text ?? "", 1)
            writer.labels(map(claim["metadata"]?["labels"]), as: "  Labels")
            writer.labels(map(claim["metadata"]?["annotations"]), as: "  Annotations")
            writer.line("Capacity", claim["spec"]?["resources"]?["requests"]?["storage"]?.text ?? "<default>", 1)
            var modes: [String] = []
            if case .list(let items)? = claim["spec"]?["accessModes"]?.value { modes = items.compactMap(\.text) }
            writer.line("Access Modes", "[\(modes.joined(separator: " "))]", 1)
        }
    }

    private static func write(_ set: Kubernetes.DaemonSet, _ state: ClusterState, _ writer: inout DescriptionWriter) {
        name(set.metadata, &writer)
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
        writer.line("Pods Status", pods(of: set.metadata, state))
        PodTemplateDescription.write(set.spec.template, &writer)
    }

    private static func write(_ job: Kubernetes.Job, _ writer: inout DescriptionWriter) {
        let (spec, status) = (job.spec, job.status)
        name(job.metadata, &writer)
        writer.line("Selector", ResourceColumns.selector(spec.selector))
        labels(job.metadata, &writer)
        owner(job.metadata, &writer)
        if let parallelism = spec.parallelism { writer.line("Parallelism", String(parallelism)) }
        writer.line("Completions", number(spec.completions))
        if let mode = spec.completionMode { writer.line("Completion Mode", mode) }
        if let isSuspended = spec.suspend { writer.line("Suspend", String(isSuspended)) }
        if let limit = spec.backoffLimit { writer.line("Backoff Limit", String(limit)) }
        if let seconds = spec.ttlSecondsAfterFinished { writer.line("TTL Seconds After Finished", String(seconds)) }
        if let start = status.startTime { writer.line("Start Time", start.longText) }
        if let end = status.completionTime {
            writer.line("Completed At", end.longText)
            if let start = status.startTime {
                writer.line("Duration", HumanDuration.text(seconds: end.seconds - start.seconds))
            }
        }
        if let seconds = spec.activeDeadlineSeconds { writer.line("Active Deadline Seconds", "\(seconds)s") }
        let ready = status.ready.map { " (\($0) Ready)" } ?? ""
        writer.line(
            "Pods Statuses", "\(status.active) Active\(ready) / \(status.succeeded) Succeeded / \(status.failed) Failed")
        if spec.completionMode == "Indexed" { writer.line("Completed Indexes", indexes(status.completedIndexes)) }
        PodTemplateDescription.write(spec.template, &writer)
    }

    /// `capIndexesListOrNone`: the list up to the first comma behind its fiftieth character.
    private static func indexes(_ list: String) -> String {
        if list.isEmpty { return "<none>" }
        guard list.utf8.count > 50, let comma = list.dropFirst(50).firstIndex(of: ",") else { return list }
        return list[...comma] + "..."
    }

    private static func write(_ cron: Kubernetes.CronJob, _ writer: inout DescriptionWriter) {
        let (spec, job) = (cron.spec, cron.spec.jobTemplate.spec)
        name(cron.metadata, &writer)
        labels(cron.metadata, &writer)
        writer.line("Schedule", spec.schedule)
        writer.line("Concurrency Policy", spec.concurrencyPolicy)
        writer.line("Suspend", spec.suspend.map { $0 ? "True" : "False" } ?? "<unset>")
        writer.line("Time Zone", spec.timeZone ?? "<unset>")
        writer.line("Successful Job History Limit", number(spec.successfulJobsHistoryLimit))
        writer.line("Failed Job History Limit", number(spec.failedJobsHistoryLimit))
        writer.line("Starting Deadline Seconds", spec.startingDeadlineSeconds.map { "\($0)s" } ?? "<unset>")
        writer.line("Selector", job.selector.map { ResourceColumns.selector($0) } ?? "<unset>")
        writer.line("Parallelism", number(job.parallelism))
        writer.line("Completions", number(job.completions))
        if let seconds = job.activeDeadlineSeconds { writer.line("Active Deadline Seconds", "\(seconds)s") }
        PodTemplateDescription.write(job.template, &writer)
        writer.line("Last Schedule Time", cron.status.lastScheduleTime?.longText ?? "<unset>")
        let active = cron.status.active.map(\.name)
        writer.line("Active Jobs", active.isEmpty ? "<none>" : active.joined(separator: ", "))
    }
}
