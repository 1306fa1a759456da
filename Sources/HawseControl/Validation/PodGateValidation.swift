import HawseModel

/// Where a pod that waits at a gate may be told to go: its node selector and node affinity only ever become narrower
/// (`validateNodeSelectorMutation`, `validateNodeAffinityMutation`).
enum PodGateValidation {
    static func check(_ new: Kubernetes.PodSpec, _ old: Kubernetes.PodSpec) -> [FieldError] {
        var errors: [FieldError] = []
        if old.nodeSelector.contains(where: { new.nodeSelector[$0.key] != $0.value }) {
            errors.append(
                .invalid(
                    "spec.nodeSelector", json: JSONWriter.compact(new.nodeSelector.written()),
                    "only additions to spec.nodeSelector are allowed (no mutations or deletions)"))
        }
        guard let before = old.affinity?.nodeAffinity?.required?.nodeSelectorTerms, !before.isEmpty else { return errors }
        let after = new.affinity?.nodeAffinity?.required?.nodeSelectorTerms ?? []
        let path = "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms"
        if before.count != after.count {
            return errors + [
                .invalid(
                    path, json: after.isEmpty ? "null" : JSONWriter.compact(after.written()),
                    "no additions/deletions to non-empty NodeSelectorTerms list are allowed")
            ]
        }
        for (index, (term, old)) in zip(after, before).enumerated() where !isNarrower(term, than: old) {
            errors.append(
                .invalid(
                    "\(path)[\(index)]", json: JSONWriter.compact(term.written()),
                    "only additions are allowed (no mutations or deletions)"))
        }
        return errors
    }

    private static func isNarrower(_ new: Kubernetes.NodeSelectorTerm, than old: Kubernetes.NodeSelectorTerm) -> Bool {
        let wasEmpty = old.matchExpressions.isEmpty && old.matchFields.isEmpty
        if wasEmpty { return new.matchExpressions.isEmpty && new.matchFields.isEmpty }
        return new.matchExpressions.starts(with: old.matchExpressions) && new.matchFields.starts(with: old.matchFields)
    }
}
