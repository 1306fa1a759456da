import HawseModel

/// What the API server fills into volumes and into variables that name a field (`pkg/apis/core/v1/defaults.go`).
enum VolumeDefaults {
    /// Fields by source, as they are when nobody says otherwise.
    private static let fields: [String: [(String, ManifestNode)]] = [
        "secret": [("defaultMode", .integer(0o644))], "configMap": [("defaultMode", .integer(0o644))],
        "downwardAPI": [("defaultMode", .integer(0o644))], "projected": [("defaultMode", .integer(0o644))],
        "hostPath": [("type", .string(""))], "iscsi": [("iscsiInterface", .string("default"))],
        "rbd": [("keyring", .string("/etc/ceph/keyring")), ("pool", .string("rbd")), ("user", .string("admin"))],
        "azureDisk": [
            ("cachingMode", .string("ReadWrite")), ("fsType", .string("ext4")), ("kind", .string("Shared")),
            ("readOnly", .bool(false)),
        ],
        "scaleIO": [("fsType", .string("xfs")), ("storageMode", .string("ThinProvisioned"))],
    ]

    static func apply(volume node: inout ManifestNode) {
        guard case .map(var entries) = node.value else { return }
        if !entries.contains(where: { $0.key != "name" && !$0.node.isNull }) {
            entries.append(.init("emptyDir", ManifestNode(.map([]))))
        }
        for index in entries.indices {
            let source = entries[index].key
            entries[index].node = filled(entries[index].node, fields[source] ?? [])
            if source == "ephemeral" { entries[index].node = ephemeral(entries[index].node) }
            if source == "image" { entries[index].node = pulled(entries[index].node) }
            if source == "downwardAPI" { entries[index].node = changed(entries[index].node, "items", fieldReference) }
            if source == "projected" { entries[index].node = changed(entries[index].node, "sources", projection) }
        }
        node.value = .map(entries)
    }

    /// Variables whose value is a field: the field's version.
    static func apply(variable node: inout ManifestNode) {
        guard let source = node["valueFrom"] else { return }
        node = replacing("valueFrom", of: node, with: fieldReference(source))
    }

    /// A claim to be made of a template (`SetDefaults_PersistentVolumeClaimSpec`).
    static func apply(claim node: inout ManifestNode) {
        node = filled(node, [("spec", ManifestNode(.map([])))])
        guard let spec = node["spec"] else { return }
        node = replacing("spec", of: node, with: filled(spec, [("volumeMode", .string("Filesystem"))]))
    }

    private static func ephemeral(_ node: ManifestNode) -> ManifestNode {
        guard var claim = node["volumeClaimTemplate"] else { return node }
        apply(claim: &claim)
        return replacing("volumeClaimTemplate", of: node, with: claim)
    }

    private static func projection(_ node: ManifestNode) -> ManifestNode {
        var node = node
        if let token = node["serviceAccountToken"] {
            node = replacing("serviceAccountToken", of: node, with: filled(token, [("expirationSeconds", .integer(3600))]))
        }
        if let downward = node["downwardAPI"] {
            node = replacing("downwardAPI", of: node, with: changed(downward, "items", fieldReference))
        }
        return node
    }

    private static func fieldReference(_ node: ManifestNode) -> ManifestNode {
        guard let reference = node["fieldRef"] else { return node }
        return replacing("fieldRef", of: node, with: filled(reference, [("apiVersion", .string("v1"))]))
    }

    private static func pulled(_ node: ManifestNode) -> ManifestNode {
        let policy = PodDefaults.pullPolicy(of: node["reference"]?.text ?? "")
        return filled(node, [("pullPolicy", .string(policy))])
    }

    // MARK: Maps

    /// A map with fields that it lacks or that are empty, in the order of the alphabet as the API server writes them.
    private static func filled(_ node: ManifestNode, _ fields: [(String, ManifestNode)]) -> ManifestNode {
        guard !fields.isEmpty, case .map(var entries) = node.value else { return node }
        for (key, value) in fields where entries.first(where: { $0.key == key }).map(\.node.isEmptyText) ?? true {
            entries.removeAll { $0.key == key }
            entries.insert(.init(key, value), at: entries.firstIndex { $0.key > key } ?? entries.count)
        }
        return ManifestNode(.map(entries), mark: node.mark)
    }

    private static func replacing(_ key: String, of node: ManifestNode, with value: ManifestNode) -> ManifestNode {
        guard case .map(var entries) = node.value, let index = entries.firstIndex(where: { $0.key == key }) else { return node }
        entries[index].node = value
        return ManifestNode(.map(entries), mark: node.mark)
    }

    /// A map with every item of one of its lists changed.
    private static func changed(
        _ node: ManifestNode, _ key: String, _ body: (ManifestNode) -> ManifestNode
    ) -> ManifestNode {
        guard let list = node[key], let items = list.items else { return node }
        return replacing(key, of: node, with: ManifestNode(.list(items.map(body)), mark: list.mark))
    }
}

extension ManifestNode {
    fileprivate var isEmptyText: Bool { isNull || text == "" }
}
