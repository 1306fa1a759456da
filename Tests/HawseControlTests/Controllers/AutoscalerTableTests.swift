@testable import HawseControl
import Testing

/// Autoscalers, by the rules of `pkg/controller/podautoscaler`.
@Suite struct AutoscalerTableTests {
    private func cluster(_ replicas: Int, _ behavior: String = "", maximum: Int = 100) -> ClusterState {
        ControlledCluster.build(
            ControlledCluster.workload(
                "Deployment", "web", "replicas: \(replicas)",
                pods: #"containers: [{name: main, image: "w:1", resources: {requests: {cpu: 100m}}}]"#) + """
            ---
            apiVersion: autoscaling/v2
            kind: HorizontalPodAutoscaler
            metadata: {name: web}
            spec:
              scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
              minReplicas: 1
              maxReplicas: \(maximum)
              metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 50}}}]
              \(behavior.isEmpty ? "" : "behavior: \(behavior)")
            """)
    }

    private let key = ObjectKey(namespace: "default", name: "web")

    /// The Deployment's size after each look, 15 s apart.
    private func sizes(_ state: inout ClusterState, cpu: Int64, looks: Int) -> [Int] {
        var metrics = ScenarioMetrics()
        metrics.averageUsage["cpu"] = cpu * 1000 / 1000
        state.setMetrics(metrics, ofAutoscaler: key)
        return (0..<looks).map { look in
            if look == 0 { state.reconcile() } else { state.advance(bySeconds: 15) }
            return state.store.deployments[key]?.spec.replicas ?? -1
        }
    }

    /// Up to twice as many, or four, at each look; then the bound.
    @Test func withoutBehaviorGrowthIsTwofold() {
        var state = cluster(1, maximum: 20)
        #expect(sizes(&state, cpu: 500, looks: 5) == [4, 8, 16, 20, 20])
        state = cluster(3)
        #expect(sizes(&state, cpu: 200, looks: 3) == [6, 12, 24])
    }

    /// The first look's size is a recommendation of its own: nothing is taken away for five minutes.
    @Test func shrinkingWaitsForTheWindow() {
        var state = cluster(8)
        let found = sizes(&state, cpu: 10, looks: 22)
        #expect(found.prefix(19) == Array(repeating: 8, count: 19)[...])
        #expect(found.last == 2)
    }

    @Test(arguments: [
        // Use in millicores of 100 with a goal of 50 %: 10 % to each side is nothing.
        (55, 4), (45, 4), (56, 5), (60, 5), (100, 8),
    ] as [(Int64, Int)])
    func aTenthIsTolerated(cpu: Int64, expected: Int) {
        var state = cluster(4, "{scaleDown: {stabilizationWindowSeconds: 0}}")
        #expect(sizes(&state, cpu: cpu, looks: 1) == [expected])
    }

    /// Metrics beyond all measure are as wide as the status's fields.
    @Test func metricsBeyondMeasure() throws {
        var state = cluster(4)
        #expect(sizes(&state, cpu: .max / 1000, looks: 1) == [8])
        let known = try #require(state.store.autoscalers[key]?.status.currentMetrics?.first)
        #expect(known["resource"]?["current"]?["averageUtilization"]?.int == Int(Int32.max))
        #expect(Kubernetes.MetricSpec.utilization(.max, of: 1) == .max)
        #expect(Kubernetes.MetricSpec.utilization(-5, of: 1000) == -1)
        #expect(Kubernetes.MetricSpec.utilization(29, of: 100) == 29)
        var given = ScenarioMetrics()
        given.values["queue"] = .max
        var source = Kubernetes.MetricSource()
        source.metric = Kubernetes.MetricIdentifier()
        source.metric?.name = "queue"
        source.target.averageValue = Kubernetes.Quantity("1")
        var metric = Kubernetes.MetricSpec()
        metric.type = "External"
        let pods = Array(state.store.pods.all)
        let share = metric.measured(source, given, pods)?["external"]?["current"]?["averageValue"]?.text
        #expect(share == Kubernetes.Quantity(thousandths: .max / Int64(pods.count) + 1).text)
    }

    @Test func toleranceOfItsOwn() {
        var state = cluster(4, "{scaleUp: {tolerance: 300m}}")
        #expect(sizes(&state, cpu: 65, looks: 1) == [4])
        #expect(sizes(&state, cpu: 66, looks: 1) == [6])
    }

    @Test func policiesLimitGrowth() {
        // Two pods in 60 s: at the looks of 0 s and from 60 s on.
        var state = cluster(3, "{scaleUp: {policies: [{type: Pods, value: 2, periodSeconds: 60}]}}")
        #expect(sizes(&state, cpu: 500, looks: 6) == [5, 5, 5, 5, 7, 7])
        state = cluster(4, "{scaleUp: {selectPolicy: Disabled}}")
        #expect(sizes(&state, cpu: 500, looks: 2) == [4, 4])
        state = cluster(10, """
            {scaleDown: {stabilizationWindowSeconds: 0, policies: [{type: Percent, value: 10, periodSeconds: 60}, \
            {type: Pods, value: 3, periodSeconds: 60}], selectPolicy: Min}}
            """)
        #expect(sizes(&state, cpu: 1, looks: 2) == [9, 9])
    }

    @Test(arguments: [
        // from, policy value, percent, changes up, changes down, limit
        (5, 100, 0, 0, 10), (8, 100, 3, 0, 10), (10, 100, 5, 0, 10), (12, 100, 7, 0, 12), (5, 50, 0, 0, 8), (4, 100, 0, 2, 12),
    ])
    func growthByPercent(from: Int, percent: Int, up: Int, down: Int, limit: Int) {
        var rules = Kubernetes.ScalingRules()
        rules.policies = [.init(type: "Percent", value: percent, periodSeconds: 60)]
        let now = Kubernetes.Time(seconds: 1000)
        func change(_ count: Int) -> [AutoscalerHistory.Change] {
            [.init(time: Kubernetes.Time(seconds: 970), change: count), .init(time: Kubernetes.Time(seconds: 900), change: 50)]
        }
        #expect(AutoscalerRules.up(rules).limit(from: from, with: change(up), against: change(down), now: now) == limit)
    }

    @Test(arguments: [(10, 20, 0, 0, 8), (8, 20, 2, 0, 8), (9, 20, 1, 0, 8), (7, 20, 3, 0, 7), (10, 20, 0, 4, 4)])
    func shrinkingByPercent(from: Int, percent: Int, down: Int, up: Int, limit: Int) {
        var rules = Kubernetes.ScalingRules()
        rules.policies = [.init(type: "Percent", value: percent, periodSeconds: 60)]
        let now = Kubernetes.Time(seconds: 1000)
        func change(_ count: Int) -> [AutoscalerHistory.Change] { [.init(time: Kubernetes.Time(seconds: 970), change: count)] }
        #expect(AutoscalerRules.down(rules).limit(from: from, with: change(down), against: change(up), now: now) == limit)
    }

    /// Without rules of its own, the highest recommendation of the last five minutes counts, upwards too.
    @Test func oldRecommendationsStillGrow() {
        var state = cluster(1, maximum: 20)
        #expect(sizes(&state, cpu: 500, looks: 1) == [4])
        #expect(conditions(state) == [
            "AbleToScale=True SucceededRescale: the HPA controller was able to update the target scale to 4",
            "ScalingActive=True ValidMetricFound: the HPA was able to successfully calculate a replica count from "
                + "cpu resource utilization (percentage of request)",
            "ScalingLimited=True ScaleUpLimit: the desired replica count is increasing faster than the maximum scale rate",
        ])
        state.advance(bySeconds: 15)
        #expect(sizes(&state, cpu: 50, looks: 2).last == 20)
        #expect(conditions(state).last
            == "ScalingLimited=True TooManyReplicas: the desired replica count is more than the maximum replica count")
    }

    @Test func conditionsOfAnAutoscalerThatWaits() {
        var state = cluster(8)
        _ = sizes(&state, cpu: 10, looks: 2)
        #expect(conditions(state)[0] == "AbleToScale=True ScaleDownStabilized: recent recommendations were higher than "
            + "current one, applying the highest recent recommendation")
        #expect(conditions(state)[2]
            == "ScalingLimited=False DesiredWithinRange: the desired count is within the acceptable range")
    }

    @Test func withoutMetricsNothingChanges() {
        var state = cluster(4)
        state.advance(bySeconds: 15)
        #expect(state.store.deployments[key]?.spec.replicas == 4)
        #expect(conditions(state) == [
            "AbleToScale=True SucceededGetScale: the HPA controller was able to get the target's current scale",
            "ScalingActive=False FailedGetResourceMetric: the HPA was unable to compute the replica count: failed to get cpu "
                + "utilization: unable to get metrics for resource cpu: unable to fetch metrics from resource metrics API: "
                + "the server could not find the requested resource (get pods.metrics.k8s.io)",
        ])
    }

    private func conditions(_ state: ClusterState) -> [String] {
        (state.store.autoscalers[key]?.status.conditions ?? []).map {
            "\($0.type)=\($0.status) \($0.reason): \($0.message)"
        }
    }

    @Test func missingMetricsDoNotShrink() throws {
        var state = cluster(4, "{scaleDown: {stabilizationWindowSeconds: 0}}")
        try state.modify(Kubernetes.HorizontalPodAutoscaler.self, key) { scaler in
            var pods = Kubernetes.MetricSpec()
            pods.type = "Pods"
            pods.pods = Kubernetes.MetricSource()
            pods.pods?.metric = Kubernetes.MetricIdentifier()
            pods.pods?.metric?.name = "requests"
            pods.pods?.target.type = "AverageValue"
            pods.pods?.target.averageValue = Kubernetes.Quantity("10")
            scaler.spec.metrics.append(pods)
        }
        #expect(sizes(&state, cpu: 10, looks: 1) == [4])
        #expect(sizes(&state, cpu: 100, looks: 1) == [8])
    }

    /// Whoever looks second at pods that another one scales, and then the first, too, leaves them alone.
    @Test func podsOfTwoAutoscalers() throws {
        var state = cluster(4)
        _ = sizes(&state, cpu: 100, looks: 1)
        var second = try #require(state.store.autoscalers[key])
        second.metadata = Kubernetes.ObjectMeta()
        second.metadata.name = "another"
        second.metadata.namespace = key.namespace
        second.status = Kubernetes.AutoscalerStatus()
        try state.createFromUser(second)
        let before = state.store.deployments[key]?.spec.replicas
        state.advance(bySeconds: 31)
        let other = state.store.autoscalers["default", "another"]?.status.conditions.first { $0.type == "ScalingActive" }
        #expect(other?.status == "False")
        #expect(other?.reason == "AmbiguousSelector")
        #expect(other?.message == "pods by selector app=\(key.name) are controlled by multiple HPAs: [default/another default/\(key.name)]")
        #expect(conditions(state).contains { $0.hasPrefix("ScalingActive=False AmbiguousSelector: ") })
        #expect(state.store.deployments[key]?.spec.replicas == before)
        #expect(state.events.contains { $0.reason == "AmbiguousSelector" })
    }

    /// What was measured stands in the status and in the table.
    @Test func whatWasMeasuredIsShown() throws {
        var state = cluster(4)
        _ = sizes(&state, cpu: 42, looks: 1)
        let known = try #require(state.store.autoscalers[key]?.status.currentMetrics)
        #expect(known.map { JSONWriter.compact($0) } == [
            #"{"resource":{"current":{"averageUtilization":42,"averageValue":"42m"},"name":"cpu"},"type":"Resource"}"#
        ])
        var query = ResourceQuery()
        try query.parse(["hpa"], in: state)
        #expect(ResourceListing(query, of: state).text.contains("cpu: 42%/50%"))
        let scaler = try #require(state.store.autoscalers[key])
        #expect(ResourceDescription.describe(scaler, state).contains("42% (42m) / 50%"))
    }
}
