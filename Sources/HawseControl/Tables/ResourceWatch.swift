import HawseModel

/// The text of `hawse get -w`: the objects that are there, then a row for each change, as kubectl prints them.
public struct ResourceWatch: Sendable {
    private let query: ResourceQuery
    private let target: ResourceQuery.Target
    private var columns: TextColumns?
    private var documents = 0
    /// A first column with ADDED, MODIFIED or DELETED, or `{"type":…,"object":…}`.
    private let showsEvents: Bool

    /// One kind is watched, one object of it or those that the query takes.
    public init(_ query: ResourceQuery, showsEvents: Bool = false) throws(ResourceQuery.Failure) {
        guard let target = query.targets.first, query.targets.count == 1 else {
            throw ResourceQuery.Failure(description: "you may only specify a single resource type")
        }
        guard target.names.count < 2 else {
            throw ResourceQuery.Failure(description: "watch is only supported on individual resources and resource collections")
        }
        guard target.type is any StoredKind.Type else {
            throw ResourceQuery.Failure(
                description: target.type is Kubernetes.Event.Type
                    ? "events are not watched; those of a scenario can be listed at its end"
                    : "objects of kind \(target.kind) do not change by themselves, and are not watched")
        }
        self.query = query
        self.target = target
        self.showsEvents = showsEvents
    }

    /// Lets a scenario keep what is watched.
    public func begin(_ run: inout ScenarioRun) { run.watch(objectsOf: target.kind) }

    /// What a listing has found, or nothing of it with `--watch-only`.
    public mutating func text(of listing: ResourceListing, in state: ClusterState) -> String {
        text(listing.rows.map { (.added, $0) }, state)
    }

    /// What has happened since the last call, at the moment at which the cluster is.
    public mutating func text(ofChangesIn run: inout ScenarioRun) -> String {
        let isNamespaced = target.type?.isNamespaced ?? true
        let seen = run.takeChanges().compactMap { change -> (WatchEvent.Change, ResourceRow)? in
            func row(_ object: (any KubernetesObject)?) -> ResourceRow? {
                guard let row = object.map({ ResourceRow($0) }), row.isWanted(query, isNamespaced: isNamespaced),
                    target.names.isEmpty || target.names == [row.metadata.name]
                else { return nil }
                return row
            }
            // What the selectors take no more is deleted for this watcher, and what they take now was added.
            switch (row(change.before), row(change.after)) {
            case (_?, let after?): return (.modified, after)
            case (nil, let after?): return (.added, after)
            case (let before?, nil): return (.deleted, before)
            case (nil, nil): return nil
            }
        }
        return text(seen, run.state)
    }

    private mutating func text(_ rows: [(change: WatchEvent.Change, row: ResourceRow)], _ state: ClusterState) -> String {
        switch query.output {
        case .table, .wide:
            let table = ResourceTable(target, query)
            return lines(rows, table.header) { table.cells($0, state) }
        case .columns(let list):
            return lines(rows, list.map(\.header)) { row in list.map { $0.cell(row.manifest) } }
        case .name: return rows.map { "\($0.row.qualified)/\($0.row.metadata.name)\n" }.joined()
        case .jsonPath(let template): return rows.map { template.text(of: document($0.change, $0.row)) }.joined()
        case .json:
            return rows.map {
                let node = document($0.change, $0.row)
                return showsEvents ? JSONWriter.compact(node) + "\n" : JSONWriter.pretty(ResourceListing.sorted(node)) + "\n"
            }.joined()
        case .yaml:
            return rows.map {
                documents += 1
                return (documents > 1 ? "---\n" : "") + YAMLWriter.text(document($0.change, $0.row))
            }.joined()
        }
    }

    /// The header once, when there is something to show below it.
    private mutating func lines(
        _ rows: [(change: WatchEvent.Change, row: ResourceRow)], _ header: [String], _ cells: (ResourceRow) -> [String]
    ) -> String {
        if rows.isEmpty { return "" }
        let isFirst = columns == nil
        var columns = columns ?? TextColumns(count: header.count + (showsEvents ? 1 : 0))
        let head = isFirst && query.headers ? [(showsEvents ? ["EVENT"] : []) + header] : []
        let text = columns.text(head + rows.map { (showsEvents ? [$0.change.rawValue] : []) + cells($0.row) })
        self.columns = columns
        return text
    }

    private func document(_ change: WatchEvent.Change, _ row: ResourceRow) -> ManifestNode {
        guard showsEvents else { return row.manifest }
        return ManifestNode(.map([.init("type", .string(change.rawValue)), .init("object", row.manifest)]))
    }
}
