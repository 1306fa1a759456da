/// Metrics that a scenario gives for the pods of one scale target; nothing measures them here.
public struct ScenarioMetrics: Sendable, Hashable {
    /// Use of a resource by one pod on average, in thousandths of its unit (millicores; memory in thousandths of bytes).
    public var averageUsage: [String: Int64] = [:]
    /// Values of custom, object and external metrics by name, in thousandths.
    public var values: [String: Int64] = [:]
    public init() {}
}

/// What an autoscaler remembers: recommendations and scalings, for its windows.
struct AutoscalerHistory: Sendable {
    var recommendations: [(time: Kubernetes.Time, replicas: Int)] = []
    var scaleUps: [(time: Kubernetes.Time, change: Int)] = []
    var scaleDowns: [(time: Kubernetes.Time, change: Int)] = []
}

extension ClusterState {
    /// Seconds between two looks (`--horizontal-pod-autoscaler-sync-period`).
    private static let syncPeriod = 15.0
    /// A tenth: below this change of ratio nothing is done (`--horizontal-pod-autoscaler-tolerance`).
    private static let tolerance = 0.1

    /// Sets the metrics of an autoscaler; they hold until set again.
    public mutating func setMetrics(_ metrics: ScenarioMetrics, ofAutoscaler key: ObjectKey) {
        self.metrics[key] = metrics
        queues.add(key, to: .autoscaler)
    }

    mutating func syncAutoscaler(_ key: ObjectKey) {
        guard let scaler = store.autoscalers[key], !scaler.metadata.isTerminating else { return }
        let target = ObjectKey(namespace: key.namespace, name: scaler.spec.scaleTargetRef.name)
        guard let scale = scaleTarget(scaler.spec.scaleTargetRef.kind, target) else {
            setScalerCondition(key, "AbleToScale", false, "FailedGetScale", "the HPA controller was unable to get the target's current scale")
            return
        }
        defer { wake(.autoscaler, key, inSeconds: Self.syncPeriod, isProgress: false) }
        let current = scale.replicas
        let minimum = scaler.spec.minReplicas ?? 1
        var desired = current
        if current == 0, minimum != 0 {
            setScalerCondition(key, "ScalingActive", false, "ScalingDisabled", "scaling is disabled since the replica count of the target is zero")
        } else if current > scaler.spec.maxReplicas {
            desired = scaler.spec.maxReplicas
        } else if current < minimum {
            desired = minimum
        } else if let wanted = recommendation(scaler, pods: scale.pods, current: current) {
            desired = stabilized(scaler, current: current, wanted: wanted)
        }
        let changed = desired != current
        if changed {
            try? self.scale(scaler.spec.scaleTargetRef.kind, target, to: desired)
            setScalerCondition(key, "AbleToScale", true, "SucceededRescale", "the HPA controller was able to update the target scale to \(desired)")
            note("SuccessfulRescale", "New size: \(desired)", kind: "HorizontalPodAutoscaler", key: key)
            remember(key, change: desired - current)
        }
        let time = now
        store.update(Kubernetes.HorizontalPodAutoscaler.self, key) {
            $0.status.currentReplicas = current
            $0.status.desiredReplicas = desired
            if changed { $0.status.lastScaleTime = time }
        }
    }

    private func scaleTarget(_ kind: String, _ key: ObjectKey) -> (replicas: Int, pods: [Kubernetes.Pod])? {
        func pods(_ selector: Kubernetes.LabelSelector?) -> [Kubernetes.Pod] {
            guard let selector else { return [] }
            return store.pods.inNamespace(key.namespace).filter { selector.matches($0.metadata.labels) && Self.isActive($0) }
        }
        switch kind {
        case "Deployment": return store.deployments[key].map { ($0.spec.replicas ?? 1, pods($0.spec.selector)) }
        case "ReplicaSet": return store.replicaSets[key].map { ($0.spec.replicas ?? 1, pods($0.spec.selector)) }
        case "StatefulSet": return store.statefulSets[key].map { ($0.spec.replicas ?? 1, pods($0.spec.selector)) }
        default: return nil
        }
    }

    private mutating func setScalerCondition(
        _ key: ObjectKey, _ type: String, _ value: Bool, _ reason: String, _ message: String
    ) {
        let time = now
        store.update(Kubernetes.HorizontalPodAutoscaler.self, key) {
            Self.set(&$0.status.conditions, type, value, reason, message, time)
            for index in $0.status.conditions.indices { $0.status.conditions[index].lastUpdateTime = nil }
        }
    }

    /// The largest of what the metrics ask for; nil when none can be computed.
    private mutating func recommendation(
        _ scaler: Kubernetes.HorizontalPodAutoscaler, pods: [Kubernetes.Pod], current: Int
    ) -> Int? {
        guard let given = metrics[scaler.key] else { return nil }
        let ready = max(1, pods.filter(\.isReady).count)
        let proposals = scaler.spec.metrics.compactMap { metric -> Int? in
            guard let source = metric.source else { return nil }
            let name = source.name.isEmpty ? source.metric?.name ?? "" : source.name
            let target = source.target
            if let percent = target.averageUtilization, percent > 0 {
                guard let use = given.averageUsage[name] else { return nil }
                let request = pods.compactMap { SchedulerState.requests(of: $0.spec)[name] }.max() ?? 0
                guard request > 0 else { return nil }
                let ratio = Double(use) * 100 / Double(request) / Double(percent)
                return Self.replicas(ratio: ratio, ready: ready, current: current, scaler)
            }
            if let average = target.averageValue, average.thousandths > 0 {
                if metric.type == "External" || metric.type == "Object" {
                    guard let value = given.values[name] else { return nil }
                    let ratio = Double(value) / (Double(average.thousandths) * Double(current))
                    if Self.isTolerated(ratio, scaler) { return current }
                    return Int((Double(value) / Double(average.thousandths)).rounded(.up))
                }
                guard let use = given.averageUsage[name] ?? given.values[name] else { return nil }
                return Self.replicas(
                    ratio: Double(use) / Double(average.thousandths), ready: ready, current: current, scaler)
            }
            guard let value = target.value, value.thousandths > 0, let measured = given.values[name] else { return nil }
            return Self.replicas(
                ratio: Double(measured) / Double(value.thousandths), ready: ready, current: current, scaler)
        }
        return proposals.max().map { min(max($0, 0), 1_000_000) }
    }

    private static func isTolerated(_ ratio: Double, _ scaler: Kubernetes.HorizontalPodAutoscaler) -> Bool {
        let rules = ratio > 1 ? scaler.spec.behavior?.scaleUp : scaler.spec.behavior?.scaleDown
        let allowed = rules?.tolerance.map { Double($0.thousandths) / 1000 } ?? tolerance
        return abs(1 - ratio) <= allowed
    }

    private static func replicas(
        ratio: Double, ready: Int, current: Int, _ scaler: Kubernetes.HorizontalPodAutoscaler
    ) -> Int {
        if isTolerated(ratio, scaler) { return current }
        let wanted = (ratio * Double(ready)).rounded(.up)
        return wanted > 1e6 ? 1_000_000 : Int(wanted)
    }

    /// Windows, policies and bounds (`normalizeDesiredReplicasWithBehaviors`).
    private mutating func stabilized(
        _ scaler: Kubernetes.HorizontalPodAutoscaler, current: Int, wanted: Int
    ) -> Int {
        var history = scaling[scaler.key] ?? AutoscalerHistory()
        history.recommendations.append((now, wanted))
        history.recommendations.removeAll { $0.time.microseconds < now.microseconds - 3600 * 1_000_000 }
        let up = AutoscalerRules.up(scaler.spec.behavior?.scaleUp)
        let down = AutoscalerRules.down(scaler.spec.behavior?.scaleDown)
        func within(_ seconds: Int) -> [Int] {
            history.recommendations.filter { $0.time.microseconds > now.microseconds - Int64(seconds) * 1_000_000 }
                .map(\.replicas) + [wanted]
        }
        // Going up by the least, going down by the most that was asked for within the window.
        let ceiling = max(current, within(up.window).min() ?? wanted)
        let floor = min(current, within(down.window).max() ?? wanted)
        var result = min(max(wanted, floor), ceiling)
        if result > current {
            result = min(result, up.limit(from: current, changes: history.scaleUps, now: now), scaler.spec.maxReplicas)
        } else if result < current {
            result = max(
                result, down.limit(from: current, changes: history.scaleDowns, now: now), scaler.spec.minReplicas ?? 1)
        }
        scaling[scaler.key] = history
        return min(max(result, scaler.spec.minReplicas ?? 1), scaler.spec.maxReplicas)
    }

    private mutating func remember(_ key: ObjectKey, change: Int) {
        if change > 0 {
            scaling[key, default: AutoscalerHistory()].scaleUps.append((now, change))
        } else {
            scaling[key, default: AutoscalerHistory()].scaleDowns.append((now, -change))
        }
    }
}
