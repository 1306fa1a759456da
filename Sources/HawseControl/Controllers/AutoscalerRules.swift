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
        self.policies = rules?.policies ?? policies
        self.isUp = isUp
    }

    /// What a manifest says, with the API server's defaults in its gaps.
    func filled(_ rules: Kubernetes.ScalingRules?, window: Int?) -> Kubernetes.ScalingRules {
        var result = rules ?? Kubernetes.ScalingRules()
        if result.stabilizationWindowSeconds == nil { result.stabilizationWindowSeconds = window }
        (result.selectPolicy, result.policies) = (select, policies)
        return result
    }

    /// The furthest count that the policies allow now; `with` are changes in this direction, `against` in the other.
    func limit(
        from current: Int, with: [AutoscalerHistory.Change], against: [AutoscalerHistory.Change], now: Kubernetes.Time
    ) -> Int {
        if select == "Disabled" { return current }
        let limits = policies.map { policy -> Int in
            let since = now.microseconds - Int64(policy.periodSeconds) * 1_000_000
            func sum(_ changes: [AutoscalerHistory.Change]) -> Int {
                changes.filter { $0.time.microseconds > since }.reduce(0) { $0 + $1.change }
            }
            let moved = sum(with) - sum(against)
            let start = isUp ? current - moved : current + moved
            let share = Double(policy.value) / 100
            switch (policy.type, isUp) {
            case ("Pods", true): return start + policy.value
            case ("Pods", false): return start - policy.value
            case (_, true): return Int((Double(start) * (1 + share)).rounded(.up))
            default: return Int(Double(start) * (1 - share))
            }
        }
        let widest = isUp ? limits.max() : limits.min()
        let narrowest = isUp ? limits.min() : limits.max()
        let limit = (select == "Min" ? narrowest : widest) ?? current
        // What was changed already in the period is not taken back.
        return isUp ? max(limit, current) : min(limit, current)
    }
}

extension ClusterState {
    /// A condition keeps its place; its time is that of its last change of state (`setConditionInList`).
    static func setAutoscalerCondition(
        _ conditions: inout [Kubernetes.Condition], _ type: String, _ value: Bool, _ reason: String, _ message: String,
        _ now: Kubernetes.Time
    ) {
        conditions.set(Kubernetes.Condition(type: type, status: value, reason: reason, message: message, at: now))
    }
}
