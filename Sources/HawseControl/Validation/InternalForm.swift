import HawseModel

/// Structs as the API server's messages print them: its internal types in Go's JSON, every field under Go's own name.
indirect enum InternalForm: Sendable {
    case value
    case fields([(name: String, key: String, form: InternalForm)])
    case list(InternalForm)

    func json(_ node: ManifestNode?) -> String {
        guard let node, !node.isNull else { return "null" }
        switch self {
        case .value: return JSONWriter.compact(node)
        case .fields(let fields):
            return "{" + fields.map { "\"\($0.name)\":\($0.form.json(node[$0.key]))" }.joined(separator: ",") + "}"
        case .list(let form): return "[" + (node.items ?? []).map(form.json).joined(separator: ",") + "]"
        }
    }

    private static func values(_ names: String...) -> InternalForm {
        .fields(names.map { ($0, $0.prefix(1).lowercased() + $0.dropFirst(), .value) })
    }

    static let profile = values("Type", "LocalhostProfile")
    static let resourceClaim = values("Name", "ResourceClaimName", "ResourceClaimTemplateName")

    static let podFailurePolicy = fields([
        ("Rules", "rules", .list(.fields([
            ("Action", "action", .value), ("OnExitCodes", "onExitCodes", values("ContainerName", "Operator", "Values")),
            ("OnPodConditions", "onPodConditions", .list(values("Type", "Status"))),
        ])))
    ])
    static let successPolicy = fields([("Rules", "rules", .list(values("SucceededIndexes", "SucceededCount")))])

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
