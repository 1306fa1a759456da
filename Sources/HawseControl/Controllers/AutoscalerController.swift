import HawseModel

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
    /// The pods that it scales, once it has looked at them.
    var selector: Kubernetes.LabelSelector?
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
            setScalerCondition(
                key, "AbleToScale", false, "FailedGetScale",
                "the HPA controller was unable to get the target's current scale: \(Self.noScale(scaler.spec.scaleTargetRef))")
            return
        }
        // Its own writing is no reason to look again; what is asked for is.
        if let next = scaling[key]?.nextLook, now < next, scaling[key]?.spec == scaler.spec { return }
        let next = Kubernetes.Time(microseconds: now.microseconds + Int64(Self.syncPeriod * 1_000_000))
        wake(.autoscaler, key, at: next, isProgress: false)
        scaling[key, default: AutoscalerHistory()].spec = scaler.spec
        scaling[key]?.nextLook = next
        setScalerCondition(
            key, "AbleToScale", true, "SucceededGetScale", "the HPA controller was able to get the target's current scale")
        let current = scale.replicas
        // What there is when the controller first looks counts as wanted: nothing is taken away for a window's length.
        if scaling[key]?.recommendations.isEmpty ?? true {
            scaling[key, default: AutoscalerHistory()].recommendations.append((now, current))
        }
        guard let (desired, why) = desiredReplicas(scaler, scale) else {
            store.update(Kubernetes.HorizontalPodAutoscaler.self, key) { $0.status.currentReplicas = current }
            return
        }
        let changed = desired != current
        if changed {
            try? self.scale(scaler.spec.scaleTargetRef.kind, target, to: desired)
            setScalerCondition(
                key, "AbleToScale", true, "SucceededRescale",
                "the HPA controller was able to update the target scale to \(desired)")
            note("SuccessfulRescale", "New size: \(desired); reason: \(why)", kind: "HorizontalPodAutoscaler", key: key)
            remember(key, change: desired - current)
        }
        let time = now
        store.update(Kubernetes.HorizontalPodAutoscaler.self, key) {
            $0.status.currentReplicas = current
            $0.status.desiredReplicas = desired
            if changed { $0.status.lastScaleTime = time }
        }
    }

    /// How many there should be, and why; nil when the metrics do not tell.
    private mutating func desiredReplicas(
        _ scaler: Kubernetes.HorizontalPodAutoscaler, _ scale: ScaleTarget
    ) -> (count: Int, why: String)? {
        let key = scaler.key
        let current = scale.replicas
        let minimum = scaler.spec.minReplicas ?? 1
        // Out of its bounds nobody looks at the metrics.
        if current == 0 && minimum != 0 || current > scaler.spec.maxReplicas || current < minimum { measure(scaler, nil) }
        if current == 0, minimum != 0 {
            setScalerCondition(
                key, "ScalingActive", false, "ScalingDisabled",
                "scaling is disabled since the replica count of the target is zero")
            return (0, "")
        }
        if current > scaler.spec.maxReplicas {
            return (scaler.spec.maxReplicas, "Current number of replicas above Spec.MaxReplicas")
        }
        if current < minimum { return (minimum, "Current number of replicas below Spec.MinReplicas") }
        let known = store.autoscalers[key]?.status.conditions.first { $0.type == "ScalingActive" }?.reason
        if let message = ambiguity(of: key, scale.selector) {
            if known != "AmbiguousSelector" {
                note("AmbiguousSelector", message, kind: "HorizontalPodAutoscaler", key: key)
                note("FailedComputeMetricsReplicas", message, kind: "HorizontalPodAutoscaler", key: key)
            }
            setScalerCondition(key, "ScalingActive", false, "AmbiguousSelector", message)
            measure(scaler, nil)
            return nil
        }
        measure(scaler, AutoscalerLoad(scale.pods, now: now))
        switch recommendation(scaler, pods: scale.pods, current: current) {
        case .unknown(let reason, let message, let whole):
            if known != reason {
                note(reason, message, kind: "HorizontalPodAutoscaler", key: key)
                note("FailedComputeMetricsReplicas", whole, kind: "HorizontalPodAutoscaler", key: key)
            }
            setScalerCondition(
                key, "ScalingActive", false, reason, "the HPA was unable to compute the replica count: \(message)")
            return nil
        case .count(let wanted, let metric):
            setScalerCondition(
                key, "ScalingActive", true, "ValidMetricFound",
                "the HPA was able to successfully calculate a replica count from \(metric)")
            let why = wanted > current ? "\(metric) above target" : "All metrics below target"
            return (normalized(scaler, current: current, wanted: wanted), why)
        }
    }

    private struct ScaleTarget {
        var replicas: Int
        var selector: Kubernetes.LabelSelector?
        var pods: [Kubernetes.Pod]
    }

    private func scaleTarget(_ kind: String, _ key: ObjectKey) -> ScaleTarget? {
        func target(_ replicas: Int?, _ selector: Kubernetes.LabelSelector?) -> ScaleTarget {
            let pods = selector.map { chosen in
                store.pods.inNamespace(key.namespace).filter { chosen.matches($0.metadata.labels) && Self.isActive($0) }
            }
            return ScaleTarget(replicas: replicas ?? 1, selector: selector, pods: pods ?? [])
        }
        switch kind {
        case "Deployment": return store.deployments[key].map { target($0.spec.replicas, $0.spec.selector) }
        case "ReplicaSet": return store.replicaSets[key].map { target($0.spec.replicas, $0.spec.selector) }
        case "StatefulSet": return store.statefulSets[key].map { target($0.spec.replicas, $0.spec.selector) }
        case "ReplicationController":
            return store.replicationControllers[key].map {
                target($0.spec.replicas, Kubernetes.LabelSelector(matchLabels: $0.spec.selector))
            }
        default: return nil
        }
    }

    /// Pods that several autoscalers would scale are scaled by none (`validateAndParseSelector`). One that has not looked
    /// yet does not count.
    private mutating func ambiguity(of key: ObjectKey, _ selector: Kubernetes.LabelSelector?) -> String? {
        guard let selector else { return nil }
        scaling[key, default: AutoscalerHistory()].selector = selector
        let pods = store.pods.inNamespace(key.namespace).filter { selector.matches($0.metadata.labels) }
        let others = scaling.filter { other, history in
            guard other != key, other.namespace == key.namespace, store.autoscalers[other] != nil else { return false }
            return pods.contains { history.selector?.matches($0.metadata.labels) ?? false }
        }
        guard !others.isEmpty else { return nil }
        let names = (others.keys + [key]).sorted().map(\.description).joined(separator: " ")
        return "pods by selector \(ResourceColumns.selector(selector)) are controlled by multiple HPAs: [\(names)]"
    }

    private mutating func setScalerCondition(
        _ key: ObjectKey, _ type: String, _ value: Bool, _ reason: String, _ message: String
    ) {
        let time = now
        store.update(Kubernetes.HorizontalPodAutoscaler.self, key) {
            Self.setAutoscalerCondition(&$0.status.conditions, type, value, reason, message, time)
            for index in $0.status.conditions.indices { $0.status.conditions[index].lastUpdateTime = nil }
        }
    }

    /// The largest of what the metrics ask for. Unknown when none can be computed, or when some cannot and the others
    /// would scale down (`computeReplicasForMetrics`).
    private func recommendation(
        _ scaler: Kubernetes.HorizontalPodAutoscaler, pods: [Kubernetes.Pod], current: Int
    ) -> AutoscalerRecommendation {
        let load = AutoscalerLoad(pods, now: now)
        let given = metrics[scaler.key] ?? ScenarioMetrics()
        var best: (count: Int, metric: String)?
        var failure: (reason: String, inner: String, outer: String)?
        var failures = 0
        for metric in scaler.spec.metrics {
            guard let source = metric.source else { continue }
            if let count = proposal(metric, source, scaler, given, load, current: current) {
                if best.map({ $0.count == 0 || count > $0.count }) ?? true { best = (count, metric.label(source)) }
                continue
            }
            failures += 1
            guard failure == nil else { continue }
            let text = metric.failure(source, of: scaler, pods: load.pods, isMeasured: isMeasured(source, given))
            failure = ("FailedGet\(metric.type)Metric", text.inner, text.outer)
        }
        if let failure, best.map({ $0.count < current }) ?? true {
            let whole = "invalid metrics (\(failures) invalid out of \(scaler.spec.metrics.count)), first error is: \(failure.outer)"
            return .unknown(reason: failure.reason, message: failure.inner, whole: whole)
        }
        guard let best else {
            return .unknown(
                reason: "InvalidMetricSourceType", message: "there are no metrics", whole: "there are no metrics")
        }
        return .count(min(max(best.count, 0), 1_000_000), metric: best.metric)
    }

    /// Writes what the metrics are at, in the order in which they are asked for; without a load nobody has looked.
    private mutating func measure(_ scaler: Kubernetes.HorizontalPodAutoscaler, _ load: AutoscalerLoad?) {
        let given = metrics[scaler.key] ?? ScenarioMetrics()
        let known = load.map { load in
            scaler.spec.metrics.map { metric in
                metric.source.flatMap { metric.measured($0, given, load.pods) } ?? ManifestNode(.map([.init("type", .string(""))]))
            }
        }
        store.update(Kubernetes.HorizontalPodAutoscaler.self, scaler.key) { $0.status.currentMetrics = known }
    }

    private func isMeasured(_ source: Kubernetes.MetricSource, _ given: ScenarioMetrics) -> Bool {
        given.averageUsage[source.name] != nil
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
            let ratio = Double(Kubernetes.MetricSpec.utilization(use, of: request)) / Double(percent)
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

    /// Windows, policies and bounds (`normalizeDesiredReplicas…`), and the conditions that tell which of them held.
    private mutating func normalized(
        _ scaler: Kubernetes.HorizontalPodAutoscaler, current: Int, wanted: Int
    ) -> Int {
        let key = scaler.key
        let stable = stabilized(scaler, current: current, wanted: wanted)
        if stable == wanted {
            setScalerCondition(
                key, "AbleToScale", true, "ReadyForNewScale", "recommended size matches current size")
        } else if scaler.spec.behavior != nil, wanted >= current {
            setScalerCondition(
                key, "AbleToScale", true, "ScaleUpStabilized",
                "recent recommendations were lower than current one, applying the lowest recent recommendation")
        } else {
            setScalerCondition(
                key, "AbleToScale", true, "ScaleDownStabilized",
                "recent recommendations were higher than current one, applying the highest recent recommendation")
        }
        let limit = limit(scaler, current: current, stable: stable)
        setScalerCondition(key, "ScalingLimited", limit.count != stable, limit.reason, limit.message)
        return limit.count
    }

    /// What recent recommendations leave of the newest one.
    private mutating func stabilized(
        _ scaler: Kubernetes.HorizontalPodAutoscaler, current: Int, wanted: Int
    ) -> Int {
        var history = scaling[scaler.key] ?? AutoscalerHistory()
        let behavior = scaler.spec.behavior
        func within(_ seconds: Int) -> [Int] {
            let since = now.microseconds - Int64(seconds) * 1_000_000
            return history.recommendations.filter {
                behavior == nil ? $0.time.microseconds >= since : $0.time.microseconds > since
            }.map(\.replicas) + [wanted]
        }
        let highest = within(AutoscalerRules.down(behavior?.scaleDown).window).max() ?? wanted
        let lowest = within(AutoscalerRules.up(behavior?.scaleUp).window).min() ?? wanted
        history.recommendations.append((now, wanted))
        history.recommendations.removeAll { $0.time.microseconds < now.microseconds - 3600 * 1_000_000 }
        scaling[scaler.key] = history
        // Without rules of its own the highest counts; with them it goes up by the lowest and down by the highest.
        return behavior == nil ? highest : min(max(current, lowest), highest)
    }

    private func limit(
        _ scaler: Kubernetes.HorizontalPodAutoscaler, current: Int, stable: Int
    ) -> (count: Int, reason: String, message: String) {
        let history = scaling[scaler.key] ?? AutoscalerHistory()
        let (least, most) = (scaler.spec.minReplicas ?? 1, scaler.spec.maxReplicas)
        var (fastestUp, fastestDown) = (max(2 * current, 4), Int.min)
        if let behavior = scaler.spec.behavior {
            fastestUp = AutoscalerRules.up(behavior.scaleUp)
                .limit(from: current, with: history.scaleUps, against: history.scaleDowns, now: now)
            fastestDown = AutoscalerRules.down(behavior.scaleDown)
                .limit(from: current, with: history.scaleDowns, against: history.scaleUps, now: now)
        }
        let goesUp = scaler.spec.behavior == nil || stable > current
        let goesDown = scaler.spec.behavior == nil || stable < current
        if goesUp, stable > min(most, fastestUp) {
            return most > fastestUp
                ? (fastestUp, "ScaleUpLimit", "the desired replica count is increasing faster than the maximum scale rate")
                : (most, "TooManyReplicas", "the desired replica count is more than the maximum replica count")
        }
        if goesDown, stable < max(least, fastestDown) {
            return least < fastestDown
                ? (fastestDown, "ScaleDownLimit", "the desired replica count is decreasing faster than the maximum scale rate")
                : (least, "TooFewReplicas", "the desired replica count is less than the minimum replica count")
        }
        return (stable, "DesiredWithinRange", "the desired count is within the acceptable range")
    }

    private mutating func remember(_ key: ObjectKey, change: Int) {
        if change > 0 {
            scaling[key, default: AutoscalerHistory()].scaleUps.append(.init(time: now, change: change))
        } else {
            scaling[key, default: AutoscalerHistory()].scaleDowns.append(.init(time: now, change: -change))
        }
    }
}
