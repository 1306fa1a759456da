import HawseModel

/// Rows of workloads.
enum WorkloadRow {
    static func columns(of type: any KubernetesObject.Type) -> ResourceColumns {
        switch type {
        case is Kubernetes.Deployment.Type:
            ResourceColumns.make(
                Kubernetes.Deployment.self,
                ["NAME", "READY", "UP-TO-DATE", "AVAILABLE", "AGE", "CONTAINERS", "IMAGES", "SELECTOR"], 5
            ) { object, state in
                [
                    object.metadata.name, "\(object.status.readyReplicas)/\(object.spec.replicas ?? 1)",
                    String(object.status.updatedReplicas), String(object.status.availableReplicas),
                    ResourceColumns.age(object, state),
                ] + template(object.spec.template) + [ResourceColumns.selector(object.spec.selector)]
            }
        case is Kubernetes.ReplicaSet.Type:
            ResourceColumns.make(Kubernetes.ReplicaSet.self, replicaNames, 5) { object, state in
                counts(object, object.spec.replicas ?? 1, object.status, state)
                    + template(object.spec.template) + [ResourceColumns.selector(object.spec.selector)]
            }
        case is Kubernetes.ReplicationController.Type:
            ResourceColumns.make(Kubernetes.ReplicationController.self, replicaNames, 5) { object, state in
                counts(object, object.spec.replicas ?? 1, object.status, state)
                    + template(object.spec.template ?? Kubernetes.PodTemplate())
                    + [ResourceColumns.labels(object.spec.selector)]
            }
        case is Kubernetes.StatefulSet.Type:
            ResourceColumns.make(Kubernetes.StatefulSet.self, ["NAME", "READY", "AGE", "CONTAINERS", "IMAGES"], 3) {
                [$0.metadata.name, "\($0.status.readyReplicas)/\($0.spec.replicas ?? 1)", ResourceColumns.age($0, $1)]
                    + template($0.spec.template)
            }
        case is Kubernetes.DaemonSet.Type:
            ResourceColumns.make(
                Kubernetes.DaemonSet.self,
                ["NAME", "DESIRED", "CURRENT", "READY", "UP-TO-DATE", "AVAILABLE", "NODE SELECTOR", "AGE", "CONTAINERS",
                 "IMAGES", "SELECTOR"], 8, daemonSet)
        case is Kubernetes.Job.Type:
            ResourceColumns.make(
                Kubernetes.Job.self,
                ["NAME", "STATUS", "COMPLETIONS", "DURATION", "AGE", "CONTAINERS", "IMAGES", "SELECTOR"], 5, job)
        case is Kubernetes.CronJob.Type:
            ResourceColumns.make(
                Kubernetes.CronJob.self,
                ["NAME", "SCHEDULE", "TIMEZONE", "SUSPEND", "ACTIVE", "LAST SCHEDULE", "AGE", "CONTAINERS", "IMAGES",
                 "SELECTOR"], 7, cronJob)
        case is Kubernetes.HorizontalPodAutoscaler.Type:
            ResourceColumns.make(
                Kubernetes.HorizontalPodAutoscaler.self,
                ["NAME", "REFERENCE", "TARGETS", "MINPODS", "MAXPODS", "REPLICAS", "AGE"], 7, autoscaler)
        default:
            ResourceColumns(names: ["NAME", "AGE"], narrow: 2) { object, state in
                [object.metadata.name, HumanDuration.age(of: object.metadata.creationTimestamp, at: state.now)]
            }
        }
    }

    private static let replicaNames = [
        "NAME", "DESIRED", "CURRENT", "READY", "AGE", "CONTAINERS", "IMAGES", "SELECTOR",
    ]

    private static func counts(
        _ object: some KubernetesObject, _ wanted: Int, _ status: Kubernetes.ReplicaSetStatus, _ state: ClusterState
    ) -> [String] {
        [
            object.metadata.name, String(wanted), String(status.replicas), String(status.readyReplicas),
            ResourceColumns.age(object, state),
        ]
    }

    /// Containers and images.
    private static func template(_ template: Kubernetes.PodTemplate) -> [String] {
        [
            template.spec.containers.map(\.name).joined(separator: ","),
            template.spec.containers.map(\.image).joined(separator: ","),
        ]
    }

    private static func daemonSet(_ set: Kubernetes.DaemonSet, _ state: ClusterState) -> [String] {
        [
            set.metadata.name, String(set.status.desiredNumberScheduled), String(set.status.currentNumberScheduled),
            String(set.status.numberReady), String(set.status.updatedNumberScheduled),
            String(set.status.numberAvailable), ResourceColumns.labels(set.spec.template.spec.nodeSelector),
            ResourceColumns.age(set, state),
        ] + template(set.spec.template) + [ResourceColumns.selector(set.spec.selector)]
    }

    private static func job(_ job: Kubernetes.Job, _ state: ClusterState) -> [String] {
        let conditions = Set(job.status.conditions.filter { $0.status == "True" }.map(\.type))
        let ended = ["Complete", "Failed"].first(where: conditions.contains)
        let ending = ["Suspended", "FailureTarget", "SuccessCriteriaMet"].first(where: conditions.contains)
        let word = ended ?? (job.metadata.isTerminating ? "Terminating" : ending ?? "Running")
        let parallelism = job.spec.parallelism ?? 0
        let completions =
            job.spec.completions.map { "\(job.status.succeeded)/\($0)" }
            ?? (parallelism > 1 ? "\(job.status.succeeded)/1 of \(parallelism)" : "\(job.status.succeeded)/1")
        let duration = job.status.startTime.map {
            HumanDuration.text(seconds: (job.status.completionTime ?? state.now).seconds - $0.seconds)
        }
        return [job.metadata.name, word, completions, duration ?? "", ResourceColumns.age(job, state)]
            + template(job.spec.template) + [ResourceColumns.selector(job.spec.selector)]
    }

    private static func cronJob(_ cron: Kubernetes.CronJob, _ state: ClusterState) -> [String] {
        [
            cron.metadata.name, cron.spec.schedule, cron.spec.timeZone ?? "<none>",
            cron.spec.suspend == true ? "True" : "False", String(cron.status.active.count),
            cron.status.lastScheduleTime.map { HumanDuration.age(of: $0, at: state.now) } ?? "<none>",
            ResourceColumns.age(cron, state),
        ] + template(cron.spec.jobTemplate.spec.template)
            + [ResourceColumns.selector(cron.spec.jobTemplate.spec.selector)]
    }

    /// What is measured and what it should be (`formatHPAMetrics`).
    private static func goal(_ metric: Kubernetes.MetricSpec, _ known: ManifestNode?) -> String {
        guard let source = metric.source else { return "<unknown type>" }
        let target = source.target
        let measured = MeasuredMetric(metric.type, known)
        let average = measured.average
        switch metric.type {
        case "Resource", "ContainerResource":
            if let goal = target.averageValue { return "\(source.name): \(average)/\(goal.text)" }
            let used = measured.utilization.map { "\($0)%" } ?? "<unknown>"
            return "\(source.name): \(used)/\(target.averageUtilization.map { "\($0)%" } ?? "<auto>")"
        case "Pods": return "\(average)/\(target.averageValue?.text ?? "")"
        default:
            return target.averageValue.map { "\(average)/\($0.text) (avg)" } ?? "\(measured.value)/\(target.value?.text ?? "")"
        }
    }

    private static func autoscaler(_ scaler: Kubernetes.HorizontalPodAutoscaler, _ state: ClusterState) -> [String] {
        let known = scaler.status.currentMetrics ?? []
        var targets = scaler.spec.metrics.enumerated().map { goal($0.element, $0.offset < known.count ? known[$0.offset] : nil) }
        let more = targets.count - 2
        if more > 0 { targets = [targets[0], "\(targets[1]) + \(more) more..."] }
        return [
            scaler.metadata.name, "\(scaler.spec.scaleTargetRef.kind)/\(scaler.spec.scaleTargetRef.name)",
            targets.isEmpty ? "<none>" : targets.joined(separator: ", "),
            scaler.spec.minReplicas.map(String.init) ?? "<unset>", String(scaler.spec.maxReplicas),
            String(scaler.status.currentReplicas), ResourceColumns.age(scaler, state),
        ]
    }
}
