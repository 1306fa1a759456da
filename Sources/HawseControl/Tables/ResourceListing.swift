/// The text of `hawse get`: what kubectl prints for the same objects.
public struct ResourceListing: Sendable {
    public var text = ""
    /// What kubectl writes to stderr: refusals by name, or that there is nothing.
    public var messages: [String] = []
    /// False when a named object does not exist.
    public var isComplete = true

    private struct Row {
        var kind: String
        var qualified: String
        var metadata: Kubernetes.ObjectMeta
        var object: (any KubernetesObject)?
        var manifest: ManifestNode
    }

    public init(_ query: ResourceQuery, of state: ClusterState) {
        var groups: [(target: ResourceQuery.Target, rows: [Row])] = []
        for target in query.targets {
            let rows = select(target, query, state)
            if !rows.isEmpty || query.targets.count == 1 { groups.append((target, rows)) }
        }
        if groups.allSatisfy({ $0.rows.isEmpty }) {
            if isComplete {
                let place = query.allNamespaces || query.targets.first?.type?.isNamespaced == false
                messages.append(place ? "No resources found" : "No resources found in \(query.namespace) namespace.")
            }
            if query.output == .table || query.output == .wide || query.output == .name { return }
        }
        switch query.output {
        case .table, .wide: text = tables(groups, query, state)
        case .name: text = groups.flatMap(\.rows).map { "\($0.qualified)/\($0.metadata.name)\n" }.joined()
        case .yaml, .json:
            let rows = groups.flatMap(\.rows)
            let isSingle = query.targets.count == 1 && query.targets[0].names.count == 1
            let node = isSingle && rows.count == 1 ? rows[0].manifest : Self.list(rows.map(\.manifest))
            text = query.output == .yaml ? YAMLWriter.text(node) : JSONWriter.pretty(Self.sorted(node)) + "\n"
        }
    }

    private static func list(_ items: [ManifestNode]) -> ManifestNode {
        ManifestNode(
            .map([
                .init("apiVersion", .string("v1")), .init("items", ManifestNode(.list(items))),
                .init("kind", .string("List")),
                .init("metadata", ManifestNode(.map([.init("resourceVersion", .string(""))]))),
            ]))
    }

    private static func sorted(_ node: ManifestNode) -> ManifestNode {
        switch node.value {
        case .list(let items): return ManifestNode(.list(items.map(sorted)))
        case .map(let entries):
            let inOrder = entries.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
            return ManifestNode(.map(inOrder.map { .init($0.key, sorted($0.node)) }))
        default: return node
        }
    }

    private mutating func select(
        _ target: ResourceQuery.Target, _ query: ResourceQuery, _ state: ClusterState
    ) -> [Row] {
        let all = Self.rows(of: target, state)
        let isNamespaced = target.type?.isNamespaced ?? all.contains { !$0.metadata.namespace.isEmpty }
        let here = all.filter { row in
            (query.allNamespaces || !isNamespaced || row.metadata.namespace == query.namespace
                || row.metadata.namespace.isEmpty) && query.selector.matches(row.metadata.labels)
        }
        guard !target.names.isEmpty else { return here }
        return target.names.compactMap { name in
            if let row = here.first(where: { $0.metadata.name == name }) { return row }
            let resource = target.type.map { $0.group.isEmpty ? $0.plural : "\($0.plural).\($0.group)" }
            messages.append("Error from server (NotFound): \(resource ?? target.kind.lowercased()) \"\(name)\" not found")
            isComplete = false
            return nil
        }
    }

    private static func rows(of target: ResourceQuery.Target, _ state: ClusterState) -> [Row] {
        guard let stored = target.type as? any StoredKind.Type else {
            let unknown = state.store.unknown[target.kind] ?? [:]
            return unknown.values.sorted { $0.key < $1.key }.map { object in
                let group = object.apiVersion.contains("/") ? "." + object.apiVersion.prefix { $0 != "/" } : ""
                return Row(
                    kind: target.kind, qualified: target.kind.lowercased() + group, metadata: object.metadata,
                    manifest: object.content)
            }
        }
        return rows(stored, state)
    }

    private static func rows<T: StoredKind>(_ type: T.Type, _ state: ClusterState) -> [Row] {
        let qualified = T.kind.lowercased() + (T.group.isEmpty ? "" : ".\(T.group)")
        return state.store[keyPath: T.shelf].sorted.map {
            Row(kind: T.kind, qualified: qualified, metadata: $0.metadata, object: $0, manifest: $0.manifest())
        }
    }

    private func tables(
        _ groups: [(target: ResourceQuery.Target, rows: [Row])], _ query: ResourceQuery, _ state: ClusterState
    ) -> String {
        groups.map { target, rows in
            let columns = target.type.map { ResourceColumns.columns(of: $0) }
            let names = columns?.names ?? ["NAME", "AGE"]
            let count = query.output == .wide ? names.count : columns?.narrow ?? 2
            let showsNamespace = query.allNamespaces && target.type?.isNamespaced != false
            var table = TextTable(header: (showsNamespace ? ["NAMESPACE"] : []) + names.prefix(count))
            for row in rows {
                let age = HumanDuration.age(of: row.metadata.creationTimestamp, at: state.now)
                var cells = row.object.flatMap { columns?.cells($0, state) } ?? [row.metadata.name, age]
                if query.targets.count > 1, !cells.isEmpty { cells[0] = "\(row.qualified)/\(cells[0])" }
                table.rows.append((showsNamespace ? [row.metadata.namespace] : []) + cells.prefix(count))
            }
            return table.text(headers: query.headers)
        }.joined(separator: "\n")
    }
}
