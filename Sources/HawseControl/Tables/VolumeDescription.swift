import HawseModel

/// Volumes of a pod, or of the template of pods (`describeVolumes`).
enum VolumeDescription {
    static func write(_ spec: Kubernetes.PodSpec, isTemplate: Bool, _ writer: inout DescriptionWriter) {
        let indent = isTemplate ? "  " : ""
        guard case .list(let volumes)? = spec.other["volumes"]?.value, !volumes.isEmpty else {
            writer.line("\(indent)Volumes", "<none>")
            return
        }
        writer.heading("\(indent)Volumes")
        for volume in volumes {
            writer.plain("\(isTemplate ? " " : "")\(volume["name"]?.text ?? ""):", 1)
            write(volume, &writer)
        }
    }

    /// The kinds that name other objects or the node's own files, and what is told of them; a value that is not given is
    /// that behind the name.
    private static let kinds: [(field: String, title: String, fields: [(label: String, path: String, none: String)])] = [
        (
            "hostPath", "HostPath (bare host directory volume)",
            [("Path", "path", ""), ("HostPathType", "type", "<none>")]
        ),
        (
            "emptyDir", "EmptyDir (a temporary directory that shares a pod's lifetime)",
            [("Medium", "medium", ""), ("SizeLimit", "sizeLimit", "<unset>")]
        ),
        (
            "secret", "Secret (a volume populated by a Secret)",
            [("SecretName", "secretName", ""), ("Optional", "optional", "false")]
        ),
        (
            "configMap", "ConfigMap (a volume populated by a ConfigMap)",
            [("Name", "name", ""), ("Optional", "optional", "false")]
        ),
        (
            "persistentVolumeClaim",
            "PersistentVolumeClaim (a reference to a PersistentVolumeClaim in the same namespace)",
            [("ClaimName", "claimName", ""), ("ReadOnly", "readOnly", "false")]
        ),
        (
            "nfs", "NFS (an NFS mount that lasts the lifetime of a pod)",
            [("Server", "server", ""), ("Path", "path", ""), ("ReadOnly", "readOnly", "false")]
        ),
    ]

    private static func write(_ volume: ManifestNode, _ writer: inout DescriptionWriter) {
        if let projected = volume["projected"] { return write(projected: projected, &writer) }
        if let items = volume["downwardAPI"] {
            writer.line("Type", "DownwardAPI (a volume populated by information about the pod)", 2)
            writer.heading("Items", 2)
            guard case .list(let list)? = items["items"]?.value else { return }
            for item in list {
                guard let path = item["fieldRef"]?["fieldPath"]?.text ?? item["resourceFieldRef"]?["resource"]?.text else { continue }
                writer.plain("\(path) -> \(item["path"]?.text ?? "")", 3)
            }
            return
        }
        guard let kind = kinds.first(where: { volume[$0.field] != nil }), let source = volume[kind.field] else {
            writer.plain("<unknown>", 1)
            return
        }
        writer.line("Type", kind.title, 2)
        for field in kind.fields { writer.line(field.label, source[field.path]?.text ?? field.none, 2) }
    }

    private static func write(projected: ManifestNode, _ writer: inout DescriptionWriter) {
        writer.line("Type", "Projected (a volume that contains injected data from multiple sources)", 2)
        guard case .list(let sources)? = projected["sources"]?.value else { return }
        for source in sources {
            if let secret = source["secret"] {
                writer.line("SecretName", secret["name"]?.text ?? "", 2)
                writer.line("Optional", secret["optional"]?.text ?? "false", 2)
            } else if source["downwardAPI"] != nil {
                writer.line("DownwardAPI", "true", 2)
            } else if let map = source["configMap"] {
                writer.line("ConfigMapName", map["name"]?.text ?? "", 2)
                writer.line("Optional", map["optional"]?.text ?? "false", 2)
            } else if let token = source["serviceAccountToken"] {
                writer.line("TokenExpirationSeconds", token["expirationSeconds"]?.text ?? "3600", 2)
            }
        }
    }
}
