/// The columns that one kind has in a table of `get`.
struct ResourceTable {
    let header: [String]
    private let query: ResourceQuery
    private let columns: ResourceColumns?
    private let count: Int
    private let showsNamespace: Bool

    init(_ target: ResourceQuery.Target, _ query: ResourceQuery) {
        self.query = query
        let isWide = if case .wide = query.output { true } else { false }
        columns = target.type.map { $0 is Kubernetes.Event.Type ? EventRow.columns(isWide: isWide) : ResourceColumns.columns(of: $0) }
        let names = columns?.names ?? ["NAME", "AGE"]
        count = isWide ? names.count : columns?.narrow ?? 2
        showsNamespace = query.allNamespaces && target.type?.isNamespaced != false
        header = (showsNamespace ? ["NAMESPACE"] : []) + names.prefix(count) + query.labelColumns.map(Self.header)
            + (query.showsLabels ? ["LABELS"] : [])
    }

    func cells(_ row: ResourceRow, _ state: ClusterState) -> [String] {
        let age = HumanDuration.age(of: row.metadata.creationTimestamp, at: state.now)
        var cells = row.object.flatMap { columns?.cells($0, state) } ?? [row.metadata.name, age]
        if query.targets.count > 1, !cells.isEmpty, !(row.object is Kubernetes.Event) { cells[0] = "\(row.qualified)/\(cells[0])" }
        let labels = query.labelColumns.map { row.metadata.labels[$0] ?? "" }
            + (query.showsLabels ? [ResourceColumns.labels(row.metadata.labels)] : [])
        return (showsNamespace ? [row.metadata.namespace] : []) + cells.prefix(count) + labels
    }

    /// `topology.kubernetes.io/zone` → `ZONE`
    private static func header(_ label: String) -> String {
        (label.split(separator: "/").last.map(String.init) ?? label).uppercased()
    }
}
