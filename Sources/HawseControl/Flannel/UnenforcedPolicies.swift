extension Flannel.Check {
    /// Flannel leaves NetworkPolicies to others: one warning that names those that nothing here enforces, at the first.
    public static func policies(_ objects: [LoadedObject]) -> [ManifestDiagnostic] {
        let policies = objects.filter { $0.operation == .apply && $0.kind == "NetworkPolicy" }
        guard let first = policies.first else { return [] }
        let names = policies.map { policy in
            "\(policy.metadata.namespace.isEmpty ? "default" : policy.metadata.namespace)/\(policy.metadata.name)"
        }
        let rest = names.count > 5 ? " and \(names.count - 5) more" : ""
        let warning = ManifestDiagnostic(
            severity: .warning, file: first.file, mark: first.mark, field: "",
            message: "NetworkPolicy \(names.prefix(5).joined(separator: ", "))\(rest): "
                + "neither Flannel nor kube-proxy enforces NetworkPolicies; packets pass as if there were none")
        return [warning]
    }
}
