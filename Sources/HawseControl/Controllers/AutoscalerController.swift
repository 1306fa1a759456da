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
    struct Change: Sendable {
        var time: Kubernetes.Time
        var change: Int
    }

    var recommendations: [(time: Kubernetes.Time, replicas: Int)] = []
    var scaleUps: [Change] = []
    var scaleDowns: [Change] = []
    /// What it was asked for when it last looked, and when it looks again.
    var spec: Kubernetes.AutoscalerSpec?
    var nextLook: Kubernetes.Time?
}

extension ClusterState {
    /// Seconds between two looks (`--horizontal-pod-autoscaler-sync-period`).
    private static let syncPeriod = 15.0
    /// A tenth: below this change of ratio nothing is done (`--horizontal-pod-autoscaler-tolerance`).
    private static let tolerance = 0.1

    /// Sets the metrics of an autoscaler; they hold until set again.
    public mutating func setMetrics(_ metrics: ScenarioMetrics, ofAutoscaler key: ObjectKey) {
        self.metrics[key] = metrics
        scaling[key]?.nextLook = nil
        queues.add(key, to: .autoscaler)
    }

    mutating func syncAutoscaler(_ key: ObjectKey) {
        guard let scaler = store.autoscalers[key], !scaler.metadata.isTerminating else { return }
        let target = ObjectKey(namespace: key.namespace, name: scaler.spec.scaleTargetRef.name)
        guard let scale = scaleTarget(scaler.spec.scaleTargetRef.kind, target) else {
            setScalerCondition(key, "AbleToScale", false, "FailedGetScale", "the HPA controller was unable to get the target's current scale")
            return
        }
        // Its own writing is no reason to look again; what is asked for is.
        if let next = scaling[key]?.nextLook, now < next, scaling[key]?.spec == scaler.spec { return }
        let next = Kubernetes.Time(microseconds: now.microseconds + Int64(Self.syncPeriod * 1_000_000))
        wake(.autoscaler, key, at: next, isProgress: false)
        scaling[key, default: AutoscalerHistory()].spec = scaler.spec
        scaling[key]?.nextLook = next
        let current = scale.replicas
        let minimum = scaler.spec.minReplicas ?? 1
        // What there is when the controller first looks counts as wanted: nothing is taken away for a window's length.
        if scaling[key]?.recommendations.isEmpty ?? true {
            scaling[key, default: AutoscalerHistory()].recommendations.append((now, current))
        }
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

    /// The largest of what the metrics ask for. Nil when none can be computed, or when some cannot and the others would
    /// scale down (`computeReplicasForMetrics`).
    private func recommendation(
        _ scaler: Kubernetes.HorizontalPodAutoscaler, pods: [Kubernetes.Pod], current: Int
    ) -> Int? {
        guard let given = metrics[scaler.key] else { return nil }
        let load = AutoscalerLoad(pods, now: now)
        let proposals = scaler.spec.metrics.map { metric in
            metric.source.flatMap { proposal(metric, $0, scaler, given, load, current: current) }
        }
        guard let highest = proposals.compactMap(\.self).max() else { return nil }
        if proposals.contains(nil), highest < current { return nil }
        return min(max(highest, 0), 1_000_000)
    }

    private func proposal(
        _ metric: Kubernetes.MetricSpec, _ source: Kubernetes.MetricSource, _ scaler: Kubernetes.HorizontalPodAutoscaler,
        _ given: ScenarioMetrics, _ load: AutoscalerLoad, current: Int
    ) -> Int? {
        let name = source.name.isEmpty ? source.metric?.name ?? "" : source.name
        let target = source.target
        let tolerance = AutoscalerTolerance(scaler, standard: Self.tolerance)
        if let percent = target.averageUtilization, percent > 0 {
            let request = load.pods.compactMap { SchedulerState.requests(of: $0.spec)[name] }.max() ?? 0
            guard let use = given.averageUsage[name], request > 0 else { return nil }
            // Utilisation is a whole percentage before it is compared.
            let utilization = Int64((Double(use) * 100 / Double(request)).rounded(.down))
            let ratio = Double(utilization) / Double(percent)
            return load.replicas(ratio, isCPU: name == "cpu", current: current, tolerance)
        }
        if let average = target.averageValue, average.thousandths > 0 {
            guard metric.type == "External" || metric.type == "Object" else {
                guard let use = given.averageUsage[name] ?? given.values[name] else { return nil }
                let ratio = Double(use) / Double(average.thousandths)
                return load.replicas(ratio, isCPU: metric.type != "Pods" && name == "cpu", current: current, tolerance)
            }
            guard let value = given.values[name] else { return nil }
            let ratio = Double(value) / (Double(average.thousandths) * Double(current))
            if tolerance.allows(ratio) { return current }
            return AutoscalerLoad.count((Double(value) / Double(average.thousandths)).rounded(.up))
        }
        guard let value = target.value, value.thousandths > 0, let measured = given.values[name] else { return nil }
        let ratio = Double(measured) / Double(value.thousandths)
        // From nothing, the ratio itself says how many.
        if current == 0 { return AutoscalerLoad.count(ratio.rounded(.up)) }
        if tolerance.allows(ratio) { return current }
        return AutoscalerLoad.count((ratio * Double(load.ready)).rounded(.up))
    }

    /// Windows, policies and bounds (`normalizeDesiredReplicas…`).
    private mutating func stabilized(
        _ scaler: Kubernetes.HorizontalPodAutoscaler, current: Int, wanted: Int
    ) -> Int {
        var history = scaling[scaler.key] ?? AutoscalerHistory()
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
        history.recommendations.append((now, wanted))
        history.recommendations.removeAll { $0.time.microseconds < now.microseconds - 3600 * 1_000_000 }
        scaling[scaler.key] = history
        if scaler.spec.behavior == nil {
            // Without rules of its own: up to twice as many, or four; down as far as asked.
            result = min(result, max(2 * current, 4))
        } else if result > current {
            result = min(result, up.limit(from: current, with: history.scaleUps, against: history.scaleDowns, now: now))
        } else if result < current {
            result = max(result, down.limit(from: current, with: history.scaleDowns, against: history.scaleUps, now: now))
        }
        return min(max(result, scaler.spec.minReplicas ?? 1), scaler.spec.maxReplicas)
    }

    private mutating func remember(_ key: ObjectKey, change: Int) {
        if change > 0 {
            scaling[key, default: AutoscalerHistory()].scaleUps.append(.init(time: now, change: change))
        } else {
            scaling[key, default: AutoscalerHistory()].scaleDowns.append(.init(time: now, change: -change))
        }
    }
}
