/// What of a pod may be changed (`ValidatePodUpdate`).
enum PodUpdateValidation {
    static func check(_ new: Kubernetes.PodSpec, _ old: Kubernetes.PodSpec) -> [FieldError] {
        var errors: [FieldError] = []
        for (field, after, before) in [
            ("containers", new.containers, old.containers), ("initContainers", new.initContainers, old.initContainers),
        ] {
            if after.count != before.count {
                return errors + [.forbidden("spec.\(field)", "pod updates may not add or remove containers")]
            }
            for (index, container) in after.enumerated() {
                let place = "spec.\(field)[\(index)]"
                if container.image.isEmpty { errors.append(.required("\(place).image")) }
                errors += ContainerValidation.image(container, at: place)
            }
        }
        let late = deadline(new, old)
        errors += late
        if !late.isEmpty, new.activeDeadlineSeconds != nil { return errors }
        errors += tolerations(new, old)
        let gates = Set(old.schedulingGates.compactMap { $0["name"]?.text })
        for (index, gate) in new.schedulingGates.enumerated() {
            guard let name = gate["name"]?.text, !gates.contains(name) else { continue }
            errors.append(
                .forbidden(
                    "spec.schedulingGates[\(index)].name",
                    "only deletion is allowed, but found new scheduling gate '\(name)'"))
        }
        if new == old { return errors }
        if !old.schedulingGates.isEmpty { errors += PodGateValidation.check(new, old) }
        guard changeable(of: old, with: new) != new else { return errors }
        return errors + [
            .forbidden(
                "spec",
                "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"
                    + "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
                    + "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)")
        ]
    }

    /// The old spec with everything of the new one that may change or has been judged already.
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
        if !old.schedulingGates.isEmpty {
            result.nodeSelector = new.nodeSelector
            if new.affinity == nil, old.affinity?.podAffinity == nil, old.affinity?.podAntiAffinity == nil {
                result.affinity = nil
            } else if result.affinity != nil || new.affinity?.nodeAffinity != nil {
                result.affinity = result.affinity ?? Kubernetes.Affinity()
                result.affinity?.nodeAffinity = new.affinity?.nodeAffinity
            }
        }
        return result
    }

    private static func deadline(_ new: Kubernetes.PodSpec, _ old: Kubernetes.PodSpec) -> [FieldError] {
        let path = "spec.activeDeadlineSeconds"
        guard let after = new.activeDeadlineSeconds else {
            guard old.activeDeadlineSeconds != nil else { return [] }
            return [.invalid(path, json: "null", "must not update from a positive integer to nil value")]
        }
        if !(0...2_147_483_647).contains(after) {
            return [.invalid(path, json: String(after), "must be between 0 and 2147483647, inclusive")]
        }
        guard let before = old.activeDeadlineSeconds, after > before else { return [] }
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
