/// The text of `hawse describe`: a label column, nested sections, events at the end, as `kubectl describe` has it.
struct DescriptionWriter {
    private(set) var lines: [(indent: Int, label: String, value: String, isPlain: Bool)] = []

    /// A label with its value; an empty value leaves the label alone on its line.
    mutating func line(_ label: String, _ value: String = "", indent: Int = 0) {
        lines.append((indent, label, value, false))
    }

    /// A line as it is.
    mutating func plain(_ text: String, indent: Int = 0) { lines.append((indent, text, "", true)) }

    /// Columns with a ruled header, two blanks between.
    mutating func table(_ header: [String], _ rows: [[String]], indent: Int = 1) {
        let all = [header, header.map { String(repeating: "-", count: $0.count) }] + rows
        var widths = [Int](repeating: 0, count: header.count)
        for row in all { for (column, cell) in row.enumerated() where column < widths.count { widths[column] = max(widths[column], cell.count) } }
        for row in all {
            var text = ""
            for (column, cell) in row.enumerated() {
                text += cell
                if column + 1 < row.count { text += String(repeating: " ", count: widths[column] + 2 - cell.count) }
            }
            while text.last == " " { text.removeLast() }
            plain(text, indent: indent)
        }
    }

    /// The first value beside the label, the others below it.
    mutating func list(_ label: String, _ values: [String], indent: Int = 0, empty: String = "<none>") {
        guard let first = values.first else {
            line(label, empty, indent: indent)
            return
        }
        line(label, first, indent: indent)
        for value in values.dropFirst() { line("", value, indent: indent) }
    }

    mutating func map(_ label: String, _ values: [String: String], separator: String = "=", indent: Int = 0) {
        list(label, values.sorted { $0.key < $1.key }.map { "\($0.key)\(separator)\($0.value)" }, indent: indent)
    }

    /// Values of one run of lines stand in one column, two blanks after the longest label.
    var text: String {
        var out = ""
        var at = 0
        while at < lines.count {
            var end = at
            while end < lines.count, lines[end].indent == lines[at].indent, lines[end].isPlain == lines[at].isPlain { end += 1 }
            let section = lines[at..<end]
            let width = (section.filter { !$0.value.isEmpty }.map { $0.label.isEmpty ? 0 : $0.label.count + 1 }.max() ?? 0) + 2
            for entry in section {
                let margin = String(repeating: "  ", count: entry.indent)
                if entry.isPlain {
                    out += entry.label.isEmpty ? "\n" : margin + entry.label + "\n"
                    continue
                }
                let label = entry.label.isEmpty ? "" : "\(entry.label):"
                if entry.value.isEmpty {
                    out += "\(margin)\(label)\n"
                } else {
                    out += margin + label + String(repeating: " ", count: max(1, width - label.count)) + entry.value + "\n"
                }
            }
            at = end
        }
        return out
    }
}

/// `hawse describe`.
public enum ResourceDescription {
    /// The descriptions of what a query selects, with what kubectl would write to stderr.
    public static func text(_ query: ResourceQuery, of state: ClusterState) -> (text: String, messages: [String]) {
        var texts: [String] = []
        var messages: [String] = []
        for target in query.targets {
            guard let type = target.type as? any StoredKind.Type else { continue }
            let (found, missing) = describe(type, target.names, query, state)
            texts += found
            messages += missing
        }
        if texts.isEmpty, messages.isEmpty {
            messages.append("No resources found in \(query.namespace) namespace.")
        }
        return (texts.joined(separator: "\n\n"), messages)
    }

    private static func describe<T: StoredKind>(
        _ type: T.Type, _ names: [String], _ query: ResourceQuery, _ state: ClusterState
    ) -> (texts: [String], missing: [String]) {
        let all = state.store[keyPath: T.shelf].sorted.filter {
            (query.allNamespaces || !T.isNamespaced || $0.metadata.namespace == query.namespace)
                && query.selector.matches($0.metadata.labels)
        }
        if names.isEmpty { return (all.map { describe($0, state) }, []) }
        var texts: [String] = []
        var missing: [String] = []
        for name in names {
            // kubectl describe takes a prefix where no name fits exactly.
            let exact = all.filter { $0.metadata.name == name }
            let chosen = exact.isEmpty ? all.filter { $0.metadata.name.hasPrefix(name) } : exact
            if chosen.isEmpty {
                let resource = T.group.isEmpty ? T.plural : "\(T.plural).\(T.group)"
                missing.append("Error from server (NotFound): \(resource) \"\(name)\" not found")
            }
            texts += chosen.map { describe($0, state) }
        }
        return (texts, missing)
    }

    static func describe(_ object: any KubernetesObject, _ state: ClusterState) -> String {
        var writer = DescriptionWriter()
        writer.line("Name", object.metadata.name)
        if type(of: object).isNamespaced { writer.line("Namespace", object.metadata.namespace) }
        switch object {
        case let service as Kubernetes.Service: ServiceDescription.write(service, state, &writer)
        case let pod as Kubernetes.Pod: PodDescription.write(pod, state, &writer)
        case let node as Kubernetes.Node: NodeDescription.write(node, state, &writer)
        case let deployment as Kubernetes.Deployment: DeploymentDescription.write(deployment, state, &writer)
        default:
            if !WorkloadDescription.write(object, state, &writer), !NetworkDescription.write(object, state, &writer) {
                other(object, &writer)
            }
        }
        // Of these nobody reports anything.
        let isSilent = object is Kubernetes.Secret || object is Kubernetes.Namespace || object is Kubernetes.NetworkPolicy
        if !isSilent { events(of: object, state, &writer) }
        return writer.text
    }

    private static func other(_ object: any KubernetesObject, _ writer: inout DescriptionWriter) {
        if object is Kubernetes.ConfigMap || object is Kubernetes.Secret {
            writer.map("Labels", object.metadata.labels)
            writer.map("Annotations", object.metadata.annotations, separator: ": ")
        }
        switch object {
        case let map as Kubernetes.ConfigMap: DataDescription.write(map, &writer)
        case let secret as Kubernetes.Secret: DataDescription.write(secret, &writer)
        default: generic(object, &writer)
        }
    }

    /// Other kinds: labels, annotations, and their fields as they are.
    private static func generic(_ object: any KubernetesObject, _ writer: inout DescriptionWriter) {
        writer.map("Labels", object.metadata.labels)
        writer.map("Annotations", object.metadata.annotations, separator: ": ")
        for entry in object.written().entries ?? [] where entry.key != "metadata" {
            write(title(entry.key), entry.node, 0, &writer)
        }
    }

    /// `spec` → `Spec`, `podCIDR` → `Pod CIDR`.
    private static func title(_ key: String) -> String {
        var out = ""
        var previous: Character = "A"
        for character in key {
            if out.isEmpty {
                out.append(contentsOf: character.uppercased())
            } else {
                if character.isUppercase, !previous.isUppercase { out.append(" ") }
                out.append(character)
            }
            previous = character
        }
        return out
    }

    private static func write(_ label: String, _ node: ManifestNode, _ indent: Int, _ writer: inout DescriptionWriter) {
        switch node.value {
        case .map(let entries):
            writer.line(label, entries.isEmpty ? "<none>" : "", indent: indent)
            for entry in entries { write(title(entry.key), entry.node, indent + 1, &writer) }
        case .list(let items):
            writer.line(label, items.isEmpty ? "<none>" : "", indent: indent)
            for item in items {
                if let entries = item.entries {
                    for entry in entries { write(title(entry.key), entry.node, indent + 1, &writer) }
                } else {
                    writer.line("", scalar(item), indent: indent + 1)
                }
            }
        default: writer.line(label, scalar(node), indent: indent)
        }
    }

    private static func scalar(_ node: ManifestNode) -> String {
        node.text ?? JSONWriter.compact(node)
    }

    private static func events(of object: any KubernetesObject, _ state: ClusterState, _ writer: inout DescriptionWriter) {
        let own = state.events.filter { $0.kind == object.kindName && $0.key == object.key }.suffix(20)
        guard !own.isEmpty else {
            writer.line("Events", "<none>")
            return
        }
        writer.line("Events")
        writer.table(
            ["Type", "Reason", "Age", "From", "Message"],
            own.map { event in
                let isWarning = ["FailedScheduling", "Unhealthy", "Crashed", "BackoffLimitExceeded"].contains(event.reason)
                let age = HumanDuration.age(of: event.time, at: state.now)
                return [isWarning ? "Warning" : "Normal", event.reason, age, "hawse", event.message]
            })
    }
}
