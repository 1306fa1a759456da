/// Pods whose selectors take over the values of their own labels: the API server writes these into the selectors when a pod is
/// created (`applyMatchLabelKeysAndMismatchLabelKeys`).
enum LabelKeyMerge {
    static func apply(_ pod: inout Kubernetes.Pod) {
        let labels = pod.metadata.labels
        for index in pod.spec.topologySpreadConstraints.indices {
            let keys = pod.spec.topologySpreadConstraints[index].matchLabelKeys
            add(keys, "In", labels, to: &pod.spec.topologySpreadConstraints[index].labelSelector)
        }
        guard var affinity = pod.spec.affinity else { return }
        apply(labels, to: &affinity.podAffinity)
        apply(labels, to: &affinity.podAntiAffinity)
        pod.spec.affinity = affinity
    }

    private static func apply(_ labels: [String: String], to affinity: inout Kubernetes.PodAffinity?) {
        guard var terms = affinity else { return }
        for index in terms.required.indices { apply(labels, to: &terms.required[index]) }
        for index in terms.preferred.indices { apply(labels, to: &terms.preferred[index].podAffinityTerm) }
        affinity = terms
    }

    private static func apply(_ labels: [String: String], to term: inout Kubernetes.PodAffinityTerm) {
        add(term.matchLabelKeys, "In", labels, to: &term.labelSelector)
        add(term.mismatchLabelKeys, "NotIn", labels, to: &term.labelSelector)
    }

    private static func add(
        _ keys: [String], _ op: String, _ labels: [String: String], to selector: inout Kubernetes.LabelSelector?
    ) {
        for key in keys {
            guard let value = labels[key] else { continue }
            selector?.matchExpressions.append(.init(key: key, op: op, values: [value]))
        }
    }
}
