import HawseWire

/// `ValidateNode` of `pkg/apis/core/validation`: pod ranges, taints, resources.
enum NodeValidation {
    static func check(_ node: Kubernetes.Node, options: Validation.Options = Validation.Options()) -> [FieldError] {
        var errors = MetadataValidation.check(node.metadata, isNamespaced: false, name: NameFormat.subdomain)
        errors += taints(node.spec.taints)
        for (name, list) in [("capacity", node.status.capacity), ("allocatable", node.status.allocatable)] {
            for (resource, amount) in list.sorted(by: { $0.key < $1.key }) where amount.thousandths < 0 {
                errors.append(
                    .invalid("status.\(name).\(resource)", amount.text, "must be greater than or equal to 0"))
            }
        }
        return errors + ranges(node.spec.podCIDRs, options)
    }

    /// The server looks for taints in the spec and speaks of the metadata.
    private static func taints(_ taints: [Kubernetes.Taint]) -> [FieldError] {
        var errors: [FieldError] = []
        var seen: Set<[String]> = []
        for (index, taint) in taints.enumerated() {
            let path = "metadata.taints[\(index)]"
            errors += NameFormat.qualified(taint.key).map { .invalid("\(path).key", taint.key, $0) }
            let problems = NameFormat.labelValue(taint.value)
            if !problems.isEmpty { errors.append(.invalid("\(path).value", taint.value, problems.joined(separator: ";"))) }
            errors += ServiceValidation.word(
                taint.effect, "\(path).effect", ["NoSchedule", "PreferNoSchedule", "NoExecute"])
            if !seen.insert([taint.effect, taint.key]).inserted {
                let words = [("Key", taint.key), ("Value", taint.value), ("Effect", taint.effect)]
                let value = words.map { "\"\($0)\":\(FieldError.quoted($1))" }.joined(separator: ",")
                errors.append(
                    FieldError(
                        .duplicate, path,
                        "Duplicate value: {\(value),\"TimeAdded\":null}: taints must be unique by key and effect pair"))
            }
        }
        return errors
    }

    private static func ranges(_ ranges: [String], _ options: Validation.Options) -> [FieldError] {
        let format = AddressFormat(strict: options.strictAddresses)
        var errors = ranges.enumerated().flatMap { format.rangeProblems($0.element, at: "spec.podCIDRs[\($0.offset)]") }
        if ranges.count > 1 {
            let families = Set(ranges.compactMap { AddressFormat.lenientRange($0).map { AddressFormat.goFamily($0.address) } })
            if families.count < 2 || ranges.count > 2 {
                let list = "[" + ranges.map { FieldError.quoted($0) }.joined(separator: ",") + "]"
                errors.append(.invalid("spec.podCIDRs", json: list, "may specify no more than one CIDR for each IP family"))
            }
        }
        return errors
    }
}
