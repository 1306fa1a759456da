import HawseModel

/// An object as `get` prints it.
struct ResourceRow {
    var kind: String
    /// `deployment.apps`
    var qualified: String
    var metadata: Kubernetes.ObjectMeta
    /// Nil for a kind without a type.
    var object: (any KubernetesObject)?
    var manifest: ManifestNode

    init<T: KubernetesObject>(_ object: T) {
        kind = T.kind
        qualified = T.kind.lowercased() + (T.group.isEmpty ? "" : ".\(T.group)")
        metadata = object.metadata
        self.object = object
        manifest = object.manifest()
    }

    init(_ object: Kubernetes.Unknown) {
        let group = object.apiVersion.contains("/") ? "." + object.apiVersion.prefix { $0 != "/" } : ""
        kind = object.kind
        qualified = object.kind.lowercased() + group
        metadata = object.metadata
        manifest = object.content
    }

    /// Every object of a kind, by namespace and name.
    static func all(of target: ResourceQuery.Target, in state: ClusterState) -> [ResourceRow] {
        if target.type is Kubernetes.Event.Type { return state.eventObjects().map { ResourceRow($0) } }
        guard let stored = target.type as? any StoredKind.Type else {
            return (state.store.unknown[target.kind] ?? [:]).values.sorted { $0.key < $1.key }.map { ResourceRow($0) }
        }
        func rows<T: StoredKind>(_ type: T.Type) -> [ResourceRow] { state.store[keyPath: T.shelf].sorted.map { ResourceRow($0) } }
        return rows(stored)
    }

    /// Whether the query's namespace and selectors take it; names are another matter.
    func isWanted(_ query: ResourceQuery, isNamespaced: Bool) -> Bool {
        let isHere = query.allNamespaces || !isNamespaced || metadata.namespace == query.namespace || metadata.namespace.isEmpty
        return isHere && query.selector.matches(metadata.labels) && query.fieldSelector.matches(manifest)
    }
}
