/// How far from the goal an autoscaler does nothing.
struct AutoscalerTolerance {
    let up: Double
    let down: Double

    init(_ scaler: Kubernetes.HorizontalPodAutoscaler, standard: Double) {
        func value(_ rules: Kubernetes.ScalingRules?) -> Double {
            rules?.tolerance.map { Double($0.thousandths) / 1000 } ?? standard
        }
        up = value(scaler.spec.behavior?.scaleUp)
        down = value(scaler.spec.behavior?.scaleDown)
    }

    func allows(_ ratio: Double) -> Bool { 1 - down <= ratio && ratio <= 1 + up }
}

/// The pods that a metric speaks of (`groupPods`): those that have it, and those whose use says nothing yet.
struct AutoscalerLoad {
    let pods: [Kubernetes.Pod]
    let ready: Int
    /// Pods whose CPU is not counted: they are starting.
    private let startingForCPU: Int
    private let pending: Int

    /// Seconds after its start in which a pod's CPU counts only while it is ready
    /// (`--horizontal-pod-autoscaler-cpu-initialization-period`), and after which a pod that has never been ready is not
    /// starting any more (`--horizontal-pod-autoscaler-initial-readiness-delay`).
    private static let initialization: Int64 = 300
    private static let readinessDelay: Int64 = 30

    init(_ pods: [Kubernetes.Pod], now: Kubernetes.Time) {
        self.pods = pods.filter { !$0.metadata.isTerminating && $0.status.phase != "Failed" }
        ready = self.pods.filter(\.isReady).count
        pending = self.pods.filter { $0.status.phase == "Pending" }.count
        startingForCPU = self.pods.filter { pod in
            guard pod.status.phase != "Pending" else { return true }
            guard let start = pod.status.startTime, let condition = pod.condition("Ready") else { return true }
            if start.adding(seconds: Self.initialization) > now { return condition.status == "False" }
            let changed = condition.lastTransitionTime ?? Kubernetes.Time(microseconds: 0)
            return condition.status == "False" && start.adding(seconds: Self.readinessDelay) > changed
        }.count
    }

    static func count(_ wanted: Double) -> Int { wanted.isNaN ? 0 : wanted > 1e6 ? 1_000_000 : Int(max(0, wanted)) }

    /// Pods for a ratio of use to goal. Pods that are starting use nothing when it goes up and are left out when it goes
    /// down; never does leaving them out turn the direction round (`calcPlainMetricReplicas`).
    func replicas(_ ratio: Double, isCPU: Bool, current: Int, _ tolerance: AutoscalerTolerance) -> Int {
        let ignored = isCPU ? startingForCPU : pending
        let counted = pods.count - ignored
        guard counted > 0 else { return current }
        guard ignored > 0, ratio > 1 else {
            if tolerance.allows(ratio) { return current }
            return Self.count((ratio * Double(counted)).rounded(.up))
        }
        let spread = ratio * Double(counted) / Double(pods.count)
        if tolerance.allows(spread) || spread < 1 { return current }
        let wanted = Self.count((spread * Double(pods.count)).rounded(.up))
        return wanted < current ? current : wanted
    }
}
