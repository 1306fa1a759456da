/// How fast an autoscaler may go in one direction, with the API's defaults filled in.
struct AutoscalerRules {
    /// Seconds over which recommendations are smoothed.
    var window: Int
    var select: String
    var policies: [Kubernetes.ScalingPolicy]
    private var isUp: Bool

    /// Up: no window; the larger of four pods and doubling every 15 seconds.
    static func up(_ rules: Kubernetes.ScalingRules?) -> AutoscalerRules {
        AutoscalerRules(
            rules, window: 0, isUp: true,
            policies: [
                .init(type: "Pods", value: 4, periodSeconds: 15), .init(type: "Percent", value: 100, periodSeconds: 15),
            ])
    }

    /// Down: a window of five minutes, then all at once.
    static func down(_ rules: Kubernetes.ScalingRules?) -> AutoscalerRules {
        AutoscalerRules(
            rules, window: 300, isUp: false, policies: [.init(type: "Percent", value: 100, periodSeconds: 15)])
    }

    private init(
        _ rules: Kubernetes.ScalingRules?, window: Int, isUp: Bool, policies: [Kubernetes.ScalingPolicy]
    ) {
        self.window = rules?.stabilizationWindowSeconds ?? window
        select = rules?.selectPolicy ?? "Max"
        self.policies = rules.map { $0.policies.isEmpty ? policies : $0.policies } ?? policies
        self.isUp = isUp
    }

    /// The furthest count that the policies allow now.
    func limit(from current: Int, changes: [(time: Kubernetes.Time, change: Int)], now: Kubernetes.Time) -> Int {
        if select == "Disabled" { return current }
        let limits = policies.map { policy -> Int in
            let since = now.microseconds - Int64(policy.periodSeconds) * 1_000_000
            let done = changes.filter { $0.time.microseconds > since }.reduce(0) { $0 + $1.change }
            let start = isUp ? current - done : current + done
            let amount =
                policy.type == "Pods"
                ? policy.value
                : isUp
                    ? Int((Double(start) * Double(policy.value) / 100).rounded(.up))
                    : start - Int(Double(start) * (1 - Double(policy.value) / 100))
            return isUp ? start + amount : start - amount
        }
        let widest = isUp ? limits.max() : limits.min()
        let narrowest = isUp ? limits.min() : limits.max()
        return (select == "Min" ? narrowest : widest) ?? current
    }
}
