import HawseModel

/// What the API server fills into workloads (`pkg/apis/{apps,batch,autoscaling}/v1/defaults.go`).
public enum WorkloadDefaults {
    public static func apply(_ object: inout Kubernetes.Deployment) {
        PodDefaults.apply(template: &object.spec.template.spec)
        if object.spec.replicas == nil { object.spec.replicas = 1 }
        if object.spec.strategy.type.isEmpty { object.spec.strategy.type = "RollingUpdate" }
        if object.spec.strategy.type == "RollingUpdate" {
            var update = object.spec.strategy.rollingUpdate ?? Kubernetes.RollingUpdate()
            if update.maxUnavailable == nil { update.maxUnavailable = "25%" }
            if update.maxSurge == nil { update.maxSurge = "25%" }
            object.spec.strategy.rollingUpdate = update
        }
        if object.spec.revisionHistoryLimit == nil { object.spec.revisionHistoryLimit = 10 }
        if object.spec.progressDeadlineSeconds == nil { object.spec.progressDeadlineSeconds = 600 }
    }

    public static func apply(_ object: inout Kubernetes.ReplicaSet) {
        PodDefaults.apply(template: &object.spec.template.spec)
        if object.spec.replicas == nil { object.spec.replicas = 1 }
    }

    public static func apply(_ object: inout Kubernetes.ReplicationController) {
        if object.spec.replicas == nil { object.spec.replicas = 1 }
        guard var template = object.spec.template else { return }
        PodDefaults.apply(template: &template.spec)
        object.spec.template = template
        if object.spec.selector.isEmpty { object.spec.selector = template.metadata.labels }
        if object.metadata.labels.isEmpty { object.metadata.labels = template.metadata.labels }
    }

    public static func apply(_ object: inout Kubernetes.StatefulSet) {
        PodDefaults.apply(template: &object.spec.template.spec)
        if object.spec.replicas == nil { object.spec.replicas = 1 }
        for index in object.spec.volumeClaimTemplates.indices {
            VolumeDefaults.apply(claim: &object.spec.volumeClaimTemplates[index])
        }
        if object.spec.podManagementPolicy.isEmpty { object.spec.podManagementPolicy = "OrderedReady" }
        if object.spec.updateStrategy.type.isEmpty { object.spec.updateStrategy.type = "RollingUpdate" }
        if object.spec.updateStrategy.type == "RollingUpdate" {
            var update = object.spec.updateStrategy.rollingUpdate ?? Kubernetes.RollingUpdate()
            // The MaxUnavailableStatefulSet gate is off in 1.36: the API server drops the field.
            update.maxUnavailable = nil
            if update.partition == nil { update.partition = 0 }
            object.spec.updateStrategy.rollingUpdate = update
        }
        if object.spec.revisionHistoryLimit == nil { object.spec.revisionHistoryLimit = 10 }
        let policy = object.spec.persistentVolumeClaimRetentionPolicy
        object.spec.persistentVolumeClaimRetentionPolicy = ManifestNode(
            .map(
                ["whenDeleted", "whenScaled"].map { field in
                    let given = policy?[field]?.text ?? ""
                    return .init(field, .string(given.isEmpty ? "Retain" : given))
                }))
    }

    public static func apply(_ object: inout Kubernetes.DaemonSet) {
        PodDefaults.apply(template: &object.spec.template.spec)
        if object.spec.updateStrategy.type.isEmpty { object.spec.updateStrategy.type = "RollingUpdate" }
        if object.spec.updateStrategy.type == "RollingUpdate" {
            var update = object.spec.updateStrategy.rollingUpdate ?? Kubernetes.RollingUpdate()
            if update.maxUnavailable == nil { update.maxUnavailable = 1 }
            if update.maxSurge == nil { update.maxSurge = 0 }
            object.spec.updateStrategy.rollingUpdate = update
        }
        if object.spec.revisionHistoryLimit == nil { object.spec.revisionHistoryLimit = 10 }
    }

    public static func apply(_ spec: inout Kubernetes.JobSpec) {
        PodDefaults.apply(template: &spec.template.spec)
        if spec.completions == nil, spec.parallelism == nil {
            spec.completions = 1
            spec.parallelism = 1
        }
        if spec.parallelism == nil { spec.parallelism = 1 }
        if spec.backoffLimit == nil { spec.backoffLimit = spec.backoffLimitPerIndex == nil ? 6 : Int(Int32.max) }
        if spec.completionMode == nil { spec.completionMode = "NonIndexed" }
        if spec.suspend == nil { spec.suspend = false }
        if spec.podReplacementPolicy == nil {
            spec.podReplacementPolicy = spec.podFailurePolicy == nil ? "TerminatingOrFailed" : "Failed"
        }
        for rule in spec.podFailurePolicy?.rules.indices ?? 0..<0 {
            for index in spec.podFailurePolicy?.rules[rule].onPodConditions.indices ?? 0..<0
            where spec.podFailurePolicy?.rules[rule].onPodConditions[index].status.isEmpty == true {
                spec.podFailurePolicy?.rules[rule].onPodConditions[index].status = "True"
            }
        }
        if spec.manualSelector == nil { spec.manualSelector = false }
    }

    public static func apply(_ object: inout Kubernetes.CronJob) {
        if object.spec.concurrencyPolicy.isEmpty { object.spec.concurrencyPolicy = "Allow" }
        if object.spec.suspend == nil { object.spec.suspend = false }
        if object.spec.successfulJobsHistoryLimit == nil { object.spec.successfulJobsHistoryLimit = 3 }
        if object.spec.failedJobsHistoryLimit == nil { object.spec.failedJobsHistoryLimit = 1 }
        // A Job template gets the pod's defaults only; the Job's own come when a Job is made of it.
        PodDefaults.apply(template: &object.spec.jobTemplate.spec.template.spec)
    }

    public static func apply(_ object: inout Kubernetes.HorizontalPodAutoscaler) {
        if object.spec.minReplicas == nil { object.spec.minReplicas = 1 }
        if let percent = object.spec.targetCPUUtilizationPercentage, object.spec.metrics.isEmpty {
            object.spec.metrics = [cpuMetric(percent)]
            object.spec.targetCPUUtilizationPercentage = nil
        }
        if object.spec.metrics.isEmpty { object.spec.metrics = [cpuMetric(80)] }
        guard var behavior = object.spec.behavior else { return }
        // Whoever says something of one direction has both written out; the window down is the controller's own.
        behavior.scaleUp = AutoscalerRules.up(behavior.scaleUp).filled(behavior.scaleUp, window: 0)
        behavior.scaleDown = AutoscalerRules.down(behavior.scaleDown).filled(behavior.scaleDown, window: nil)
        object.spec.behavior = behavior
    }

    private static func cpuMetric(_ percent: Int) -> Kubernetes.MetricSpec {
        var source = Kubernetes.MetricSource()
        source.name = "cpu"
        source.target.type = "Utilization"
        source.target.averageUtilization = percent
        var metric = Kubernetes.MetricSpec()
        metric.type = "Resource"
        metric.resource = source
        return metric
    }
}
