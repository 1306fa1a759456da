/// `ValidateTolerations`
enum TolerationValidation {
    static func check(_ toleration: Kubernetes.Toleration, at path: String) -> [FieldError] {
        var errors: [FieldError] = []
        if !toleration.key.isEmpty {
            errors += NameFormat.qualified(toleration.key).map { .invalid("\(path).key", toleration.key, $0) }
        } else if toleration.op != "Exists" {
            errors.append(
                .invalid(
                    "\(path).operator", toleration.op,
                    "operator must be Exists when `key` is empty, which means \"match all values and all keys\""))
        }
        if toleration.tolerationSeconds != nil, toleration.effect != "NoExecute" {
            errors.append(
                .invalid("\(path).effect", toleration.effect, "effect must be 'NoExecute' when `tolerationSeconds` is set"))
        }
        switch toleration.op {
        case "", "Equal":
            let problems = NameFormat.labelValue(toleration.value)
            if !problems.isEmpty {
                errors.append(.invalid("\(path).operator", toleration.value, problems.joined(separator: ";")))
            }
        case "Exists":
            if !toleration.value.isEmpty {
                errors.append(
                    .invalid("\(path).operator", toleration.value, "value must be empty when `operator` is 'Exists'"))
            }
        // TaintTolerationComparisonOperators is off.
        case "Lt", "Gt": errors.append(.notSupported("\(path).operator", toleration.op, ["Equal", "Exists", "Lt", "Gt"]))
        default: errors.append(.notSupported("\(path).operator", toleration.op, ["Equal", "Exists"]))
        }
        if !["", "NoSchedule", "PreferNoSchedule", "NoExecute"].contains(toleration.effect) {
            errors.append(
                .notSupported("\(path).effect", toleration.effect, ["NoSchedule", "PreferNoSchedule", "NoExecute"]))
        }
        return errors
    }
}
