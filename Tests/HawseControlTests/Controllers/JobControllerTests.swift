@testable import HawseControl
import Testing

/// Jobs, by the rules of `pkg/controller/job`.
@Suite struct JobControllerTests {
    private func job(_ spec: String, notes: String = "", policy: String = "Never") -> ClusterState {
        ControlledCluster.build("""
            apiVersion: batch/v1
            kind: Job
            metadata: {name: once}
            spec:
            \(spec.split(separator: "\n").map { "  \($0)" }.joined(separator: "\n"))
              template:
                metadata: {annotations: {\(notes)}}
                spec: {restartPolicy: \(policy), containers: [{name: main, image: "j:1"}]}
            """)
    }

    private static let failing = "hawse/run-seconds: '1', hawse/exit-code: '3'"

    private func ends(_ state: ClusterState) -> [String] {
        (state.job("once")?.status.conditions ?? []).map { "\($0.type)=\($0.status) \($0.reason)" }
    }

    /// Seconds from the first pod's creation.
    private func starts(_ state: ClusterState) -> [Int64] {
        let times = state.podsByAge.compactMap { $0.metadata.creationTimestamp?.seconds }
        return times.map { $0 - times[0] }
    }

    @Test func failuresBackOffAndExceedTheLimit() {
        let state = job("backoffLimit: 2", notes: Self.failing)
        // 1 s of running each; 10 s, then 20 s from the last failure.
        #expect(starts(state) == [0, 11, 32])
        #expect(state.job("once")?.status.failed == 3)
        #expect(ends(state) == ["FailureTarget=True BackoffLimitExceeded", "Failed=True BackoffLimitExceeded"])
        #expect(state.job("once")?.status.completionTime == nil)
    }

    @Test func aRuleFailsTheJobAtOnce() {
        let state = job("""
            podFailurePolicy:
              rules:
              - {action: Ignore, onExitCodes: {operator: In, values: [4]}}
              - {action: FailJob, onExitCodes: {containerName: main, operator: In, values: [3, 5]}}
            """, notes: Self.failing)
        #expect(starts(state) == [0])
        #expect(ends(state) == ["FailureTarget=True PodFailurePolicy", "Failed=True PodFailurePolicy"])
        let pod = state.podsByAge.first?.metadata.name ?? ""
        #expect(state.job("once")?.status.conditions.last?.message
            == "Container main for pod default/\(pod) failed with exit code 3 matching FailJob rule at index 1")
        #expect(state.job("once")?.spec.podReplacementPolicy == "Failed")
    }

    @Test func ignoredFailuresDoNotCount() {
        let state = job("""
            backoffLimit: 0
            podFailurePolicy: {rules: [{action: Ignore, onExitCodes: {operator: NotIn, values: [0, 7]}}]}
            """, notes: Self.failing)
        #expect(state.store.pods.count > 3)
        #expect(state.job("once")?.status.failed == 0)
        #expect(ends(state) == [])
    }

    @Test func eachIndexHasItsOwnLimit() {
        let state = job("""
            completionMode: Indexed
            completions: 2
            parallelism: 2
            backoffLimitPerIndex: 1
            """, notes: Self.failing)
        #expect(starts(state) == [0, 0, 11, 11])
        let status = state.job("once")?.status
        #expect(status?.failedIndexes == "0,1")
        #expect(status?.failed == 4)
        #expect(ends(state) == ["FailureTarget=True FailedIndexes", "Failed=True FailedIndexes"])
        let counts = state.podsByAge.map { $0.metadata.annotations["batch.kubernetes.io/job-index-failure-count"] }
        #expect(counts == ["0", "0", "1", "1"])
        #expect(state.job("once")?.spec.backoffLimit == 2_147_483_647)
    }

    @Test func tooManyFailedIndexesEndTheJob() {
        let state = job("""
            completionMode: Indexed
            completions: 4
            parallelism: 1
            backoffLimitPerIndex: 0
            maxFailedIndexes: 1
            """, notes: Self.failing)
        #expect(state.job("once")?.status.failedIndexes == "0,1")
        #expect(ends(state).last == "Failed=True MaxFailedIndexesExceeded")
    }

    @Test func aRuleFailsAnIndexAlone() {
        let state = job("""
            completionMode: Indexed
            completions: 2
            parallelism: 1
            backoffLimitPerIndex: 5
            podFailurePolicy: {rules: [{action: FailIndex, onExitCodes: {operator: In, values: [3]}}]}
            """, notes: Self.failing)
        #expect(state.store.pods.count == 2)
        #expect(state.job("once")?.status.failedIndexes == "0,1")
        #expect(ends(state).last == "Failed=True FailedIndexes")
    }

    @Test func enoughIndexesAreASuccess() throws {
        var state = job("""
            completionMode: Indexed
            completions: 5
            parallelism: 5
            successPolicy: {rules: [{succeededIndexes: '0,2-4', succeededCount: 2}]}
            """)
        #expect(state.job("once")?.status.active == 5)
        for index in ["1", "2", "4"] {
            #expect(ends(state) == [])
            let pod = try #require(state.podsByAge.first { $0.metadata.labels[JobIdentity.index] == index })
            try state.annotate(pod, "hawse/phase", "Succeeded")
        }
        let status = try #require(state.job("once")?.status)
        #expect(ends(state) == ["SuccessCriteriaMet=True SuccessPolicy", "Complete=True SuccessPolicy"])
        #expect(status.conditions.last?.message == "Matched rules at index 0")
        #expect((status.completedIndexes, status.succeeded, status.failed, status.active) == ("1,2,4", 3, 0, 0))
        #expect(status.completionTime != nil)
    }

    @Test func suspendedJobsHaveNoPods() throws {
        var state = job("parallelism: 2\ncompletions: 2")
        let key = ObjectKey(namespace: "default", name: "once")
        let start = try #require(state.job("once")?.status.startTime)
        state.advance(bySeconds: 5)
        try state.modify(Kubernetes.Job.self, key) { $0.spec.suspend = true }
        state.settle()
        #expect(state.store.pods.isEmpty)
        #expect(ends(state) == ["Suspended=True JobSuspended"])
        #expect(state.job("once")?.status.failed == 0)
        try state.modify(Kubernetes.Job.self, key) { $0.spec.suspend = false }
        state.settle()
        #expect(ends(state) == ["Suspended=False JobResumed"])
        #expect(state.job("once")?.status.active == 2)
        #expect(try #require(state.job("once")?.status.startTime) > start)
        #expect(state.events.filter { $0.kind == "Job" && ["Suspended", "Resumed"].contains($0.reason) }.map(\.message).suffix(2)
            == ["Job suspended", "Job resumed"])
    }

    @Test(arguments: [("TerminatingOrFailed", 1, 1), ("Failed", 0, 0)])
    func endingPodsAreReplacedByPolicy(policy: String, active: Int, failed: Int) throws {
        var state = job("podReplacementPolicy: \(policy)\nbackoffLimit: 3", notes: "hawse/stop-seconds: '20'")
        let pod = try #require(state.podsByAge.first)
        try state.deletePod(pod.key)
        state.advance(bySeconds: 10.5)
        let status = try #require(state.job("once")?.status)
        #expect((status.active, status.terminating, status.failed) == (active, 1, failed))
        // It ends at 20 s; the failure is waited for 10 s, counted from it.
        state.advance(bySeconds: 21)
        #expect(state.job("once")?.status.active == 1)
        #expect(state.job("once")?.status.failed == 1)
    }

    @Test func theDeadlineEndsIt() {
        var state = job("activeDeadlineSeconds: 30")
        state.advance(bySeconds: 29)
        #expect(ends(state) == [])
        state.advance(bySeconds: 61)
        #expect(ends(state) == ["FailureTarget=True DeadlineExceeded", "Failed=True DeadlineExceeded"])
        #expect(state.job("once")?.status.failed == 1)
    }

    @Test func restartsInsideAPodCountToo() {
        var state = job("backoffLimit: 2", notes: Self.failing, policy: "OnFailure")
        state.advance(bySeconds: 120)
        #expect(state.store.pods.isEmpty)
        #expect(ends(state).last == "Failed=True BackoffLimitExceeded")
    }

    @Test func anotherControllersJobIsLeftAlone() {
        let state = job("managedBy: example.com/other")
        #expect(state.store.pods.isEmpty)
        #expect(state.job("once")?.status.startTime == nil)
    }

    @Test func evictedPodsMatchTheirCondition() throws {
        var state = job("""
            backoffLimit: 0
            podFailurePolicy: {rules: [{action: Ignore, onPodConditions: [{type: DisruptionTarget}]}]}
            """)
        let node = try #require(state.podsByAge.first?.spec.nodeName)
        try state.drain(node)
        state.settle()
        #expect(state.job("once")?.status.failed == 0)
        #expect(state.job("once")?.status.active == 1)
        #expect(ends(state) == [])
    }

    @Test(arguments: [
        ([], ""), ([3], "3"), ([0, 1], "0,1"), ([2, 3, 4, 9, 7, 0], "0,2-4,7,9"), ([5, 4, 3, 1, 2, 0], "0-5"),
    ] as [([Int], String)])
    func indexesAreWrittenAsRanges(indexes: [Int], text: String) {
        let intervals = IndexIntervals(indexes)
        #expect(intervals.text == text)
        #expect(intervals.count == indexes.count)
        #expect(IndexIntervals(text, below: 10) == intervals)
        let missing = (0..<10).filter { !indexes.contains($0) }
        #expect(intervals.missing(20, below: 10) == missing)
        #expect(intervals.missing(2, below: 10) == Array(missing.prefix(2)))
    }
}
