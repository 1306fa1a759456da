import HawseModel

/// Structs as the API server's messages print them: its internal types in Go's JSON, every field under Go's own name.
indirect enum InternalForm: Sendable {
    case value
    case fields([(name: String, key: String, form: InternalForm)])

    func json(_ node: ManifestNode?) -> String {
        guard let node, !node.isNull else { return "null" }
        guard case .fields(let fields) = self else { return JSONWriter.compact(node) }
        return "{" + fields.map { "\"\($0.name)\":\($0.form.json(node[$0.key]))" }.joined(separator: ",") + "}"
    }

    private static func values(_ names: String...) -> InternalForm {
        .fields(names.map { ($0, $0.prefix(1).lowercased() + $0.dropFirst(), .value) })
    }

    static let profile = values("Type", "LocalhostProfile")
    static let resourceClaim = values("Name", "ResourceClaimName", "ResourceClaimTemplateName")

    private static let update = values("MaxUnavailable", "MaxSurge")
    static let strategy = fields([("Type", "type", .value), ("RollingUpdate", "rollingUpdate", update)])
    static let statefulUpdate = values("Partition", "MaxUnavailable")
    static let statefulStrategy = fields([("Type", "type", .value), ("RollingUpdate", "rollingUpdate", statefulUpdate)])

    static let securityContext = fields([
        ("Capabilities", "capabilities", values("Add", "Drop")), ("Privileged", "privileged", .value),
        ("SELinuxOptions", "seLinuxOptions", values("User", "Role", "Type", "Level")),
        ("WindowsOptions", "windowsOptions", .fields([
            ("GMSACredentialSpecName", "gmsaCredentialSpecName", .value),
            ("GMSACredentialSpec", "gmsaCredentialSpec", .value), ("RunAsUserName", "runAsUserName", .value),
            ("HostProcess", "hostProcess", .value),
        ])),
        ("RunAsUser", "runAsUser", .value), ("RunAsGroup", "runAsGroup", .value), ("RunAsNonRoot", "runAsNonRoot", .value),
        ("ReadOnlyRootFilesystem", "readOnlyRootFilesystem", .value),
        ("AllowPrivilegeEscalation", "allowPrivilegeEscalation", .value), ("ProcMount", "procMount", .value),
        ("SeccompProfile", "seccompProfile", profile), ("AppArmorProfile", "appArmorProfile", profile),
    ])
}
