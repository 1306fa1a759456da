/// An event's row (`printEvent`), and the lines of `describe` (`DescribeEvents`).
enum EventRow {
    static func cells(_ event: Kubernetes.Event, _ state: ClusterState) -> [String] {
        let (object, seen) = (event.involvedObject, event.seen)
        let source = [event.source.component.isEmpty ? event.reportingComponent : event.source.component, event.source.host]
        return [
            age(seen.last, state), event.type, event.reason,
            object.kind.lowercased() + (object.name.isEmpty ? "" : "/\(object.name)"), object.fieldPath,
            source.filter { !$0.isEmpty }.joined(separator: ", "), trimmed(event.message), age(seen.first, state), String(seen.count),
            event.metadata.name,
        ]
    }

    /// Those of a narrow table are not the first ones of a wide.
    static func columns(isWide: Bool) -> ResourceColumns {
        let names = ["LAST SEEN", "TYPE", "REASON", "OBJECT", "SUBOBJECT", "SOURCE", "MESSAGE", "FIRST SEEN", "COUNT", "NAME"]
        let shown = isWide ? Array(names.indices) : [0, 1, 2, 3, 6]
        return ResourceColumns.make(Kubernetes.Event.self, shown.map { names[$0] }, shown.count) { event, state in
            let cells = cells(event, state)
            return shown.map { cells[$0] }
        }
    }

    static func describe(_ object: any KubernetesObject, _ state: ClusterState, _ writer: inout DescriptionWriter) {
        let own = state.eventObjects(of: object)
        guard !own.isEmpty else {
            writer.line("Events", "<none>")
            return
        }
        writer.heading("Events")
        writer.row(["Type", "Reason", "Age", "From", "Message"])
        writer.row(["----", "------", "----", "----", "-------"])
        // By the older form's time (`SortableEvents`): those of the scheduler have none, and come first.
        let inOrder = own.enumerated().sorted { a, b in
            let (x, y) = (a.element.lastTimestamp?.microseconds ?? .min, b.element.lastTimestamp?.microseconds ?? .min)
            return x == y ? a.offset < b.offset : x < y
        }
        for (_, event) in inOrder {
            let (last, first, count) = event.seen
            let path = event.involvedObject.fieldPath
            let explanation = event.metadata.annotations["hawse/explanation"].map { " (\($0))" } ?? ""
            writer.row([
                event.type, event.reason, count > 1 ? "\(age(last, state)) (x\(count) over \(age(first, state)))" : age(first, state),
                event.source.component.isEmpty ? event.reportingComponent : event.source.component,
                (path.isEmpty ? "" : "\(path): ") + trimmed(event.message) + explanation,
            ])
        }
    }

    private static func age(_ time: Kubernetes.Time?, _ state: ClusterState) -> String { HumanDuration.age(of: time, at: state.now) }

    private static func trimmed(_ text: String) -> String {
        String(text.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    }
}
