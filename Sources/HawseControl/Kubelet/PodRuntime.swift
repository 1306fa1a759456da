/// What a kubelet remembers of one pod between two looks at it.
struct PodRuntime: Sendable {
    /// When the sandbox was there and the first container was started.
    var started: Kubernetes.Time?
    var containers: [String: ContainerRuntime] = [:]
    /// The status that the API server could not be told yet.
    var unpublished: Kubernetes.PodStatus?
    /// Its end has been told of.
    var isToldToEnd = false
}

struct ContainerRuntime: Sendable {
    var startedAt: Kubernetes.Time?
    var restarts = 0
    /// Set while the container waits to be started again (CrashLoopBackOff).
    var restartAt: Kubernetes.Time?
    /// Seconds from the last end to the next start (0: none yet), and when they were set.
    var backoff: Int64 = 0
    var backoffSet: Kubernetes.Time?
    /// When its probes' tickers were started: with the pod, and not anew with each run.
    var probeOrigin: Kubernetes.Time?
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

/// How long a container that has ended waits for its next run (`flowcontrol.Backoff` as kubelets use it): not at all the
/// first time, then 10 s, twice as long each time, five minutes at most.
extension ContainerRuntime {
    private static let shortest: Int64 = 10
    private static let longest: Int64 = 300

    /// A run of more than twice the longest wait makes up for what was before.
    private var isForgotten: Bool {
        guard let set = backoffSet, let ended = finishedAt else { return true }
        return ended.microseconds - set.microseconds > 2 * Self.longest * 1_000_000
    }

    /// Seconds to wait from the end of this run.
    var wait: Int64 { isForgotten ? 0 : backoff }

    /// When it starts again.
    func dueAgain(_ now: Kubernetes.Time) -> Kubernetes.Time {
        Kubernetes.Time(microseconds: (finishedAt ?? now).microseconds + wait * 1_000_000)
    }

    mutating func renewBackoff(at now: Kubernetes.Time) {
        backoff = isForgotten ? Self.shortest : min(2 * backoff, Self.longest)
        backoffSet = now
    }

    /// `1m20s`
    static func text(seconds: Int64) -> String { seconds < 60 ? "\(seconds)s" : "\(seconds / 60)m\(seconds % 60)s" }
}
