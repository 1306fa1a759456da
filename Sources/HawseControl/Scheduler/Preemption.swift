/// Filters with and without the pods that others have made room for (`RunFilterPluginsWithNominatedPods`): a node has to do
/// both ways, since nobody knows whether they will come.
struct NominatingFilter {
    private let pod: Kubernetes.Pod
    private let scheduling: SchedulerState
    private let plain: SchedulerFilter
    private let removed: Set<ObjectKey>

    init(pod: Kubernetes.Pod, store: ClusterStore, scheduling: SchedulerState, removed: Set<ObjectKey> = []) {
        self.pod = pod
        self.scheduling = scheduling
        self.removed = removed
        var view = SchedulerView(store)
        view.removed = removed
        plain = SchedulerFilter(pod: pod, view: view, scheduling: scheduling)
    }

    func refusal(_ node: Kubernetes.Node) -> NodeRefusal? {
        let name = node.metadata.name
        let promised = (scheduling.nominated[name] ?? []).compactMap { plain.view.store.pods[$0] }.filter {
            $0.key != pod.key && ($0.spec.priority ?? 0) >= (pod.spec.priority ?? 0)
        }
        if !promised.isEmpty {
            var view = plain.view
            view.added = promised.map { other in
                var other = other
                other.spec.nodeName = name
                return other
            }
            if let refusal = SchedulerFilter(pod: pod, view: view, scheduling: scheduling).refusal(node) { return refusal }
        }
        return plain.refusal(node)
    }
}

/// The reasons of all nodes, counted (`FitError`).
struct SchedulerFailure {
    private var counts: [String: Int] = [:]

    init(_ refusals: [String: NodeRefusal]) {
        for refusal in refusals.values { for reason in refusal.reasons { counts[reason, default: 0] += 1 } }
    }

    func message(of total: Int) -> String {
        if total == 0 { return "no nodes available to schedule pods" }
        let reasons = counts.map { "\($0.value) \($0.key)" }.sorted().joined(separator: ", ")
        return "0/\(total) nodes are available: \(reasons)."
    }
}

/// What the DefaultPreemption plugin finds.
enum Preemption {
    case notEligible(String)
    case impossible(SchedulerFailure)
    case node(String, victims: [ObjectKey])
}

extension ClusterState {
    private static func priority(_ pod: Kubernetes.Pod) -> Int { pod.spec.priority ?? 0 }

    /// Looks for a node that would do if some pods of lower priority were gone (`Evaluator.Preempt`).
    mutating func preempt(for pod: Kubernetes.Pod, _ refusals: [String: NodeRefusal]) -> Preemption {
        if pod.spec.preemptionPolicy == "Never" { return .notEligible("preemptionPolicy=Never.") }
        let nominated = pod.status.nominatedNodeName
        if !nominated.isEmpty, refusals[nominated]?.isCurable ?? true, store.nodes[ObjectKey(name: nominated)] != nil {
            let isWaiting = store.pods.all.contains { other in
                other.spec.nodeName == nominated && Self.priority(other) < Self.priority(pod) && Self.endsByPreemption(other)
            }
            if isWaiting { return .notEligible("a terminating pod on the nominated node.") }
        }
        let nodes = store.nodes.all.filter { refusals[$0.metadata.name]?.isCurable ?? true }
        var failures = refusals.mapValues { _ in NodeRefusal.final("Preemption is not helpful for scheduling") }
        let candidates = nodes.isEmpty ? [] : dryRun(pod, nodes, &failures)
        guard let best = pick(candidates) else { return .impossible(SchedulerFailure(failures)) }
        return .node(best.node, victims: best.victims.map(\.key))
    }

    private static func endsByPreemption(_ pod: Kubernetes.Pod) -> Bool {
        guard pod.metadata.isTerminating, let condition = pod.condition("DisruptionTarget") else { return false }
        return condition.status == "True" && condition.reason == "PreemptionByScheduler"
    }

    /// A node with the pods that would have to go, the most important first.
    private struct Candidate {
        var node: String
        var victims: [Kubernetes.Pod]
        var violations: Int
    }

    /// Tries nodes from a random one on until a tenth of them, or a hundred, would do (`DryRunPreemption`).
    private mutating func dryRun(
        _ pod: Kubernetes.Pod, _ nodes: [Kubernetes.Node], _ failures: inout [String: NodeRefusal]
    ) -> [Candidate] {
        let wanted = min(nodes.count, max(100, nodes.count / 10))
        let offset = Int(scheduling.preemptionRandom.below(UInt32(nodes.count)))
        let names = Set(nodes.map(\.metadata.name))
        var lower: [String: [Kubernetes.Pod]] = [:]
        for other in store.pods.all
        where names.contains(other.spec.nodeName) && !other.isFinished && Self.priority(other) < Self.priority(pod) {
            lower[other.spec.nodeName, default: []].append(other)
        }
        var clean: [Candidate] = []
        var violating: [Candidate] = []
        for index in nodes.indices {
            if !clean.isEmpty, clean.count + violating.count >= wanted { break }
            let node = nodes[(offset + index) % nodes.count]
            let name = node.metadata.name
            switch victims(on: node, among: lower[name] ?? [], for: pod) {
            case .success(let candidate) where candidate.violations == 0: clean.append(candidate)
            case .success(let candidate): violating.append(candidate)
            case .failure(let refusal): failures[name] = refusal.refusal
            }
        }
        return Array((clean.prefix(wanted) + violating.prefix(wanted)))
    }

    private struct Unfit: Error { var refusal: NodeRefusal }

    /// All pods of lower priority are thought away, and taken back one by one while the pod still fits: first those whose
    /// budget their eviction would break, and of each kind the most important ones first (`SelectVictimsOnNode`).
    private func victims(
        on node: Kubernetes.Node, among lower: [Kubernetes.Pod], for pod: Kubernetes.Pod
    ) -> Result<Candidate, Unfit> {
        if lower.isEmpty { return .failure(Unfit(refusal: .final("No preemption victims found for incoming pod"))) }
        var removed = Set(lower.map(\.key))
        func refusal() -> NodeRefusal? {
            NominatingFilter(pod: pod, store: store, scheduling: scheduling, removed: removed).refusal(node)
        }
        if let refusal = refusal() { return .failure(Unfit(refusal: refusal)) }
        let (violating, others) = byBudget(lower.sorted(by: isMoreImportant))
        var result = Candidate(node: node.metadata.name, victims: [], violations: 0)
        for (isViolating, other) in violating.map({ (true, $0) }) + others.map({ (false, $0) }) {
            removed.remove(other.key)
            guard refusal() != nil else { continue }
            removed.insert(other.key)
            result.victims.append(other)
            if isViolating { result.violations += 1 }
        }
        if !violating.isEmpty, !others.isEmpty { result.victims.sort(by: isMoreImportant) }
        return .success(result)
    }

    private func startTime(_ pod: Kubernetes.Pod) -> Kubernetes.Time { pod.status.startTime ?? now }

    /// Higher priority, or longer running; pods of one instant by their names.
    private func isMoreImportant(_ a: Kubernetes.Pod, _ b: Kubernetes.Pod) -> Bool {
        if Self.priority(a) != Self.priority(b) { return Self.priority(a) > Self.priority(b) }
        return startTime(a) == startTime(b) ? a.key < b.key : startTime(a) < startTime(b)
    }

    /// Which evictions would go beyond a budget (`filterPodsWithPDBViolation`).
    private func byBudget(_ pods: [Kubernetes.Pod]) -> (violating: [Kubernetes.Pod], others: [Kubernetes.Pod]) {
        var left = store.disruptionBudgets.all.map { ($0, $0.status.disruptionsAllowed) }
        var violating: [Kubernetes.Pod] = []
        var others: [Kubernetes.Pod] = []
        for pod in pods {
            var isViolating = false
            for index in left.indices where !pod.metadata.labels.isEmpty {
                let budget = left[index].0
                guard budget.spec.selector?.isEmpty == false, budget.selects(pod),
                    budget.status.disruptedPods[pod.metadata.name] == nil
                else { continue }
                left[index].1 -= 1
                if left[index].1 < 0 { isViolating = true }
            }
            if isViolating { violating.append(pod) } else { others.append(pod) }
        }
        return (violating, others)
    }

    /// The fewest broken budgets, the least important first victim, the least sum of priorities, the fewest victims, the
    /// latest start of the most important ones; then any (`pickOneNodeForPreemption`).
    private mutating func pick(_ candidates: [Candidate]) -> Candidate? {
        guard candidates.count > 1 else { return candidates.first }
        let time = now
        let criteria: [(Candidate) -> Int64] = [
            { Int64(-$0.violations) },
            { -Int64($0.victims.first.map(Self.priority) ?? 0) },
            { -$0.victims.reduce(0) { $0 + Int64(Self.priority($1)) + 1 << 31 } },
            { Int64(-$0.victims.count) },
            { candidate in
                let highest = candidate.victims.map(Self.priority).max() ?? 0
                let starts = candidate.victims.filter { Self.priority($0) == highest }.map { ($0.status.startTime ?? time).microseconds }
                return starts.min() ?? .min
            },
        ]
        var best = candidates
        for score in criteria {
            let scores = best.map(score)
            let highest = scores.max() ?? 0
            best = zip(best, scores).filter { $0.1 == highest }.map(\.0)
            if best.count == 1 { return best.first }
        }
        return best[Int(scheduling.preemptionRandom.below(UInt32(best.count)))]
    }

    /// A victim ends as any deleted pod, with its grace period.
    mutating func preempt(_ victim: ObjectKey, for pod: Kubernetes.Pod, on node: String) {
        guard let old = store.pods[victim], !old.metadata.isTerminating else { return }
        disrupt(
            victim, "PreemptionByScheduler",
            "\(pod.spec.schedulerName): preempting to accommodate a higher priority pod")
        note("Preempted", "Preempted by pod \(pod.metadata.uid) on node \(node)", kind: "Pod", key: victim)
        try? deletePod(victim)
    }

    /// Pods of lower priority that the node was promised to look for another one.
    mutating func clearNominations(below pod: Kubernetes.Pod, on node: String) {
        for key in scheduling.nominated[node] ?? [] {
            guard let other = store.pods[key], Self.priority(other) < Self.priority(pod) else { continue }
            scheduling.nominate(key, "")
            store.update(Kubernetes.Pod.self, key) { $0.status.nominatedNodeName = "" }
        }
    }
}
