/// What a kubelet remembers of one pod between two looks at it.
struct PodRuntime: Sendable {
    /// When the sandbox was there and the first container was started.
    var started: Kubernetes.Time?
    var containers: [String: ContainerRuntime] = [:]
    /// The status that the API server could not be told yet.
    var unpublished: Kubernetes.PodStatus?
}

struct ContainerRuntime: Sendable {
    var startedAt: Kubernetes.Time?
    var restarts = 0
    /// Set while the container waits to be started again (CrashLoopBackOff).
    var restartAt: Kubernetes.Time?
    var exitCode: Int?
    var finishedAt: Kubernetes.Time?
    /// How the run before this one ended.
    var last: Kubernetes.ContainerTerminated?
    var readiness = ProbeRuntime()
    var liveness = ProbeRuntime()
    var startup = ProbeRuntime()
    /// A scripted answer to the next probes; nil: they succeed.
    var probesSucceed: Bool?
    var livenessSucceeds: Bool?
}

/// The counters of one probe (`prober.worker`).
struct ProbeRuntime: Sendable {
    var next: Kubernetes.Time?
    var successes = 0
    var failures = 0
    /// The probe's settled result; readiness starts as failed, liveness as passed.
    var passed = false
    /// Asked by packets, and not yet answered.
    var isAsked = false
}
