import HawseControl
import HawseModel
import Testing

@Suite struct ScenarioTests {
    static let manifests = """
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web}
        spec:
          replicas: 3
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec:
              containers:
              - name: main
                image: web:1
                ports: [{containerPort: 8080}]
                readinessProbe: {httpGet: {port: 8080}, periodSeconds: 5, failureThreshold: 2}
                lifecycle: {preStop: {sleep: {seconds: 10}}}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: web}
        spec:
          selector: {app: web}
          ports: [{port: 80, targetPort: 8080}]
        """

    private func run(_ steps: String) throws -> ScenarioRun {
        var loader = ManifestLoader()
        loader.load(text: Self.manifests, file: "web.yaml")
        let (state, problems) = ClusterState.build(from: loader.objects, seed: 5)
        #expect(problems.isEmpty)
        let (scenario, complaints) = Scenario.read(text: steps, file: "scenario.yaml")
        #expect(complaints.map(\.description) == [])
        return ScenarioRun(try #require(scenario), state: state)
    }

    private func endpoints(_ state: ClusterState) -> [(ready: Bool, serving: Bool, terminating: Bool)] {
        state.store.slices(of: ObjectKey(namespace: "default", name: "web")).flatMap(\.endpoints).map {
            ($0.conditions.ready ?? true, $0.conditions.serving ?? true, $0.conditions.terminating ?? false)
        }
    }

    @Test func preStopKeepsPodsServingWhileTheyEnd() throws {
        var run = try run("steps:\n- at: 10s\n  scale: {deployment: web, replicas: 1}\n")
        run.advance(to: 9)
        #expect(endpoints(run.state).filter(\.ready).count == 3)
        run.advance(to: 10)
        #expect(endpoints(run.state).filter(\.ready).count == 1)
        #expect(endpoints(run.state).filter { $0.terminating && $0.serving }.count == 2)
        run.advance(to: 19.9)
        #expect(run.state.store.pods.count == 3)
        run.advance(to: 20)
        #expect(run.state.store.pods.count == 1)
        #expect(endpoints(run.state).count == 1)
    }

    @Test func hangingPodsAreNoticedByTheirProbe() throws {
        var run = try run("steps: []\n")
        let pod = try #require(run.state.store.pods.all.first?.key)
        // A Deployment's pods have drawn names: the oldest is meant.
        let steps = "steps:\n- at: 0\n  fail: web-*\n- at: 30\n  recover: web-*\n"
        let scenario = try #require(Scenario.read(text: steps, file: "s").scenario)
        run = ScenarioRun(scenario, state: run.state)
        run.advance(to: 1)
        // The process is silent, and nobody knows yet.
        #expect(!run.state.isAnswering(pod))
        #expect(endpoints(run.state).filter(\.ready).count == 3)
        run.advance(to: 11)
        #expect(endpoints(run.state).filter(\.ready).count == 2)
        run.advance(to: 45)
        #expect(run.state.isAnswering(pod))
        #expect(endpoints(run.state).filter(\.ready).count == 3)
        #expect(run.problems.isEmpty)
    }

    @Test func drainedNodesLoseTheirPods() throws {
        var run = try run("steps:\n- at: 1\n  drain: node-b\n")
        run.advance(to: 30)
        let nodes = run.state.store.pods.all.map(\.spec.nodeName)
        #expect(nodes.count == 3)
        #expect(!nodes.contains("node-b"))
        #expect(run.state.store.nodes["", "node-b"]?.spec.unschedulable == true)
    }

    @Test func lostNodesAreEvictedAfterFiveMinutes() throws {
        var run = try run("steps:\n- at: 0\n  stopNode: node-a\n")
        run.advance(to: 49)
        #expect(endpoints(run.state).filter(\.ready).count == 3)
        run.advance(to: 51)
        #expect(endpoints(run.state).filter(\.ready).count == 2)
        run.advance(to: 360)
        let running = run.state.store.pods.all.filter { !$0.metadata.isTerminating }
        #expect(running.count == 3)
        #expect(!running.contains { $0.spec.nodeName == "node-a" })
        #expect(endpoints(run.state).filter(\.ready).count == 3)
    }

    @Test func anUnreachableAPIServerFreezesTheCluster() throws {
        var run = try run(
            "steps:\n- at: 1\n  apiServer: unreachable\n- at: 2\n  scale: {deployment: web, replicas: 5}\n- at: 60\n"
                + "  apiServer: reachable\n- at: 61\n  scale: {deployment: web, replicas: 5}\n")
        run.advance(to: 59)
        #expect(run.state.store.pods.count == 3)
        #expect(run.problems.count == 1)
        run.advance(to: 70)
        #expect(run.state.store.pods.count == 5)
    }

    @Test func kubeletsGoOnWithoutTheAPIServer() throws {
        var run = try run(
            "steps:\n- at: 1\n  apiServer: unreachable\n- at: 5\n  fail: web-*\n- at: 60\n  apiServer: reachable\n")
        run.advance(to: 6)
        let pod = try #require(run.state.store.pods.all.first { !run.state.isAnswering($0.key) }?.key)
        run.advance(to: 59)
        // The kubelet has seen its probe fail and cannot say so.
        #expect(run.state.store.pods[pod]?.isReady == true)
        #expect(run.state.podOnItsNode(pod)?.isReady == false)
        #expect(endpoints(run.state).filter(\.ready).count == 3)
        run.advance(to: 60)
        #expect(run.state.store.pods[pod]?.isReady == false)
        #expect(endpoints(run.state).filter(\.ready).count == 2)
    }

    @Test func containersRestartWithoutTheAPIServer() throws {
        var run = try run(
            "steps:\n- at: 1\n  apiServer: unreachable\n- at: 5\n  crash: web-*\n- at: 60\n  apiServer: reachable\n")
        run.advance(to: 5)
        let pod = try #require(run.state.store.pods.all.first { !run.state.isAnswering($0.key) }?.key)
        #expect(run.state.processState(pod) == .exited)
        run.advance(to: 59)
        #expect(run.state.processState(pod) == .serving)
        #expect(run.state.store.pods[pod]?.status.containerStatuses.first?.restartCount == 0)
        run.advance(to: 60)
        #expect(run.state.store.pods[pod]?.status.containerStatuses.first?.restartCount == 1)
        #expect(run.state.store.pods[pod]?.isReady == true)
    }

    @Test func aMachineStartedWithoutTheAPIServerWaitsForIt() throws {
        var run = try run(
            "steps:\n- at: 1\n  apiServer: unreachable\n- at: 2\n  stopNode: node-a\n- at: 5\n  startNode: node-a\n- at: 20\n"
                + "  apiServer: reachable\n")
        run.advance(to: 19)
        #expect(run.problems.isEmpty)
        #expect(run.state.isStopped(node: "node-a"))
        let own = run.state.store.pods.all.filter { $0.spec.nodeName == "node-a" }.map(\.key)
        #expect(own.allSatisfy { run.state.processState($0) == .absent })
        run.advance(to: 40)
        #expect(!run.state.isStopped(node: "node-a"))
        #expect(own.allSatisfy { run.state.processState($0) == .serving })
    }

    @Test func podsEndWithoutTheAPIServer() throws {
        var run = try run(
            "steps:\n- at: 0.5\n  scale: {deployment: web, replicas: 1}\n- at: 1\n  apiServer: unreachable\n"
                + "- at: 60\n  apiServer: reachable\n")
        run.advance(to: 1)
        let ending = run.state.store.pods.all.filter(\.metadata.isTerminating).map(\.key)
        #expect(ending.count == 2)
        #expect(ending.allSatisfy { run.state.processState($0) == .serving })
        run.advance(to: 59)
        // preStop and SIGTERM came in their time; only the object is still there.
        #expect(ending.allSatisfy { run.state.processState($0) == .exited })
        #expect(run.state.store.pods.count == 3)
        #expect(endpoints(run.state).count == 3)
        run.advance(to: 60)
        #expect(run.state.store.pods.count == 1)
        #expect(endpoints(run.state).count == 1)
    }

    @Test func metricsScaleADeployment() throws {
        var run = try run("steps: []\n")
        var loader = ManifestLoader()
        loader.load(
            text: """
                apiVersion: autoscaling/v2
                kind: HorizontalPodAutoscaler
                metadata: {name: web}
                spec:
                  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
                  minReplicas: 2
                  maxReplicas: 10
                  metrics:
                  - type: Pods
                    pods: {metric: {name: rps}, target: {type: AverageValue, averageValue: "10"}}
                """, file: "hpa.yaml")
        let text = "steps:\n- at: 20\n  metrics: {autoscaler: web, rps: 20}\n- at: 100\n  metrics: {autoscaler: web, rps: 2}\n"
        var state = run.state
        try state.apply(loader.objects[0])
        run = ScenarioRun(try #require(Scenario.read(text: text, file: "s").scenario), state: state)
        run.advance(to: 25)
        #expect(run.state.store.deployments["default", "web"]?.spec.replicas == 6)
        // Twice the target again: four more pods at most, or double, up to ten.
        run.advance(to: 60)
        #expect(run.state.store.deployments["default", "web"]?.spec.replicas == 10)
        // Down only after five minutes of lower recommendations.
        run.advance(to: 300)
        #expect(run.state.store.deployments["default", "web"]?.spec.replicas == 10)
        run.advance(to: 460)
        #expect(run.state.store.deployments["default", "web"]?.spec.replicas == 2)
    }

    @Test func mistakesAreLocated() {
        let (scenario, problems) = Scenario.read(
            text: "steps:\n- at: 1x\n  observe: a\n- scael: {deployment: web}\n- at: 1\n", file: "s.yaml")
        #expect(scenario == nil)
        #expect(problems.count == 3)
        #expect(problems[0].mark == SourceMark(line: 2, column: 7))
        #expect(problems[1].suggestion == "scale")
    }

    @Test(arguments: [
        ("*/15 * * * *", 1_767_225_600, 1_767_226_500), ("0 0 1 * *", 1_767_225_600, 1_769_904_000),
        ("30 4 * * sun", 1_767_225_600, 1_767_501_000), ("@hourly", 1_767_225_600, 1_767_229_200),
        ("0 12 29 2 *", 1_767_225_600, 1_835_438_400), ("5,35 * * * *", 1_767_225_600, 1_767_225_900),
    ])
    func cronTimes(schedule: String, after: Int64, next: Int64) throws {
        #expect(try CronSchedule(schedule).next(after: after) == next)
    }
}
