/// Required pod affinity and anti-affinity, the pod's own and those of pods that are there already.
struct PodAffinityCount {
    private let pod: Kubernetes.Pod
    /// For each required term, the domains that hold a matching pod.
    private var attracting: [(term: Kubernetes.PodAffinityTerm, domains: Set<String>)] = []
    /// Somebody is there to join.
    private var hasFriends = false
    /// Terms of pods that are there already and keep this one away.
    private var resisting: [(term: Kubernetes.PodAffinityTerm, domains: Set<String>)] = []
    private var repelling: [(term: Kubernetes.PodAffinityTerm, domains: Set<String>)] = []

    init(pod: Kubernetes.Pod, view: SchedulerView, repelling keys: some Sequence<ObjectKey>) {
        self.pod = pod
        let store = view.store
        let wanted = pod.spec.affinity?.podAffinity?.required ?? []
        let unwanted = pod.spec.affinity?.podAntiAffinity?.required ?? []
        let asks = !wanted.isEmpty || !unwanted.isEmpty
        let bound = asks ? view.boundPods() : []
        func domain(_ other: Kubernetes.Pod, _ key: String) -> String? {
            store.nodes[ObjectKey(name: other.spec.nodeName)]?.metadata.labels[key]
        }
        // Only pods that fit all terms count for any of them.
        let friends = bound.filter { other in
            !wanted.isEmpty && wanted.allSatisfy { Self.matches($0, owner: pod, other: other, store: store) }
        }
        for term in wanted { attracting.append((term, Set(friends.compactMap { domain($0, term.topologyKey) }))) }
        hasFriends = attracting.contains { !$0.domains.isEmpty }
        for term in unwanted {
            let matching = bound.filter { Self.matches(term, owner: pod, other: $0, store: store) }
            repelling.append((term, Set(matching.compactMap { domain($0, term.topologyKey) })))
        }
        for other in view.pods(keys, orAdded: { $0.spec.affinity?.podAntiAffinity?.required.isEmpty == false }) {
            for term in other.spec.affinity?.podAntiAffinity?.required ?? []
            where Self.matches(term, owner: other, other: pod, store: store) {
                if let place = domain(other, term.topologyKey) { resisting.append((term, [place])) }
            }
        }
    }

    static func matches(
        _ term: Kubernetes.PodAffinityTerm, owner: Kubernetes.Pod, other: Kubernetes.Pod, store: ClusterStore
    ) -> Bool {
        guard let selector = term.labelSelector, selector.matches(other.metadata.labels) else { return false }
        let labels = other.metadata.labels
        // Keys stand for the values that the pod itself has.
        for key in term.matchLabelKeys { if let value = owner.metadata.labels[key], labels[key] != value { return false } }
        for key in term.mismatchLabelKeys { if let value = owner.metadata.labels[key], labels[key] == value { return false } }
        let namespace = other.metadata.namespace
        if let chosen = term.namespaceSelector {
            let labels = store.namespaces[ObjectKey(name: namespace)]?.metadata.labels ?? [:]
            return chosen.matches(labels) || term.namespaces.contains(namespace)
        }
        if !term.namespaces.isEmpty { return term.namespaces.contains(namespace) }
        return namespace == owner.metadata.namespace
    }

    func refusal(_ node: Kubernetes.Node) -> NodeRefusal? {
        // The first pod of a group that wants to be together has nobody to join.
        let joinsItself = !hasFriends && attracting.allSatisfy { $0.term.labelSelector?.matches(pod.metadata.labels) ?? false }
        for (term, domains) in attracting {
            guard let here = node.metadata.labels[term.topologyKey], domains.contains(here) || joinsItself else {
                return .final("node(s) didn't match pod affinity rules")
            }
        }
        func isIn(_ terms: [(term: Kubernetes.PodAffinityTerm, domains: Set<String>)]) -> Bool {
            terms.contains { term, domains in node.metadata.labels[term.topologyKey].map(domains.contains) ?? false }
        }
        if isIn(repelling) { return .curable("node(s) didn't match pod anti-affinity rules") }
        return isIn(resisting) ? .curable("node(s) didn't satisfy existing pods anti-affinity rules") : nil
    }
}
