import Foundation
import HawseControl
import Testing

/// The times of schedules, by the rules of `robfig/cron/v3`.
@Suite struct CronScheduleTests {
    private func time(_ text: String) throws -> Int64 { try #require(Kubernetes.Time(text)).seconds }

    @Test(arguments: [
        ("2012-07-09T14:45:00Z", "0/15 * * * *", "2012-07-09T15:00:00Z"),
        ("2012-07-09T14:59:59Z", "0/15 * * * *", "2012-07-09T15:00:00Z"),
        ("2012-07-09T15:45:00Z", "20-35/15 * * * *", "2012-07-09T16:20:00Z"),
        ("2012-07-09T23:46:00Z", "*/15 * * * *", "2012-07-10T00:00:00Z"),
        ("2012-07-09T23:35:00Z", "0/15 0-5/2 * * *", "2012-07-10T00:00:00Z"),
        ("2012-07-09T23:35:00Z", "20-35/15 1 9-20 * *", "2012-07-10T01:20:00Z"),
        ("2012-07-09T23:35:00Z", "0 0 * feb mon", "2013-02-04T00:00:00Z"),
        ("2012-07-09T23:35:00Z", "0 0 29 2 *", "2016-02-29T00:00:00Z"),
        ("2012-12-31T23:59:45Z", "* * * * *", "2013-01-01T00:00:00Z"),
        ("2012-07-09T00:00:00Z", "@weekly", "2012-07-15T00:00:00Z"),
        ("2012-07-09T00:00:10Z", "@every 90s", "2012-07-09T00:01:40Z"),
        // Both days restricted: either will do. One of them a star: both have to fit.
        ("2012-07-09T00:00:00Z", "0 0 1,15 * sat", "2012-07-14T00:00:00Z"),
        ("2012-07-14T00:00:00Z", "0 0 */10 * sun", "2012-07-15T00:00:00Z"),
        ("2012-07-09T00:00:00Z", "0 0 * * thu", "2012-07-12T00:00:00Z"),
        ("2012-07-09T00:00:00Z", "0 0 13 * ?", "2012-07-13T00:00:00Z"),
    ])
    func nextTimes(from: String, spec: String, expected: String) throws {
        let next = try #require(try CronSchedule(spec).next(after: try time(from)))
        #expect(Kubernetes.Time(seconds: next).text == expected)
    }

    @Test(arguments: ["0 0 31 6 *", "0 0 30 feb ?"])
    func daysThatNeverCome(spec: String) throws {
        #expect(try CronSchedule(spec).next(after: try time("2012-07-09T23:35:00Z")) == nil)
    }

    /// Clocks that go on from 2 to 3 in the morning of 29 March and back at 3 on 25 October 2026.
    @Test(arguments: [
        ("2026-03-28T12:00:00Z", "30 2 * * *", ["2026-03-30T00:30:00Z", "2026-03-31T00:30:00Z"]),
        ("2026-03-29T00:30:00Z", "0 * * * *", ["2026-03-29T01:00:00Z", "2026-03-29T02:00:00Z"]),
        ("2026-10-24T23:30:00Z", "0 * * * *", ["2026-10-25T00:00:00Z", "2026-10-25T01:00:00Z", "2026-10-25T02:00:00Z"]),
        ("2026-10-24T12:00:00Z", "30 2 * * *", ["2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z", "2026-10-26T01:30:00Z"]),
        ("2026-10-24T12:00:00Z", "30 4 * * *", ["2026-10-25T03:30:00Z"]),
    ] as [(String, String, [String])])
    func clocksThatAreChanged(from: String, spec: String, expected: [String]) throws {
        let zone = try #require(TimeZone(identifier: "Europe/Zurich"))
        let schedule = try CronSchedule(spec)
        var at = try time(from)
        for text in expected {
            at = try #require(
                schedule.next(after: at) { Int64(zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double($0)))) })
            #expect(Kubernetes.Time(seconds: at).text == text)
        }
    }

    /// Beirut skips midnight: the day itself is lost, as it is in the library.
    @Test func midnightThatIsSkipped() throws {
        let zone = try #require(TimeZone(identifier: "Asia/Beirut"))
        let next = try CronSchedule("0 12 * * sun").next(after: try time("2022-03-24T12:00:00Z")) {
            Int64(zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double($0))))
        }
        #expect(next != nil)
    }

    private func cron(_ fields: String, run: String) -> ClusterState {
        ControlledCluster.build("""
            apiVersion: batch/v1
            kind: CronJob
            metadata: {name: tick}
            spec:
              schedule: "* * * * *"
            \(fields.split(separator: "\n").map { "  \($0)" }.joined(separator: "\n"))
              jobTemplate:
                spec:
                  template:
                    metadata: {annotations: {hawse/run-seconds: '\(run)'}}
                    spec: {restartPolicy: Never, containers: [{name: main, image: "j:1"}]}
            """)
    }

    @Test(arguments: [("Allow", 3), ("Forbid", 1), ("Replace", 1)])
    func jobsThatOverlap(policy: String, running: Int) {
        var state = cron("concurrencyPolicy: \(policy)", run: "200")
        state.advance(bySeconds: 190)
        let jobs = state.store.list(Kubernetes.Job.self)
        #expect(jobs.count == running)
        #expect(state.store.cronJobs["default", "tick"]?.status.active.count == running)
        let minute = { (job: Kubernetes.Job) in Int64(job.metadata.name.split(separator: "-").last ?? "") ?? 0 }
        let first = (state.configuration.start.seconds + 60) / 60
        #expect(jobs.map(minute).max() == (policy == "Forbid" ? first : first + 2))
    }

    @Test func aMissedStartIsMadeUpForWhenTheOtherEnds() {
        var state = cron("concurrencyPolicy: Forbid\nsuccessfulJobsHistoryLimit: 5", run: "70")
        state.advance(bySeconds: 140)
        let first = (state.configuration.start.seconds + 60) / 60
        // The first runs from 60 to 130 s: the start of 120 s is made then.
        #expect(state.store.list(Kubernetes.Job.self).map(\.metadata.name).sorted() == ["tick-\(first)", "tick-\(first + 1)"])
        #expect(state.events.contains { $0.reason == "JobAlreadyActive" })
    }

    @Test func onlyTheLatestOfManyMissedIsStarted() throws {
        var state = cron("suspend: true", run: "1")
        state.advance(bySeconds: 605)
        #expect(state.store.jobs.isEmpty)
        let key = ObjectKey(namespace: "default", name: "tick")
        try state.modify(Kubernetes.CronJob.self, key) { $0.spec.suspend = false }
        state.reconcile()
        let minute = (state.configuration.start.seconds + 600) / 60
        #expect(state.store.list(Kubernetes.Job.self).map(\.metadata.name) == ["tick-\(minute)"])
    }

    @Test func startsThatAreTooLateAreLeftOut() throws {
        var state = cron("suspend: true\nstartingDeadlineSeconds: 20", run: "1")
        state.advance(bySeconds: 650)
        try state.modify(Kubernetes.CronJob.self, ObjectKey(namespace: "default", name: "tick")) { $0.spec.suspend = false }
        state.reconcile()
        #expect(state.store.jobs.isEmpty)
    }
}

/// CronJobs that missed times, by the rules of `pkg/controller/cronjob`.
@Suite struct CronJobTableTests {
    private let key = ObjectKey(namespace: "default", name: "tick")

    private func build(_ spec: String, template: String = "run-seconds: \"1\"") -> ClusterState {
        ControlledCluster.build("""
            apiVersion: batch/v1
            kind: CronJob
            metadata: {name: tick}
            spec:
            \(spec.split(separator: "\n").map { "  \($0)" }.joined(separator: "\n"))
              jobTemplate:
                spec:
                  template:
                    metadata: {annotations: {hawse/\(template)}}
                    spec: {restartPolicy: Never, containers: [{name: main, image: "t:1"}]}
            """)
    }

    private func minutes(_ state: ClusterState) -> [Int64] {
        state.store.jobs.all.compactMap { Int64($0.metadata.name.dropFirst(5)) }
            .map { $0 - ClusterConfiguration().start.seconds / 60 }.sorted()
    }

    private func said(_ state: ClusterState, _ reason: String) -> [String] {
        state.events.filter { $0.reason == reason }.map(\.message)
    }

    /// Only the last of several missed times is made up for, and none that is older than the deadline.
    @Test(arguments: [("", [55]), ("startingDeadlineSeconds: 60", []), ("startingDeadlineSeconds: 300", [55])] as [(String, [Int64])])
    func missedTimes(deadline: String, expected: [Int64]) throws {
        var state = build("schedule: \"*/5 * * * *\"\nsuspend: true\n\(deadline)")
        state.advance(bySeconds: 57 * 60)
        #expect(minutes(state) == [])
        try state.modify(Kubernetes.CronJob.self, key) { $0.spec.suspend = false }
        state.settle()
        #expect(minutes(state) == expected)
        state.advance(bySeconds: 4 * 60)
        #expect(minutes(state) == expected + [60])
    }

    @Test func tooManyMissedTimes() throws {
        var state = build("schedule: \"* * * * *\"\nsuspend: true")
        state.advance(bySeconds: 120 * 60)
        try state.modify(Kubernetes.CronJob.self, key) { $0.spec.suspend = false }
        state.settle()
        #expect(minutes(state) == [120])
        #expect(said(state, "TooManyMissedTimes")
            == ["too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew"])
    }

    /// What a new schedule would have had is not made up for.
    @Test func aChangedScheduleBeginsWithItsNextTime() throws {
        var state = build("schedule: \"0 12 * * *\"")
        state.advance(bySeconds: 32 * 60)
        try state.modify(Kubernetes.CronJob.self, key) { $0.spec.schedule = "*/5 * * * *" }
        state.settle()
        #expect(minutes(state) == [])
        state.advance(bySeconds: 4 * 60)
        #expect(minutes(state) == [35])
    }

    /// Forbidden while one runs; the time that was missed is made up for when it has ended.
    @Test func oneAfterAnother() {
        var state = build("schedule: \"* * * * *\"\nconcurrencyPolicy: Forbid", template: "run-seconds: \"90\"")
        state.advance(bySeconds: 125)
        #expect(minutes(state) == [1])
        #expect(said(state, "JobAlreadyActive").first
            == "Not starting job because prior execution is running and concurrency policy is Forbid")
        state.advance(bySeconds: 30)
        #expect(minutes(state) == [1, 2])
        #expect(said(state, "SawCompletedJob").first?.hasSuffix("condition: Complete") == true)
    }

    @Test func oneInsteadOfAnother() {
        var state = build("schedule: \"* * * * *\"\nconcurrencyPolicy: Replace", template: "run-seconds: \"600\"")
        state.advance(bySeconds: 185)
        #expect(minutes(state) == [3])
        #expect(said(state, "SuccessfulDelete").count == 2)
        #expect(state.store.cronJobs[key]?.status.active.count == 1)
    }

    @Test func aJobKnowsItsTimeInItsZone() {
        var state = build("schedule: \"30 5 * * *\"\ntimeZone: Asia/Kolkata")
        state.advance(bySeconds: 24 * 3600)
        #expect(
            state.store.jobs.all.compactMap { $0.metadata.annotations["batch.kubernetes.io/cronjob-scheduled-timestamp"] }
                == ["2026-01-02T05:30:00+05:30"])
    }
}
