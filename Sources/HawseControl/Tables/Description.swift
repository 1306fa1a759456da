import HawseModel

/// The text of `hawse describe`: cells parted by tabs, indented by levels of two blanks, as kubectl writes them.
struct DescriptionWriter {
    private var raw = ""

    var text: String { TabAligner.aligned(raw) }

    mutating func write(_ text: String, _ level: Int = 0) { raw += String(repeating: "  ", count: level) + text }

    /// `label:` and what it says.
    mutating func line(_ label: String, _ value: String, _ level: Int = 0) { write("\(label):\t\(value)\n", level) }

    /// `label:` alone.
    mutating func heading(_ label: String, _ level: Int = 0) { write("\(label):\n", level) }

    mutating func plain(_ text: String, _ level: Int = 0) { write(text + "\n", level) }

    mutating func row(_ cells: [String], _ level: Int = 1) { write(cells.joined(separator: "\t") + "\n", level) }

    /// A header, ruled by as many dashes as its words have letters.
    mutating func header(_ names: [String], _ level: Int = 1) {
        row(names, level)
        row(names.map { String(repeating: "-", count: $0.count) }, level)
    }

    /// The first value beside the label, the others below it.
    mutating func list(_ label: String, _ values: [String]) {
        write("\(label):\t")
        if values.isEmpty { write("<none>\n") }
        for (number, value) in values.enumerated() { write((number > 0 ? "\t" : "") + value + "\n") }
    }

    /// `printLabelsMultiline`
    mutating func labels(_ labels: [String: String], as title: String = "Labels") {
        list(title, labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" })
    }

    private static let lastApplied = "kubectl.kubernetes.io/last-applied-configuration"

    /// `printAnnotationsMultiline`: what is long or has lines stands below its key.
    mutating func annotations(_ annotations: [String: String], as title: String = "Annotations") {
        let longest = 140
        var values: [String] = []
        for (key, whole) in annotations.sorted(by: { $0.key < $1.key }) where key != Self.lastApplied {
            let value = whole.hasSuffix("\n") ? String(whole.dropLast()) : whole
            guard value.utf8.count + key.utf8.count + 2 > longest || value.contains("\n") else {
                values.append("\(key): \(value)")
                continue
            }
            let lines = value.split(separator: "\n", omittingEmptySubsequences: false).map { line in
                "\t  " + (line.utf8.count > longest - 2 ? line.prefix(longest - 2) + "..." : line)
            }
            values.append(([key + ":"] + lines).joined(separator: "\n"))
        }
        list(title, values)
    }

    /// Type, status and reason of conditions, as workloads have them.
    mutating func conditions(_ conditions: [Kubernetes.Condition]) {
        if conditions.isEmpty { return }
        heading("Conditions")
        row(["Type", "Status", "Reason"])
        row(["----", "------", "------"])
        for condition in conditions { row(["\(condition.type) ", condition.status, condition.reason]) }
    }
}

extension Kubernetes.Time {
    /// `Mon, 02 Jan 2006 15:04:05 +0000` (RFC 1123).
    var longText: String {
        let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let parts = text.split { !$0.isNumber }
        guard parts.count >= 6, let month = Int(parts[1]), (1...12).contains(month) else { return text }
        let day = Int(((seconds / 86_400) % 7 + 7) % 7)
        return "\(days[day]), \(parts[2]) \(months[month - 1]) \(parts[0]) \(parts[3]):\(parts[4]):\(parts[5]) +0000"
    }

    /// As Go prints a time: `2006-01-02 15:04:05 +0000 UTC`.
    var goText: String {
        let parts = text.split { !$0.isNumber }
        guard parts.count >= 6 else { return text }
        return "\(parts[0])-\(parts[1])-\(parts[2]) \(parts[3]):\(parts[4]):\(parts[5]) +0000 UTC"
    }
}

extension Kubernetes.ObjectMeta {
    /// `0001-01-01` where there is none, as Go has it.
    var createdText: String { creationTimestamp?.longText ?? "Mon, 01 Jan 0001 00:00:00 +0000" }
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
                missing.append("Error from server (NotFound): \(T.qualifiedPlural) \"\(name)\" not found")
            }
            texts += chosen.map { describe($0, state) }
        }
        return (texts, missing)
    }

    static func describe(_ object: any KubernetesObject, _ state: ClusterState) -> String {
        var writer = DescriptionWriter()
        switch object {
        case let service as Kubernetes.Service: ServiceDescription.write(service, state, &writer)
        case let pod as Kubernetes.Pod: PodDescription.write(pod, state, &writer)
        case let node as Kubernetes.Node: NodeDescription.write(node, state, &writer)
        case let deployment as Kubernetes.Deployment: DeploymentDescription.write(deployment, state, &writer)
        case let map as Kubernetes.ConfigMap: DataDescription.write(map, &writer)
        case let secret as Kubernetes.Secret: DataDescription.write(secret, &writer)
        default:
            if !WorkloadDescription.write(object, state, &writer), !NetworkDescription.write(object, state, &writer),
                !PolicyDescription.write(object, &writer)
            {
                generic(object, &writer)
            }
        }
        // Of these nobody reports anything.
        let isSilent = object is Kubernetes.Secret || object is Kubernetes.Namespace || object is Kubernetes.NetworkPolicy
        if !isSilent { EventRow.describe(object, state, &writer) }
        return writer.text
    }

    /// Name, namespace, labels and annotations, as most kinds begin.
    static func head(_ object: any KubernetesObject, _ writer: inout DescriptionWriter) {
        writer.line("Name", object.metadata.name)
        if type(of: object).isNamespaced { writer.line("Namespace", object.metadata.namespace) }
        writer.labels(object.metadata.labels)
        writer.annotations(object.metadata.annotations)
    }

    /// Other kinds: name, namespace, labels, annotations, and all fields as they are.
    private static func generic(_ object: any KubernetesObject, _ writer: inout DescriptionWriter) {
        writer.line("Name", object.metadata.name)
        writer.line("Namespace", object.metadata.namespace)
        writer.labels(object.metadata.labels)
        writer.annotations(object.metadata.annotations)
        let known: Set = ["name", "namespace", "labels", "annotations", "managedFields"]
        for entry in (object.written().entries ?? []).sorted(by: { $0.key < $1.key }) {
            var node = entry.node
            if entry.key == "metadata" { node = ManifestNode(.map((node.entries ?? []).filter { !known.contains($0.key) })) }
            write(entry.key, node, 0, &writer)
        }
    }

    private static let acronyms: Set = ["API", "URL", "UID", "GUID"]

    /// `smartLabelFor`: `apiVersion` → `API Version`, `podCIDRs` → `Pod CIDRs`.
    static func title(_ field: String) -> String {
        if field.contains(where: { !$0.isLetter && $0 != "-" }) { return field }
        return words(field).map { part in
            if acronyms.contains(part.uppercased()) { return part.uppercased() }
            return part.lowercased() == part ? part.prefix(1).uppercased() + part.dropFirst() : part
        }.joined(separator: " ")
    }

    /// `camelcase.Split`: a run of capitals gives its last letter to the small ones that follow; then capitals rejoin the
    /// capitalised word behind them.
    private static func words(_ field: String) -> [String] {
        var runs: [String] = []
        var kind: Int?
        for character in field {
            let now = character.isLowercase ? 1 : character.isUppercase ? 2 : 4
            if now == kind { runs[runs.count - 1].append(character) } else { runs.append(String(character)) }
            kind = now
        }
        for i in runs.indices.dropLast() where runs[i].first?.isUppercase == true && runs[i + 1].first?.isLowercase == true {
            runs[i + 1] = String(runs[i].suffix(1)) + runs[i + 1]
            runs[i].removeLast()
        }
        var merged: [String] = []
        for run in runs where !run.isEmpty {
            if let last = merged.last, last.count >= 2, last.allSatisfy({ !$0.isLowercase }), last.first?.isLetter == true,
                run.first?.isUppercase == true
            {
                merged[merged.count - 1] += run
            } else {
                merged.append(run)
            }
        }
        return merged
    }

    /// `printUnstructuredContent`
    private static func write(_ key: String, _ node: ManifestNode, _ level: Int, _ writer: inout DescriptionWriter) {
        switch node.value {
        case .map(let entries):
            writer.heading(title(key), level)
            for entry in entries.sorted(by: { $0.key < $1.key }) { write(entry.key, entry.node, level + 1, &writer) }
        case .list(let items):
            writer.heading(title(key), level)
            for item in items {
                if let entries = item.entries {
                    for entry in entries.sorted(by: { $0.key < $1.key }) { write(entry.key, entry.node, level + 1, &writer) }
                } else {
                    writer.plain(scalar(item), level + 1)
                }
            }
        default: writer.line(title(key), scalar(node), level)
        }
    }

    private static func scalar(_ node: ManifestNode) -> String { node.text ?? JSONWriter.compact(node) }
}
