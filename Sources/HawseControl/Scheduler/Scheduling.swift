import OrderedCollections

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
            note(
                "Scheduled", "Successfully assigned \(key) to \(node.metadata.name)", kind: "Pod", key: key, explanation: "scores: \(why)")
            bind(key, to: node)
        case .none(let refusals):
            let why = SchedulerFailure(refusals).message(of: store.nodes.count)
            if refusals.isEmpty {
                markUnscheduled(key, "Unschedulable", why)
                return
            }
            switch preempt(for: pod, refusals) {
            case .node(let node, let victims):
                markUnscheduled(key, "Unschedulable", why, nominated: node)
                for victim in victims { preempt(victim, for: pod, on: node) }
                clearNominations(below: pod, on: node)
            case .impossible(let failure):
                // Other plugins have their say first: no claims of the pod's could be given up either.
                let text = "\(why) no new claims to deallocate, preemption: \(failure.message(of: store.nodes.count))"
                markUnscheduled(key, "Unschedulable", text, nominated: "")
            case .notEligible(let reason):
                let text = "\(why) no new claims to deallocate, preemption: not eligible due to \(reason)"
                markUnscheduled(key, "Unschedulable", text)
            }
        }
    }

    /// The order of the scheduler's queue: pods of higher priority first, others as they came.
    func byPriority(_ keys: OrderedSet<ObjectKey>) -> [ObjectKey] {
        let ranked = keys.enumerated().map { (place: $0.offset, key: $0.element, priority: store.pods[$0.element]?.spec.priority ?? 0) }
        guard ranked.contains(where: { $0.priority != ranked[0].priority }) else { return Array(keys) }
        return ranked.sorted { $0.priority != $1.priority ? $0.priority > $1.priority : $0.place < $1.place }.map(\.key)
    }

    private enum Choice {
        case node(Kubernetes.Node, why: String)
        case none([String: NodeRefusal])
    }

    /// A function of its own, so that its view of the store is gone before the store is written to.
    private mutating func choose(for pod: Kubernetes.Pod) -> Choice {
        let filter = NominatingFilter(pod: pod, store: store, scheduling: scheduling)
        // The node that others were evicted from for this pod is asked first, and alone.
        if let promised = store.nodes[ObjectKey(name: pod.status.nominatedNodeName)], filter.refusal(promised) == nil {
            return .node(promised, why: "nominated")
        }
        let named = SchedulerFilter.namedNodes(pod.spec)
        var refusals: [String: NodeRefusal] = [:]
        var fitting: [Kubernetes.Node] = []
        for node in store.nodes.all {
            let name = node.metadata.name
            if named?.contains(name) == false {
                refusals[name] = .final("node(s) didn't satisfy plugin(s) [NodeAffinity]")
            } else if let refusal = filter.refusal(node) {
                refusals[name] = refusal
            } else {
                fitting.append(node)
            }
        }
        guard !fitting.isEmpty else { return .none(refusals) }
        let scores = SchedulerScore(pod: pod, store: store, usage: scheduling.usage, nodes: fitting, wishing: scheduling.wishing).totals()
        let best = scores.max() ?? 0
        let winners = fitting.indices.filter { scores[$0] == best }
        let choice = winners.count == 1 ? winners[0] : winners[Int(scheduling.random.below(UInt32(winners.count)))]
        // The scores of a few nodes explain the choice; of hundreds they explain nothing.
        let shown = zip(fitting, scores).sorted { $0.1 > $1.1 }.prefix(6)
        let table = shown.map { "\($0.metadata.name) \($1)" }.joined(separator: ", ")
        return .node(fitting[choice], why: table)
    }

    private mutating func bind(_ key: ObjectKey, to node: Kubernetes.Node) {
        let time = now
        store.update(Kubernetes.Pod.self, key) { pod in
            pod.spec.nodeName = node.metadata.name
            pod.status.nominatedNodeName = ""
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

    /// `nominated`: the node that the pod is promised, an empty name to take a promise back, nil to leave it.
    private mutating func markUnscheduled(
        _ key: ObjectKey, _ reason: String, _ message: String, nominated: String? = nil
    ) {
        let time = now
        scheduling.waiting.append(key)
        let changed = store.update(Kubernetes.Pod.self, key) { pod in
            var condition = Kubernetes.Condition(type: "PodScheduled", status: false, reason: reason, message: message)
            let old = pod.condition("PodScheduled")
            condition.lastTransitionTime = old?.status == "False" ? old?.lastTransitionTime : time
            pod.status.conditions.removeAll { $0.type == "PodScheduled" }
            pod.status.conditions.append(condition)
            if let nominated { pod.status.nominatedNodeName = nominated }
        }
        if let nominated { scheduling.nominate(key, nominated) }
        if changed { note("FailedScheduling", message, kind: "Pod", key: key) }
    }
}
