/// Required pod affinity and anti-affinity, the pod's own and those of pods that are there already.
struct PodAffinityCount {
    private let pod: Kubernetes.Pod
    /// For each required term, the domains that hold a matching pod.
    private var attracting: [(term: Kubernetes.PodAffinityTerm, domains: Set<String>, any: Bool)] = []
    private var repelling: [(term: Kubernetes.PodAffinityTerm, domains: Set<String>)] = []

    init(pod: Kubernetes.Pod, store: ClusterStore, repelling keys: some Sequence<ObjectKey>) {
        self.pod = pod
        let wanted = pod.spec.affinity?.podAffinity?.required ?? []
        let unwanted = pod.spec.affinity?.podAntiAffinity?.required ?? []
        let asks = !wanted.isEmpty || !unwanted.isEmpty
        let bound = asks ? store.pods.all.filter { !$0.spec.nodeName.isEmpty && !$0.isFinished } : []
        func domain(_ other: Kubernetes.Pod, _ key: String) -> String? {
            store.nodes[ObjectKey(name: other.spec.nodeName)]?.metadata.labels[key]
        }
        for term in wanted {
            let matching = bound.filter { Self.matches(term, owner: pod, other: $0, store: store) }
            attracting.append((term, Set(matching.compactMap { domain($0, term.topologyKey) }), !matching.isEmpty))
        }
        for term in unwanted {
            let matching = bound.filter { Self.matches(term, owner: pod, other: $0, store: store) }
            repelling.append((term, Set(matching.compactMap { domain($0, term.topologyKey) })))
        }
        for other in keys.compactMap({ store.pods[$0] }) {
            for term in other.spec.affinity?.podAntiAffinity?.required ?? []
            where Self.matches(term, owner: other, other: pod, store: store) {
                if let place = domain(other, term.topologyKey) { repelling.append((term, [place])) }
            }
        }
    }

    static func matches(
        _ term: Kubernetes.PodAffinityTerm, owner: Kubernetes.Pod, other: Kubernetes.Pod, store: ClusterStore
    ) -> Bool {
        guard let selector = term.labelSelector, selector.matches(other.metadata.labels) else { return false }
        let namespace = other.metadata.namespace
        if let chosen = term.namespaceSelector {
            let labels = store.namespaces[ObjectKey(name: namespace)]?.metadata.labels ?? [:]
            return chosen.matches(labels) || term.namespaces.contains(namespace)
        }
        if !term.namespaces.isEmpty { return term.namespaces.contains(namespace) }
        return namespace == owner.metadata.namespace
    }

    func refusal(_ node: Kubernetes.Node) -> String? {
        for (term, domains, any) in attracting {
            let here = node.metadata.labels[term.topologyKey]
            // The first pod of a group that wants to be together has nobody to join.
            let joinsItself = !any && (term.labelSelector?.matches(pod.metadata.labels) ?? false)
            if here == nil || !domains.contains(here ?? "") && !joinsItself {
                return "node(s) didn't match pod affinity rules"
            }
        }
        for (term, domains) in repelling {
            if let here = node.metadata.labels[term.topologyKey], domains.contains(here) {
                return "node(s) didn't match pod anti-affinity rules"
            }
        }
        return nil
    }
}
