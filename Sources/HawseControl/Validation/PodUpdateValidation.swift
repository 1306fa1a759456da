/// What of a pod may be changed (`ValidatePodUpdate`).
enum PodUpdateValidation {
    static func check(_ new: Kubernetes.PodSpec, _ old: Kubernetes.PodSpec) -> [FieldError] {
        if new == old { return [] }
        var errors = deadline(new, old) + tolerations(new, old)
        for (field, count, before) in [
            ("containers", new.containers.count, old.containers.count),
            ("initContainers", new.initContainers.count, old.initContainers.count),
        ] where count != before {
            errors.append(.forbidden("spec.\(field)", "pod updates may not add or remove containers"))
        }
        let gates = Set(old.schedulingGates.compactMap { $0["name"]?.text })
        for gate in new.schedulingGates.compactMap({ $0["name"]?.text }) where !gates.contains(gate) {
            errors.append(
                .forbidden("spec.schedulingGates", "only deletion is allowed, but found new scheduling gate '\(gate)'"))
        }
        if !errors.isEmpty { return errors }
        guard changeable(of: old, with: new) != new else { return [] }
        return [
            .forbidden(
                "spec",
                "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"
                    + "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
                    + "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)")
        ]
    }

    /// The old spec with everything of the new one that may change.
    private static func changeable(of old: Kubernetes.PodSpec, with new: Kubernetes.PodSpec) -> Kubernetes.PodSpec {
        var result = old
        for index in result.containers.indices { result.containers[index].image = new.containers[index].image }
        for index in result.initContainers.indices { result.initContainers[index].image = new.initContainers[index].image }
        result.activeDeadlineSeconds = new.activeDeadlineSeconds
        result.tolerations = new.tolerations
        result.schedulingGates = new.schedulingGates
        if let grace = old.terminationGracePeriodSeconds, grace < 0, new.terminationGracePeriodSeconds == 1 {
            result.terminationGracePeriodSeconds = 1
        }
        // A pod that waits at a gate may still be told where to go.
        if !old.schedulingGates.isEmpty, old.nodeSelector.allSatisfy({ new.nodeSelector[$0.key] == $0.value }) {
            result.nodeSelector = new.nodeSelector
        }
        return result
    }

    private static func deadline(_ new: Kubernetes.PodSpec, _ old: Kubernetes.PodSpec) -> [FieldError] {
        let path = "spec.activeDeadlineSeconds"
        guard let before = old.activeDeadlineSeconds else { return [] }
        guard let after = new.activeDeadlineSeconds else {
            return [.invalid(path, json: "null", "must not update from a positive integer to nil value")]
        }
        if after <= before { return [] }
        return [.invalid(path, json: String(after), "must be less than or equal to previous value")]
    }

    private static func tolerations(_ new: Kubernetes.PodSpec, _ old: Kubernetes.PodSpec) -> [FieldError] {
        let isKept = old.tolerations.allSatisfy { before in
            new.tolerations.contains { after in
                var same = after
                same.tolerationSeconds = before.tolerationSeconds
                return same == before
            }
        }
        if isKept { return [] }
        return [
            .forbidden("spec.tolerations", "existing toleration can not be modified except its tolerationSeconds")
        ]
    }
}
