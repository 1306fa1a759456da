/// Nodes: their pod ranges and taints.
enum NodeValidation {
    static func check(_ node: Kubernetes.Node) -> [FieldError] {
        var errors = MetadataValidation.check(node.metadata, isNamespaced: false, name: NameFormat.subdomain)
        let format = AddressFormat(strict: false)
        for (index, range) in node.spec.podCIDRs.enumerated() {
            errors += format.rangeProblems(range, at: "spec.podCIDRs[\(index)]")
        }
        if node.spec.podCIDRs.count > 2 {
            let list = "[" + node.spec.podCIDRs.map { FieldError.quoted($0) }.joined(separator: ",") + "]"
            errors.append(.invalid("spec.podCIDRs", json: list, "may specify no more than one CIDR for each IP family"))
        }
        for (index, taint) in node.spec.taints.enumerated() {
            let path = "spec.taints[\(index)]"
            errors += NameFormat.qualified(taint.key).map { .invalid("\(path).key", taint.key, $0) }
            errors += NameFormat.labelValue(taint.value).map { .invalid("\(path).value", taint.value, $0) }
            errors += ServiceValidation.word(
                taint.effect, "\(path).effect", ["NoExecute", "NoSchedule", "PreferNoSchedule"])
        }
        return errors
    }
}
