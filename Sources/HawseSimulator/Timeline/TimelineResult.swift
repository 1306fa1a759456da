import HawseControl
import HawseModel
import HawseWire

/// What happened to a cluster while conversations went on, so that each loss has its cause.
public struct Disruption: Hashable, Sendable {
    public enum Kind: String, Hashable, Sendable {
        case stopping = "SIGTERM", exited, gone, silent, started
        case nodeStopped = "node stopped", nodeStarted = "node started"
        case apiServer = "API server"
        case synced
    }

    public var time: Instant
    public var kind: Kind
    /// `namespace/name` of a pod, or a node's name.
    public var subject: String
    /// The step under whose effect it happened; `nil` before the first.
    public var step: Int?

    /// Whether it can be the end of a conversation.
    public var harms: Bool {
        switch kind {
        case .stopping, .exited, .gone, .silent, .nodeStopped: true
        case .started, .nodeStarted, .apiServer, .synced: false
        }
    }
}

/// What became of a conversation, in a timeline's words.
public enum ConversationFate: String, Hashable, Sendable, CaseIterable {
    case completed, moved, reset, refused, blackholed, wrong, unfinished

    init(_ result: ConversationResult) {
        switch result.outcome {
        case .completed: self = result.servers.count > 1 ? .moved : .completed
        case .refused: self = .refused
        case .reset: self = .reset
        case .timedOut: self = .blackholed
        case .wrong: self = .wrong
        case .unfinished: self = .unfinished
        }
    }
}

/// A conversation that did not go as without the steps: what, when, at which node, and under which step.
public struct TimelineFinding: Hashable, Sendable {
    /// The conversation's position among the run's results.
    public var conversation: Int
    public var fate: ConversationFate
    /// When it began to go wrong.
    public var time: Instant
    /// The node whose rules its packets met first.
    public var node: String
    public var mode: ProxyMode
    /// What had happened last that could be the cause.
    public var cause: Disruption?
    /// The step's position in the scenario; `nil` before the first.
    public var step: Int?
    /// Where it was moved from and to.
    public var servers: [String] = []
}

extension ClusterTimeline {
    /// Every conversation that was reset, refused, blackholed or moved, in the order in which they began.
    public var findings: [TimelineFinding] {
        apps.results.indices.compactMap { number in
            let result = apps.results[number]
            let fate = fate(number)
            guard fate != .completed, fate != .unfinished else { return nil }
            let time: Instant
            switch fate {
            case .blackholed: time = result.lastProgress
            case .moved: time = result.lastProgress
            default: time = result.ended ?? result.started
            }
            let own = fate == .blackholed ? harm(to: result.servers, after: time, until: result.ended ?? time) : nil
            let cause = own ?? cause(of: result.servers, at: time)
            return TimelineFinding(
                conversation: number, fate: fate, time: time, node: cluster.plan.nodes[result.node].name, mode: mode,
                cause: cause, step: cause?.step ?? step(at: time), servers: result.servers)
        }
    }

    /// A conversation that was given to another server than the last one of its client, although the Service keeps
    /// clients where they are, has been moved too.
    public func fate(_ number: Int) -> ConversationFate {
        let fate = ConversationFate(apps.results[number])
        guard fate == .completed, movedByAffinity.contains(number) else { return fate }
        return .moved
    }

    /// The last harm to a server of the conversation, or else to anyone, before it went wrong.
    func cause(of servers: [String], at time: Instant) -> Disruption? {
        var last: Disruption?
        for disruption in disruptions.reversed() where disruption.harms && disruption.time <= time {
            if servers.contains(disruption.subject) { return disruption }
            if last == nil { last = disruption }
        }
        return last
    }

    /// What befell a server while it was answering; nothing when it had been harmed before.
    private func harm(to servers: [String], after time: Instant, until end: Instant) -> Disruption? {
        let harms = disruptions.filter { $0.harms && $0.time <= end && servers.contains($0.subject) }
        return harms.first.flatMap { $0.time > time ? $0 : nil }
    }

    func step(at time: Instant) -> Int? {
        stepTimes.lastIndex { $0 <= time }
    }

    /// The step's name as a person would say it.
    public func label(ofStep number: Int?) -> String {
        guard let number, number < steps.count else { return "before the first step" }
        return steps[number].label
    }
}
