@testable import HawseControl
import Testing

/// Containers that end and probes that fail, by the rules of `pkg/kubelet`, and pods on nodes with taints.
@Suite struct KubeletTests {
    private let key = ObjectKey(namespace: "default", name: "it")

    private func build(_ container: String = "", annotations: String = "", spec: String = "") -> ClusterState {
        ControlledCluster.build("""
            apiVersion: v1
            kind: Pod
            metadata: {name: it, annotations: {\(annotations)}}
            spec: {\(spec)containers: [{name: main, image: "i:1"\(container)}]}
            """)
    }

    private func state(_ state: ClusterState) -> Kubernetes.ContainerStatus? {
        state.store.pods[key]?.status.containerStatuses.first
    }

    /// At once, then ten seconds after the end, twenty, … five minutes.
    @Test func restartsTakeLongerAndLonger() throws {
        var state = build(annotations: #"hawse/run-seconds: "1", hawse/exit-code: "3""#)
        let start = state.now
        var times: [Int64] = []
        var seen = 0
        while times.count < 8 {
            state.advance(bySeconds: 1)
            let count = self.state(state)?.restartCount ?? 0
            if count > seen { times.append((state.now.microseconds - start.microseconds) / 1_000_000) }
            seen = count
        }
        // Ends after 1 s each; the waits are 0, 10, 20, 40, 80, 160, 300, 300.
        #expect(times == [1, 12, 33, 74, 155, 316, 617, 918])
        state.advance(bySeconds: 2)
        let waiting = try #require(self.state(state)?.state.waiting)
        let uid = state.store.pods[key]?.metadata.uid ?? ""
        #expect(waiting.reason == "CrashLoopBackOff")
        #expect(waiting.message == "back-off 5m0s restarting failed container=main pod=it_default(\(uid))")
        #expect(self.state(state)?.lastState.terminated?.exitCode == 3)
        #expect(state.events.contains {
            $0.reason == "BackOff" && $0.message == "Back-off restarting failed container main in pod it_default(\(uid))"
        })
    }

    /// After ten minutes of running what was before is forgotten.
    @Test func aLongRunMakesUpForIt() {
        var state = build(annotations: #"hawse/run-seconds: "601", hawse/exit-code: "3""#)
        state.advance(bySeconds: 602)
        #expect(self.state(state)?.restartCount == 1)
        state.advance(bySeconds: 602)
        #expect(self.state(state)?.restartCount == 2)
        #expect(self.state(state)?.state.running != nil)
    }

    /// Probes tick from the container's start on; a delay that is no multiple of the period waits for the next tick.
    @Test(arguments: [
        ("initialDelaySeconds: 0, periodSeconds: 10", 0.0), ("initialDelaySeconds: 5, periodSeconds: 10", 10),
        ("initialDelaySeconds: 10, periodSeconds: 10", 10), ("initialDelaySeconds: 12, periodSeconds: 5", 15),
        ("initialDelaySeconds: 3, periodSeconds: 2, successThreshold: 3", 8),
    ] as [(String, Double)])
    func whenAPodGetsReady(probe: String, seconds: Double) {
        let state = build(", readinessProbe: {exec: {command: [t]}, \(probe)}")
        let ready = state.store.pods[key]?.condition("Ready")
        let started = self.state(state)?.state.running?.startedAt?.microseconds ?? 0
        #expect(ready?.status == "True")
        #expect(Double((ready?.lastTransitionTime?.microseconds ?? 0) - started) / 1_000_000 == seconds)
    }

    private func node(_ state: inout ClusterState, _ taints: [Kubernetes.Taint]) throws {
        let name = try #require(state.store.pods[key]?.spec.nodeName)
        try state.modify(Kubernetes.Node.self, ObjectKey(name: name)) { $0.spec.taints = taints }
        state.reconcile()
    }

    private static let gone = Kubernetes.Taint(key: "gone", effect: "NoExecute")

    @Test(arguments: [
        ("", 0), ("tolerations: [{key: gone, operator: Exists}], ", nil),
        ("tolerations: [{key: gone, operator: Exists, effect: NoExecute, tolerationSeconds: 30}], ", 30),
        // The first that fits counts.
        ("tolerations: [{key: gone, operator: Exists, effect: NoExecute, tolerationSeconds: 30}, {operator: Exists}], ", 30),
        ("tolerations: [{operator: Exists}, {key: gone, operator: Exists, effect: NoExecute, tolerationSeconds: 30}], ", nil),
        ("tolerations: [{key: gone, operator: Exists, effect: NoExecute, tolerationSeconds: -5}], ", 0),
        ("tolerations: [{key: gone, operator: Exists, effect: NoSchedule}], ", 0),
        ("tolerations: [{key: gone, operator: Exists, effect: NoExecute, tolerationSeconds: 9223372036854775807}], ", nil),
        ("tolerations: [{key: gone, operator: Exists, effect: NoExecute, tolerationSeconds: 9223372036854775806}], ", nil),
    ] as [(String, Double?)])
    func taintsThatEvict(tolerations: String, after: Double?) throws {
        var state = build(spec: tolerations)
        try node(&state, [Self.gone])
        if let after, after > 0 {
            state.advance(bySeconds: after - 1)
            #expect(state.store.pods[key] != nil)
            state.advance(bySeconds: 2)
        } else {
            state.advance(bySeconds: 1000)
        }
        #expect((state.store.pods[key] == nil) == (after != nil))
        #expect(state.events.contains { $0.reason == "TaintManagerEviction" && $0.message == "Marking for deletion Pod default/it" }
            == (after != nil))
    }

    /// Conditions keep their places, and the time of their last change while they stay as they are.
    @Test func aMachineThatComesBackReports() throws {
        var state = build()
        let name = try #require(state.store.pods[key]?.spec.nodeName)
        let early = Kubernetes.Time(seconds: 1000)
        state.store.update(Kubernetes.Node.self, ObjectKey(name: name)) { node in
            let pressures = ["MemoryPressure", "DiskPressure", "PIDPressure"]
            node.status.conditions =
                pressures.map { Kubernetes.Condition(type: $0, status: false, at: early) }
                + [Kubernetes.Condition(type: "Ready", status: true, at: early)]
        }
        func conditions() -> [Kubernetes.Condition] { state.store.nodes["", name]?.status.conditions ?? [] }
        try state.stopNode(name)
        try state.startNode(name)
        #expect(conditions().map(\.lastTransitionTime) == [early, early, early, early])
        try state.stopNode(name)
        state.advance(bySeconds: 60)
        #expect(conditions().map { "\($0.type) \($0.status)" } == [
            "MemoryPressure Unknown", "DiskPressure Unknown", "PIDPressure Unknown", "Ready Unknown",
        ])
        try state.startNode(name)
        #expect(conditions().map { "\($0.type) \($0.status) \($0.reason): \($0.message)" } == [
            "MemoryPressure False KubeletHasSufficientMemory: kubelet has sufficient memory available",
            "DiskPressure False KubeletHasNoDiskPressure: kubelet has no disk pressure",
            "PIDPressure False KubeletHasSufficientPID: kubelet has sufficient PID available",
            "Ready True KubeletReady: kubelet is posting ready status",
        ])
        #expect(conditions().map(\.lastTransitionTime) == [state.now, state.now, state.now, state.now])
    }

    @Test func timesSaturate() {
        let now = Kubernetes.Time(seconds: 1_700_000_000)
        #expect(now.adding(seconds: 30).seconds == 1_700_000_030)
        #expect(now.adding(seconds: -30).seconds == 1_699_999_970)
        #expect(now.adding(seconds: .max).microseconds == .max)
        #expect(now.adding(seconds: 9_223_372_036_854).microseconds == .max)
        #expect(now.adding(seconds: .min).microseconds == .min)
    }

    @Test func aTaintTakenAwaySpares() throws {
        var state = build(spec: "tolerations: [{key: gone, operator: Exists, effect: NoExecute, tolerationSeconds: 30}], ")
        try node(&state, [Self.gone])
        state.advance(bySeconds: 20)
        try node(&state, [])
        #expect(state.events.last?.message == "Cancelling deletion of Pod default/it")
        state.advance(bySeconds: 100)
        #expect(state.store.pods[key] != nil)
        // And counts anew when it is back.
        try node(&state, [Self.gone])
        state.advance(bySeconds: 29)
        #expect(state.store.pods[key] != nil)
        state.advance(bySeconds: 2)
        #expect(state.store.pods[key] == nil)
    }
}
