/// An event's row (`printEvent`), and the lines of `describe` (`DescribeEvents`).
enum EventRow {
    static func cells(_ event: Kubernetes.Event, _ state: ClusterState) -> [String] {
        let object = event.involvedObject
        let source = [event.source.component, event.source.host].filter { !$0.isEmpty }.joined(separator: ", ")
        return [
            age(event.lastTimestamp ?? event.eventTime, state), event.type, event.reason,
            object.kind.lowercased() + (object.name.isEmpty ? "" : "/\(object.name)"), object.fieldPath, source, trimmed(event.message),
            age(event.firstTimestamp ?? event.eventTime, state), String(max(event.count, 1)), event.metadata.name,
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
        let own = state.eventObjects(of: (object.kindName, object.key))
        guard !own.isEmpty else {
            writer.line("Events", "<none>")
            return
        }
        writer.heading("Events")
        writer.row(["Type", "Reason", "Age", "From", "Message"])
        writer.row(["----", "------", "----", "----", "-------"])
        let inOrder = own.enumerated().sorted { a, b in
            let (x, y) = (a.element.lastTimestamp, b.element.lastTimestamp)
            return x == y ? a.offset < b.offset : (x ?? state.now) < (y ?? state.now)
        }
        for (_, event) in inOrder {
            let last = age(event.lastTimestamp, state)
            let path = event.involvedObject.fieldPath
            writer.row([
                event.type, event.reason,
                event.count > 1 ? "\(last) (x\(event.count) over \(age(event.firstTimestamp, state)))" : age(event.firstTimestamp, state),
                event.source.component, (path.isEmpty ? "" : "\(path): ") + trimmed(event.message),
            ])
        }
    }

    private static func age(_ time: Kubernetes.Time?, _ state: ClusterState) -> String { HumanDuration.age(of: time, at: state.now) }

    private static func trimmed(_ text: String) -> String {
        String(text.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    }
}
