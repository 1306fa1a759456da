extension ClusterState {
    /// Binds one waiting pod: filters the nodes, scores what is left, breaks ties by the seeded dice, and says why.
    mutating func schedule(_ key: ObjectKey) {
        guard let pod = store.pods[key], pod.spec.nodeName.isEmpty, !pod.metadata.isTerminating else {
            scheduling.waiting.remove(key)
            return
        }
        if !pod.spec.schedulingGates.isEmpty {
            markUnscheduled(key, "SchedulingGated", "Scheduling is blocked due to non-empty scheduling gates")
            return
        }
        switch choose(for: pod) {
        case .node(let node, let why):
            note("Scheduled", "assigned to \(node.metadata.name) (scores: \(why))", kind: "Pod", key: key)
            bind(key, to: node)
        case .none(let why): markUnscheduled(key, "Unschedulable", why)
        }
    }

    private enum Choice {
        case node(Kubernetes.Node, why: String)
        case none(why: String)
    }

    /// A function of its own, so that its view of the store is gone before the store is written to.
    private mutating func choose(for pod: Kubernetes.Pod) -> Choice {
        var refusals: [(reason: String, count: Int)] = []
        var fitting: [Kubernetes.Node] = []
        let filter = SchedulerFilter(pod: pod, store: store, scheduling: scheduling)
        for node in store.nodes.all {
            let reasons = filter.refusals(node)
            if reasons.isEmpty { fitting.append(node) }
            for reason in reasons {
                if let index = refusals.firstIndex(where: { $0.reason == reason }) {
                    refusals[index].count += 1
                } else {
                    refusals.append((reason, 1))
                }
            }
        }
        guard !fitting.isEmpty else {
            if store.nodes.count == 0 { return .none(why: "no nodes available to schedule pods") }
            let why = refusals.map { "\($0.count) \($0.reason)" }.sorted().joined(separator: ", ")
            return .none(why: "0/\(store.nodes.count) nodes are available: \(why).\(preemption(for: pod, filter))")
        }
        let scores = SchedulerScore(pod: pod, store: store, usage: scheduling.usage, nodes: fitting, wishing: scheduling.wishing).totals()
        let best = scores.max() ?? 0
        let winners = fitting.indices.filter { scores[$0] == best }
        let choice = winners.count == 1 ? winners[0] : winners[Int(scheduling.random.below(UInt32(winners.count)))]
        // The scores of a few nodes explain the choice; of hundreds they explain nothing.
        let shown = zip(fitting, scores).sorted { $0.1 > $1.1 }.prefix(6)
        let table = shown.map { "\($0.metadata.name) \($1)" }.joined(separator: ", ")
        return .node(fitting[choice], why: table)
    }

    /// What the DefaultPreemption plugin says when it finds nobody to evict. Pods are never evicted here: where one of
    /// lower priority could be, nothing is said.
    private func preemption(for pod: Kubernetes.Pod, _ filter: SchedulerFilter) -> String {
        if pod.spec.preemptionPolicy == "Never" { return " preemption: not eligible due to preemptionPolicy=Never." }
        let isLowest = store.pods.all.allSatisfy {
            $0.spec.nodeName.isEmpty || ($0.spec.priority ?? 0) >= (pod.spec.priority ?? 0)
        }
        guard isLowest else { return "" }
        let total = store.nodes.count
        let resolvable = store.nodes.all.filter { filter.isResolvable($0) }.count
        let reasons = [
            (resolvable, "No preemption victims found for incoming pod"),
            (total - resolvable, "Preemption is not helpful for scheduling"),
        ]
        let why = reasons.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }.sorted().joined(separator: ", ")
        return " preemption: 0/\(total) nodes are available: \(why)."
    }

    private mutating func bind(_ key: ObjectKey, to node: Kubernetes.Node) {
        let time = now
        store.update(Kubernetes.Pod.self, key) { pod in
            pod.spec.nodeName = node.metadata.name
            Self.labelTopology(&pod, node)
            pod.status.conditions.removeAll { $0.type == "PodScheduled" }
            pod.status.conditions.append(Kubernetes.Condition(type: "PodScheduled", status: true, at: time))
        }
        scheduling.waiting.remove(key)
        if let pod = store.pods[key] { scheduling.count(pod) }
    }

    /// The PodTopologyLabels admission plugin: at binding, a pod takes its node's zone and region labels.
    static func labelTopology(_ pod: inout Kubernetes.Pod, _ node: Kubernetes.Node) {
        for label in ["topology.kubernetes.io/zone", "topology.kubernetes.io/region"] {
            if let value = node.metadata.labels[label] { pod.metadata.labels[label] = value }
        }
    }

    private mutating func markUnscheduled(_ key: ObjectKey, _ reason: String, _ message: String) {
        let time = now
        scheduling.waiting.append(key)
        let changed = store.update(Kubernetes.Pod.self, key) { pod in
            var condition = Kubernetes.Condition(type: "PodScheduled", status: false, reason: reason, message: message)
            let old = pod.condition("PodScheduled")
            condition.lastTransitionTime = old?.status == "False" ? old?.lastTransitionTime : time
            pod.status.conditions.removeAll { $0.type == "PodScheduled" }
            pod.status.conditions.append(condition)
        }
        if changed { note("FailedScheduling", message, kind: "Pod", key: key) }
    }
}
