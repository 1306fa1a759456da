import HawseModel

/// The text of `hawse get`: what kubectl prints for the same objects.
public struct ResourceListing: Sendable {
    public var text = ""
    /// What kubectl writes to stderr: refusals by name, or that there is nothing.
    public var messages: [String] = []
    /// False when a named object does not exist.
    public var isComplete = true
    private(set) var rows: [ResourceRow] = []

    public init(_ query: ResourceQuery, of state: ClusterState) {
        var groups: [(target: ResourceQuery.Target, rows: [ResourceRow])] = []
        for target in query.targets {
            let rows = select(target, query, state)
            if !rows.isEmpty || query.targets.count == 1 { groups.append((target, rows)) }
        }
        rows = groups.flatMap(\.rows)
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
        case .columns(let columns): text = table(columns, rows, query)
        case .jsonPath(let template): text = template.text(of: Self.node(rows, query))
        case .name: text = rows.map { "\($0.qualified)/\($0.metadata.name)\n" }.joined()
        case .yaml, .json:
            let node = Self.node(rows, query)
            if case .yaml = query.output { text = YAMLWriter.text(node) } else { text = JSONWriter.pretty(Self.sorted(node)) + "\n" }
        }
    }

    /// The one object asked for by its name, or a list.
    private static func node(_ rows: [ResourceRow], _ query: ResourceQuery) -> ManifestNode {
        let isSingle = query.targets.count == 1 && query.targets[0].names.count == 1
        return isSingle && rows.count == 1 ? rows[0].manifest : list(rows.map(\.manifest))
    }

    private func table(_ columns: [CustomColumn], _ rows: [ResourceRow], _ query: ResourceQuery) -> String {
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

    static func sorted(_ node: ManifestNode) -> ManifestNode {
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
    ) -> [ResourceRow] {
        if let field = query.fieldSelector.unsupported(target.kind) {
            messages.append("Error from server (BadRequest): field label not supported: \(field)")
            isComplete = false
            return []
        }
        let all = ResourceRow.all(of: target, in: state)
        let isNamespaced = target.type?.isNamespaced ?? all.contains { !$0.metadata.namespace.isEmpty }
        let here = all.filter { $0.isWanted(query, isNamespaced: isNamespaced) }
        guard !target.names.isEmpty else { return Self.sort(here, by: query.sortBy) }
        return target.names.compactMap { name in
            if let row = here.first(where: { $0.metadata.name == name }) { return row }
            let resource = target.type?.qualifiedPlural
            messages.append("Error from server (NotFound): \(resource ?? target.kind.lowercased()) \"\(name)\" not found")
            isComplete = false
            return nil
        }
    }

    /// Rows without the value come first; equal ones keep their order.
    private static func sort(_ rows: [ResourceRow], by path: JSONPath?) -> [ResourceRow] {
        guard let path else { return rows }
        let keyed = rows.enumerated().map { (place: $0.offset, row: $0.element, key: path.values(of: $0.element.manifest).first) }
        return keyed.sorted { a, b in
            guard let x = a.key, let y = b.key else { return a.key == nil ? b.key != nil || a.place < b.place : false }
            let order = JSONPath.compare(x, y) ?? 0
            return order == 0 ? a.place < b.place : order < 0
        }.map(\.row)
    }

    private func tables(
        _ groups: [(target: ResourceQuery.Target, rows: [ResourceRow])], _ query: ResourceQuery, _ state: ClusterState
    ) -> String {
        groups.map { target, rows in
            let columns = ResourceTable(target, query)
            var table = TextTable(header: columns.header)
            table.rows = rows.map { columns.cells($0, state) }
            return table.text(headers: query.headers)
        }.joined(separator: "\n")
    }
}
