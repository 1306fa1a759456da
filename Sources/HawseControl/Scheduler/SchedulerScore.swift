import OrderedCollections

/// The scheduler's score plugins with their default weights, each normalised to 0…100.
struct SchedulerScore {
    let pod: Kubernetes.Pod
    let store: ClusterStore
    let usage: [String: SchedulerState.Usage]
    let nodes: [Kubernetes.Node]
    /// Pods with wishes of their own about those near them.
    let wishing: OrderedSet<ObjectKey>

    func totals() -> [Int] {
        guard nodes.count > 1 else { return nodes.map { _ in 0 } }
        let requests = SchedulerState.requests(of: pod.spec)
        let assumed = SchedulerState.assumedRequests(of: pod.spec, requests)
        var totals = nodes.map { leastAllocated($0, assumed) + balanced($0, requests) }
        add(normalizedReversed(nodes.map(preferredTaints)), weight: 3, to: &totals)
        add(normalized(nodes.map(preferredNodes)), weight: 2, to: &totals)
        add(spreadScores(), weight: 2, to: &totals)
        add(stretched(preferredPods()), weight: 2, to: &totals)
        return totals
    }

    private func add(_ scores: [Int], weight: Int, to totals: inout [Int]) {
        for index in totals.indices { totals[index] += scores[index] * weight }
    }

    /// The best has 100 (`DefaultNormalizeScore`).
    private func normalized(_ scores: [Int]) -> [Int] {
        let high = scores.max() ?? 0
        return scores.map { high == 0 ? 0 : $0 * 100 / high }
    }

    /// The best has 100 and the worst nothing.
    private func stretched(_ scores: [Int]) -> [Int] {
        let (low, high) = (scores.min() ?? 0, scores.max() ?? 0)
        return scores.map { high > low ? ($0 - low) * 100 / (high - low) : 0 }
    }

    private func normalizedReversed(_ scores: [Int]) -> [Int] {
        let high = scores.max() ?? 0
        return scores.map { high == 0 ? 100 : 100 - $0 * 100 / high }
    }

    private static let scored = ["cpu", "memory"]

    /// `leastResourceScorer`: the share that is left of each, with something for containers that ask for nothing.
    private func leastAllocated(_ node: Kubernetes.Node, _ assumed: [String: Int64]) -> Int {
        let used = usage[node.metadata.name] ?? SchedulerState.Usage()
        let shares = Self.scored.compactMap { name -> Int? in
            guard let capacity = node.status.allocatable[name]?.thousandths, capacity > 0 else { return nil }
            let left = Int128(capacity) - (used.assumed[name] ?? 0) - Int128(assumed[name] ?? 0)
            return left <= 0 ? 0 : Int(min(100, left * 100 / Int128(capacity)))
        }
        return shares.isEmpty ? 0 : shares.reduce(0, +) / shares.count
    }

    /// `balancedResourceScorer`: how much evener the node is used with the pod than without; a pod that asks for nothing
    /// changes nothing.
    private func balanced(_ node: Kubernetes.Node, _ requests: [String: Int64]) -> Int {
        if Self.scored.allSatisfy({ (requests[$0] ?? 0) == 0 }) { return 0 }
        let used = usage[node.metadata.name]?.requested ?? [:]
        func evenness(_ more: [String: Int64]) -> Int {
            let fractions = Self.scored.compactMap { name -> Double? in
                guard let capacity = node.status.allocatable[name]?.thousandths, capacity > 0 else { return nil }
                return max(0, min(1, Double((used[name] ?? 0) + Int128(more[name] ?? 0)) / Double(capacity)))
            }
            return Int((1 - (fractions.count == 2 ? abs(fractions[0] - fractions[1]) / 2 : 0)) * 100)
        }
        return 50 + (50 + evenness(requests) - evenness([:])) / 2
    }

    private func preferredTaints(_ node: Kubernetes.Node) -> Int {
        SchedulerFilter.taints(of: node).filter { taint in
            taint.effect == "PreferNoSchedule" && !pod.spec.tolerations.contains { $0.tolerates(taint) }
        }.count
    }

    private func preferredNodes(_ node: Kubernetes.Node) -> Int {
        (pod.spec.affinity?.nodeAffinity?.preferred ?? []).reduce(0) {
            $0 + ($1.preference.matches(node) ? $1.weight : 0)
        }
    }

    /// What the pod wants of others, and what others that are there want of it; their required affinity counts 1
    /// (`hardPodAffinityWeight`).
    private func preferredPods() -> [Int] {
        let wishes = signed(pod.spec.affinity, hard: 0)
        var byTopology: [String: [String: Int]] = [:]
        func count(
            _ terms: [(term: Kubernetes.PodAffinityTerm, weight: Int)], _ owner: Kubernetes.Pod, _ met: Kubernetes.Pod,
            _ place: Kubernetes.Pod
        ) {
            guard let labels = store.nodes[ObjectKey(name: place.spec.nodeName)]?.metadata.labels else { return }
            for (term, weight) in terms where PodAffinityCount.matches(term, owner: owner, other: met, store: store) {
                guard let domain = labels[term.topologyKey] else { continue }
                byTopology[term.topologyKey, default: [:]][domain, default: 0] += weight
            }
        }
        if !wishes.isEmpty {
            for other in store.pods.all where !other.spec.nodeName.isEmpty && !other.isFinished {
                count(wishes, pod, other, other)
            }
        }
        for other in wishing.compactMap({ store.pods[$0] }) { count(signed(other.spec.affinity, hard: 1), other, pod, other) }
        return nodes.map { node in
            byTopology.reduce(0) { sum, entry in
                sum + (node.metadata.labels[entry.key].flatMap { entry.value[$0] } ?? 0)
            }
        }
    }

    private func signed(_ affinity: Kubernetes.Affinity?, hard: Int) -> [(term: Kubernetes.PodAffinityTerm, weight: Int)] {
        let wanted = (affinity?.podAffinity?.preferred ?? []).map { ($0.podAffinityTerm, $0.weight) }
        let unwanted = (affinity?.podAntiAffinity?.preferred ?? []).map { ($0.podAffinityTerm, -$0.weight) }
        return wanted + unwanted + (hard == 0 ? [] : (affinity?.podAffinity?.required ?? []).map { ($0, hard) })
    }

    /// Soft spreading: the pod's own constraints, or the system's defaults over the pods of its owner or Services
    /// (3 by hostname, 5 by zone).
    private func spreadScores() -> [Int] {
        let own = pod.spec.topologySpreadConstraints.filter { $0.whenUnsatisfiable == "ScheduleAnyway" }
        if !pod.spec.topologySpreadConstraints.isEmpty {
            let keys = own.map(\.topologyKey)
            let counts = own.map { SpreadCount($0, keys: keys, pod: pod, view: SchedulerView(store)) }
            // A node without one of the labels scores nothing; more domains make each pod weigh more.
            let scored = nodes.filter { node in keys.allSatisfy { node.metadata.labels[$0] != nil } }
            let weights = own.map { constraint in
                log2OfSize(Double(Set(scored.compactMap { $0.metadata.labels[constraint.topologyKey] }).count))
            }
            let raw = nodes.map { node -> Double? in
                guard keys.allSatisfy({ node.metadata.labels[$0] != nil }) else { return nil }
                return zip(counts, weights).reduce(0.0) { sum, entry in
                    sum + Double(entry.0.count(node) ?? 0) * entry.1 + Double(max(1, entry.0.constraint.maxSkew) - 1)
                }.rounded()
            }
            let known = reversed(raw.compactMap(\.self))
            var next = 0
            return raw.map { value in
                guard value != nil else { return 0 }
                defer { next += 1 }
                return known[next]
            }
        }
        let siblings = defaultSiblings()
        var byNode: [String: Int] = [:]
        var byZone: [String: Int] = [:]
        for other in siblings where !other.spec.nodeName.isEmpty && !other.metadata.isTerminating {
            byNode[other.spec.nodeName, default: 0] += 1
            let zone = store.nodes[ObjectKey(name: other.spec.nodeName)]?.zone ?? ""
            byZone[zone, default: 0] += 1
        }
        let zones = Double(Set(nodes.compactMap(\.zone)).count)
        let raw = nodes.map { node -> Double in
            let host = Double(byNode[node.metadata.name] ?? 0) * log2OfSize(Double(nodes.count)) + 2
            let zone = zones == 0 ? 0 : Double(byZone[node.zone ?? ""] ?? 0) * log2OfSize(zones) + 4
            return (host + zone).rounded()
        }
        return reversed(raw)
    }

    private func log2OfSize(_ size: Double) -> Double {
        // ln(size + 2) without Foundation: a few terms of the atanh series are plenty for a weight.
        let x = size + 2
        var (mantissa, exponent) = (x, 0.0)
        while mantissa > 1.5 {
            mantissa /= 2
            exponent += 1
        }
        let t = (mantissa - 1) / (mantissa + 1)
        return exponent * 0.6931471805599453 + 2 * (t + t * t * t / 3 + t * t * t * t * t / 5)
    }

    private func reversed(_ raw: [Double]) -> [Int] {
        let (low, high) = (raw.min() ?? 0, raw.max() ?? 0)
        return raw.map { high == 0 ? 100 : Int(100 * (high + low - $0) / high) }
    }

    private func defaultSiblings() -> [Kubernetes.Pod] {
        if let owner = pod.metadata.controller { return store.pods(ownedBy: owner.uid, in: pod.metadata.namespace) }
        let services = store.services.all.filter { service in
            service.metadata.namespace == pod.metadata.namespace && !service.spec.selector.isEmpty
                && service.spec.selector.allSatisfy { pod.metadata.labels[$0.key] == $0.value }
        }
        guard let selector = services.first?.spec.selector else { return [] }
        return store.pods(in: pod.metadata.namespace, matching: selector)
    }
}
