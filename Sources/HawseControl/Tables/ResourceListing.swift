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
            if case .name = query.output { return }
            if query.output.isTable { return }
        }
        switch query.output {
        case .table, .wide: text = tables(groups, query, state)
        case .columns(let columns): text = table(columns, groups.flatMap(\.rows), query)
        case .jsonPath(let template): text = template.text(of: Self.node(groups.flatMap(\.rows), query))
        case .name: text = groups.flatMap(\.rows).map { "\($0.qualified)/\($0.metadata.name)\n" }.joined()
        case .yaml, .json:
            let node = Self.node(groups.flatMap(\.rows), query)
            if case .yaml = query.output { text = YAMLWriter.text(node) } else { text = JSONWriter.pretty(Self.sorted(node)) + "\n" }
        }
    }

    /// The one object asked for by its name, or a list.
    private static func node(_ rows: [Row], _ query: ResourceQuery) -> ManifestNode {
        let isSingle = query.targets.count == 1 && query.targets[0].names.count == 1
        return isSingle && rows.count == 1 ? rows[0].manifest : list(rows.map(\.manifest))
    }

    private func table(_ columns: [CustomColumn], _ rows: [Row], _ query: ResourceQuery) -> String {
        var table = TextTable(header: columns.map(\.header))
        table.rows = rows.map { row in columns.map { $0.cell(row.manifest) } }
        return table.text(headers: query.headers)
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
        if let field = query.fieldSelector.unsupported(target.kind) {
            messages.append("Error from server (BadRequest): field label not supported: \(field)")
            isComplete = false
            return []
        }
        let all = Self.rows(of: target, state)
        let isNamespaced = target.type?.isNamespaced ?? all.contains { !$0.metadata.namespace.isEmpty }
        let here = all.filter { row in
            (query.allNamespaces || !isNamespaced || row.metadata.namespace == query.namespace
                || row.metadata.namespace.isEmpty) && query.selector.matches(row.metadata.labels)
                && query.fieldSelector.matches(row.manifest)
        }
        guard !target.names.isEmpty else { return Self.sort(here, by: query.sortBy) }
        return target.names.compactMap { name in
            if let row = here.first(where: { $0.metadata.name == name }) { return row }
            let resource = target.type.map { $0.group.isEmpty ? $0.plural : "\($0.plural).\($0.group)" }
            messages.append("Error from server (NotFound): \(resource ?? target.kind.lowercased()) \"\(name)\" not found")
            isComplete = false
            return nil
        }
    }

    /// Rows without the value come first; equal ones keep their order.
    private static func sort(_ rows: [Row], by path: JSONPath?) -> [Row] {
        guard let path else { return rows }
        let keyed = rows.enumerated().map { (place: $0.offset, row: $0.element, key: path.values(of: $0.element.manifest).first) }
        return keyed.sorted { a, b in
            guard let x = a.key, let y = b.key else { return a.key == nil ? b.key != nil || a.place < b.place : false }
            let order = JSONPath.compare(x, y) ?? 0
            return order == 0 ? a.place < b.place : order < 0
        }.map(\.row)
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
            var isWide = false
            if case .wide = query.output { isWide = true }
            let count = isWide ? names.count : columns?.narrow ?? 2
            let showsNamespace = query.allNamespaces && target.type?.isNamespaced != false
            var table = TextTable(
                header: (showsNamespace ? ["NAMESPACE"] : []) + names.prefix(count) + query.labelColumns.map(Self.header)
                    + (query.showsLabels ? ["LABELS"] : []))
            for row in rows {
                let age = HumanDuration.age(of: row.metadata.creationTimestamp, at: state.now)
                var cells = row.object.flatMap { columns?.cells($0, state, isWide) } ?? [row.metadata.name, age]
                if query.targets.count > 1, !cells.isEmpty { cells[0] = "\(row.qualified)/\(cells[0])" }
                let labels = query.labelColumns.map { row.metadata.labels[$0] ?? "" }
                    + (query.showsLabels ? [ResourceColumns.labels(row.metadata.labels)] : [])
                table.rows.append((showsNamespace ? [row.metadata.namespace] : []) + cells.prefix(count) + labels)
            }
            return table.text(headers: query.headers)
        }.joined(separator: "\n")
    }

    /// `topology.kubernetes.io/zone` → `ZONE`
    private static func header(_ label: String) -> String {
        (label.split(separator: "/").last.map(String.init) ?? label).uppercased()
    }
}
