import HawseModel

extension Scenario {
    private static let actions = [
        "apply", "delete", "scale", "patch", "rollback", "fail", "recover", "crash", "cordon", "uncordon", "drain",
        "stopNode", "startNode", "apiServer", "metrics", "observe",
    ]

    /// Reads a scenario file. Paths of manifests in it are relative to `folder`.
    public static func read(
        text: String, file: String, folder: String = "."
    ) -> (scenario: Scenario?, problems: [ManifestDiagnostic]) {
        var reader = ScenarioReader(file: file, folder: folder)
        do throws(YAMLReader.Failure) {
            let documents = try YAMLReader.parse(text)
            let steps = documents.flatMap { reader.steps(of: $0) }
            let sorted = steps.enumerated().sorted {
                ($0.element.at, $0.offset) < ($1.element.at, $1.offset)
            }.map(\.element)
            let hasErrors = reader.problems.contains { $0.severity == .error }
            return (hasErrors ? nil : Scenario(file: file, steps: sorted), reader.problems)
        } catch {
            reader.error(ManifestNode(.null, mark: error.mark), "", error.reason)
            return (nil, reader.problems)
        }
    }

    /// `90`, `1m30s`, `250ms`: seconds.
    static func seconds(of node: ManifestNode) -> Double? {
        switch node.value {
        case .integer(let value): return Double(value)
        case .number(let value, _): return value
        case .string(let text): return seconds(text)
        default: return nil
        }
    }

    /// `90`, `1m30s`, `250ms`: seconds.
    public static func seconds(_ text: String) -> Double? {
        if let plain = Double(text) { return plain.isFinite ? plain : nil }
        let units: [(String, Double)] = [("ms", 0.001), ("h", 3600), ("m", 60), ("s", 1)]
        var rest = Substring(text)
        var total = 0.0
        while !rest.isEmpty {
            let number = rest.prefix { $0.isNumber && $0.isASCII || $0 == "." }
            rest = rest.dropFirst(number.count)
            guard let value = Double(number), let unit = units.first(where: { rest.hasPrefix($0.0) }) else { return nil }
            total += value * unit.1
            rest = rest.dropFirst(unit.0.count)
        }
        return text.isEmpty ? nil : total
    }

    private struct ScenarioReader {
        let file: String
        let folder: String
        var problems: [ManifestDiagnostic] = []

        init(file: String, folder: String) {
            self.file = file
            self.folder = folder
        }

        mutating func error(_ node: ManifestNode, _ field: String, _ message: String, suggestion: String? = nil) {
            problems.append(
                ManifestDiagnostic(
                    severity: .error, file: file, mark: node.mark, field: field, message: message,
                    suggestion: suggestion))
        }

        mutating func steps(of document: ManifestNode) -> [ScenarioStep] {
            if document.isNull { return [] }
            guard let items = document["steps"]?.items ?? document.items else {
                error(document, "steps", "a list of steps is expected")
                return []
            }
            return items.enumerated().compactMap { step($0.element, "steps[\($0.offset)]") }
        }

        private mutating func step(_ node: ManifestNode, _ path: String) -> ScenarioStep? {
            guard let entries = node.entries else {
                error(node, path, "a step is a map with `at` and an action")
                return nil
            }
            var at = 0.0
            if let time = node["at"] {
                guard let value = Scenario.seconds(of: time), value >= 0, value < 1e9 else {
                    error(time, "\(path).at", "not a duration: use seconds or forms like 1m30s")
                    return nil
                }
                at = value
            }
            var found: (name: String, value: ManifestNode)?
            for entry in entries where entry.key != "at" && entry.key != "name" {
                guard Scenario.actions.contains(entry.key) else {
                    error(
                        ManifestNode(.null, mark: entry.mark), "\(path).\(entry.key)", "unknown action \"\(entry.key)\"",
                        suggestion: nearestWord(entry.key, among: Scenario.actions))
                    return nil
                }
                guard found == nil else {
                    error(entry.node, "\(path).\(entry.key)", "a step has one action")
                    return nil
                }
                found = (entry.key, entry.node)
            }
            guard let found else {
                error(node, path, "a step needs one of \(Scenario.actions.joined(separator: ", "))")
                return nil
            }
            guard let action = action(found.name, found.value, "\(path).\(found.name)") else { return nil }
            let label = node["name"]?.text ?? "\(found.name) \(summary(found.value))"
            return ScenarioStep(at: at, label: label, action: action, mark: node.mark)
        }

        private func summary(_ node: ManifestNode) -> String {
            if let text = node.text { return text }
            let words = (node.entries ?? []).compactMap { entry -> String? in
                entry.node.text.map { "\(entry.key)/\($0)" } ?? entry.node.int.map { "\(entry.key) \($0)" }
            }
            return words.joined(separator: " ")
        }

        private mutating func action(_ name: String, _ node: ManifestNode, _ path: String) -> ScenarioAction? {
            switch name {
            case "apply": return objects(node, path).map { .apply($0) }
            case "delete": return target(node, path).map { .delete(kind: $0.kind, $0.key) }
            case "scale":
                guard let target = target(node, path), let count = node["replicas"]?.int else {
                    if node["replicas"]?.int == nil { error(node, "\(path).replicas", "a count is expected") }
                    return nil
                }
                return .scale(kind: target.kind, target.key, replicas: count)
            case "patch":
                guard let target = target(node, path), let merge = node["merge"] else {
                    if node["merge"] == nil { error(node, "\(path).merge", "a merge patch is expected") }
                    return nil
                }
                return .patch(kind: target.kind, target.key, merge)
            case "rollback":
                return target(node, path, implied: "Deployment").map { .rollBack($0.key, revision: node["revision"]?.int ?? 0) }
            case "fail": return target(node, path, implied: "Pod").map { .fail($0.key) }
            case "recover": return target(node, path, implied: "Pod").map { .recover($0.key) }
            case "crash": return target(node, path, implied: "Pod").map { .crash($0.key) }
            case "cordon": return target(node, path, implied: "Node").map { .cordon($0.key.name) }
            case "uncordon": return target(node, path, implied: "Node").map { .uncordon($0.key.name) }
            case "drain": return target(node, path, implied: "Node").map { .drain($0.key.name) }
            case "stopNode": return target(node, path, implied: "Node").map { .stopNode($0.key.name) }
            case "startNode": return target(node, path, implied: "Node").map { .startNode($0.key.name) }
            case "apiServer":
                guard let word = node.text, word == "reachable" || word == "unreachable" else {
                    error(node, path, "`reachable` or `unreachable` is expected")
                    return nil
                }
                return .apiServer(isReachable: word == "reachable")
            case "metrics": return metrics(node, path)
            default: return .observe
            }
        }

        /// `web`, `deployment/web`, `shop/web` with an implied kind, or a map such as `{deployment: web, namespace: shop}`.
        private mutating func target(
            _ node: ManifestNode, _ path: String, implied: String? = nil
        ) -> (kind: String, key: ObjectKey)? {
            if let text = node.text {
                let parts = text.split(separator: "/").map(String.init)
                if parts.count == 2, let type = Kubernetes.type(resource: parts[0]) {
                    return (type.kind, ObjectKey(namespace: type.isNamespaced ? "default" : "", name: parts[1]))
                }
                if parts.count == 3, let type = Kubernetes.type(resource: parts[1]) {
                    return (type.kind, ObjectKey(namespace: parts[0], name: parts[2]))
                }
                if let implied, parts.count == 1 || parts.count == 2 {
                    let isNode = implied == "Node"
                    let namespace = parts.count == 2 ? parts[0] : isNode ? "" : "default"
                    return (implied, ObjectKey(namespace: namespace, name: parts[parts.count - 1]))
                }
            }
            for entry in node.entries ?? [] {
                guard let name = entry.node.text, let type = Kubernetes.type(resource: entry.key) else { continue }
                if type.kind == "Namespace", node.entries?.count ?? 0 > 1 { continue }
                let namespace = type.isNamespaced ? node["namespace"]?.text ?? "default" : ""
                return (type.kind, ObjectKey(namespace: namespace, name: name))
            }
            error(node, path, "an object is expected: kind/name, namespace/kind/name or {kind: name}")
            return nil
        }

        private mutating func objects(_ node: ManifestNode, _ path: String) -> [LoadedObject]? {
            var loader = ManifestLoader()
            if let name = node.text {
                loader.load(path: name.hasPrefix("/") ? name : "\(folder)/\(name)")
            } else {
                for item in node.items ?? [node] { loader.load(node: item, file: file) }
            }
            problems += loader.diagnostics
            return loader.hasErrors ? nil : loader.objects
        }

        private mutating func metrics(_ node: ManifestNode, _ path: String) -> ScenarioAction? {
            guard let name = node["autoscaler"]?.text ?? node["hpa"]?.text else {
                error(node, "\(path).autoscaler", "the name of an autoscaler is expected")
                return nil
            }
            var metrics = ScenarioMetrics()
            for entry in node.entries ?? [] where !["autoscaler", "hpa", "namespace"].contains(entry.key) {
                let text = entry.node.text ?? entry.node.int.map(String.init) ?? ""
                guard let quantity = Kubernetes.Quantity(text) else {
                    error(entry.node, "\(path).\(entry.key)", "a quantity is expected, such as 250m")
                    return nil
                }
                metrics.averageUsage[entry.key] = quantity.thousandths
                metrics.values[entry.key] = quantity.thousandths
            }
            return .metrics(ObjectKey(namespace: node["namespace"]?.text ?? "default", name: name), metrics)
        }
    }
}
