import HawseWire

/// `ValidateNode` of `pkg/apis/core/validation`: pod ranges, taints, resources.
enum NodeValidation {
    static func check(
        _ node: Kubernetes.Node, old: Kubernetes.Node?, options: Validation.Options = Validation.Options()
    ) -> [FieldError] {
        var errors = MetadataValidation.check(node.metadata, isNamespaced: false, name: NameFormat.subdomain)
        errors += taints(node.spec.taints)
        for (name, list) in [("capacity", node.status.capacity), ("allocatable", node.status.allocatable)] {
            for (resource, amount) in list.sorted(by: { $0.key < $1.key }) {
                errors += ResourceValidation.value(resource, amount, at: "status.\(name).\(resource)")
            }
        }
        errors += ranges(node.spec.podCIDRs, options)
        guard let old else { return errors }
        return errors + update(node, old)
    }

    /// What a node has been given it keeps (`ValidateNodeUpdate`).
    private static func update(_ node: Kubernetes.Node, _ old: Kubernetes.Node) -> [FieldError] {
        var errors: [FieldError] = []
        var seen: Set<Kubernetes.NodeAddress> = []
        for (index, address) in node.status.addresses.enumerated() where !seen.insert(address).inserted {
            errors.append(
                .duplicate(
                    "status.addresses[\(index)]",
                    json: "{\"Type\":\(FieldError.quoted(address.type)),\"Address\":\(FieldError.quoted(address.address))}"))
        }
        let (before, after) = (old.spec.podCIDRs, node.spec.podCIDRs)
        let changes = before.count == after.count ? zip(before, after).filter { $0 != $1 }.count : 1
        if !before.isEmpty {
            errors += Array(
                repeating: .forbidden("spec.podCIDRs", "node updates may not change podCIDR except from \"\" to valid"),
                count: changes)
        }
        if !old.spec.providerID.isEmpty, old.spec.providerID != node.spec.providerID {
            errors.append(
                .forbidden("spec.providerID", "node updates may not change providerID except from \"\" to valid"))
        }
        return errors
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
