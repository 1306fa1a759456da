/// The events at the end of a description (`DescribeEvents`).
enum EventDescription {
    /// What is told more than once is one line.
    private struct Series {
        var event: ClusterEvent
        var first: Kubernetes.Time
        var count: Int
    }

    static func write(of object: any KubernetesObject, _ state: ClusterState, _ writer: inout DescriptionWriter) {
        var series: [Series] = []
        for event in state.events where event.kind == object.kindName && event.key == object.key {
            if let index = series.firstIndex(where: { $0.event.reason == event.reason && $0.event.message == event.message }) {
                series[index].event = event
                series[index].count += 1
            } else {
                series.append(Series(event: event, first: event.time, count: 1))
            }
        }
        guard !series.isEmpty else {
            writer.line("Events", "<none>")
            return
        }
        writer.heading("Events")
        writer.row(["Type", "Reason", "Age", "From", "Message"])
        writer.row(["----", "------", "----", "----", "-------"])
        for one in series.suffix(20) {
            let first = HumanDuration.age(of: one.first, at: state.now)
            let last = HumanDuration.age(of: one.event.time, at: state.now)
            let age = one.count > 1 ? "\(last) (x\(one.count) over \(first))" : first
            let type = warnings.contains(one.event.reason) || one.event.reason.hasPrefix("FailedGet") ? "Warning" : "Normal"
            writer.row([type, one.event.reason, age, source(of: one.event), one.event.message])
        }
    }

    private static let warnings: Set = [
        "AmbiguousSelector", "BackOff", "BackoffLimitExceeded", "Crashed", "DeadlineExceeded", "EvictionRefused",
        "FailedComputeMetricsReplicas", "FailedCreate", "FailedDaemonPod", "FailedIndexes", "FailedScheduling",
        "MaxFailedIndexesExceeded", "MissSchedule", "PodFailurePolicy", "TooManyAddressesToMirror", "TooManyMissedTimes",
        "UnexpectedJob", "Unhealthy", "UnknownTimeZone",
    ]

    private static let controllers = [
        "CronJob": "cronjob-controller", "DaemonSet": "daemonset-controller", "Deployment": "deployment-controller",
        "Endpoints": "endpoint-slice-mirroring-controller", "HorizontalPodAutoscaler": "horizontal-pod-autoscaler",
        "Job": "job-controller", "ReplicaSet": "replicaset-controller",
        "ReplicationController": "replication-controller", "StatefulSet": "statefulset-controller",
    ]
    private static let ofPods = [
        "BackOff": "kubelet", "FailedScheduling": "default-scheduler", "Killing": "kubelet", "Preempted": "default-scheduler",
        "Scheduled": "default-scheduler", "TaintManagerEviction": "taint-eviction-controller",
    ]

    private static func source(of event: ClusterEvent) -> String {
        controllers[event.kind] ?? (event.kind == "Pod" ? ofPods[event.reason] : nil) ?? "hawse"
    }
}
