import HawseModel

/// Reads manifests: multi-document YAML, JSON, `List`s and typed lists such as `ServiceList`.
///
/// Reading goes on after an error, so that one run reports everything; `hasErrors` says whether to stop after.
public struct ManifestLoader: Sendable {
    public private(set) var objects: [LoadedObject] = []
    public private(set) var diagnostics: [ManifestDiagnostic] = []
    /// What was read or could not be, in order.
    public private(set) var files: [String] = []
    /// Unknown fields are errors instead of warnings.
    public var strict: Bool
    private var reportedKinds: Set<String> = []
    private var reportedFields: Set<String> = []

    public init(strict: Bool = false) { self.strict = strict }

    public var hasErrors: Bool { diagnostics.contains { $0.severity == .error } }

    /// The objects of one kind, in the order they were read.
    public func all<T: KubernetesObject>(_ type: T.Type) -> [T] { objects.compactMap { $0.of(type) } }

    /// Reads one text. `file` is the name that messages carry.
    public mutating func load(text: String, file: String) {
        files.append(file)
        let isJSON = Self.looksLikeJSON(text)
        if isJSON, let nodes = try? JSONReader.stream(text) {
            for node in nodes { read(document: node, file: file) }
            return
        }
        for document in YAMLReader.documents(text) {
            switch document {
            case .success(let nodes): for node in nodes { read(document: node, file: file) }
            case .failure(let error):
                var (mark, reason) = (error.mark, error.reason)
                // Damaged JSON is told of in JSON's words.
                if isJSON, let damage = Self.damage(text) { (mark, reason) = (damage.mark, "no JSON: \(damage.reason)") }
                report(reason, .error, at: mark, file: file)
            }
        }
    }

    private static func damage(_ text: String) -> JSONReader.Failure? {
        do throws(JSONReader.Failure) { _ = try JSONReader.stream(text) } catch { return error }
        return nil
    }

    /// Reads an object that stands inside another document.
    public mutating func load(node: ManifestNode, file: String) { read(document: node, file: file) }

    private static func looksLikeJSON(_ text: String) -> Bool {
        guard let first = text.utf8.first(where: { $0 > 32 }) else { return false }
        return first == UInt8(ascii: "{") || first == UInt8(ascii: "[")
    }

    mutating func report(
        _ message: String, _ severity: ManifestDiagnostic.Severity, at mark: SourceMark, file: String,
        field: String = "", suggestion: String? = nil
    ) {
        if !files.contains(file) { files.append(file) }
        diagnostics.append(
            ManifestDiagnostic(
                severity: severity, file: file, mark: mark, field: field, message: message, suggestion: suggestion))
    }

    private mutating func read(document: ManifestNode, file: String) {
        if document.isNull { return }
        if case .list(let items) = document.value {
            for item in items { read(object: item, file: file, inheritedVersion: nil, inheritedKind: nil) }
            return
        }
        read(object: document, file: file, inheritedVersion: nil, inheritedKind: nil)
    }

    private mutating func read(
        object node: ManifestNode, file: String, inheritedVersion: String?, inheritedKind: String?
    ) {
        guard case .map = node.value else {
            report("an object is expected, found \(node.typeName)", .error, at: node.mark, file: file)
            return
        }
        guard let kind = node["kind"]?.text ?? inheritedKind, !kind.isEmpty else {
            report("'kind' is missing", .error, at: node.mark, file: file, field: "kind")
            return
        }
        guard let version = node["apiVersion"]?.text ?? inheritedVersion, !version.isEmpty else {
            report("'apiVersion' is missing", .error, at: node.mark, file: file, field: "apiVersion")
            return
        }
        if kind.hasSuffix("List"), let items = node["items"] {
            let element = kind == "List" ? nil : String(kind.dropLast(4))
            for item in items.items ?? [] {
                read(object: item, file: file, inheritedVersion: version, inheritedKind: element)
            }
            return
        }
        if let type = Kubernetes.type(apiVersion: version, kind: kind) {
            if !type.isServed(version), reportedKinds.insert("\(version)/\(kind)").inserted {
                report(
                    "no API server of today has \(kind) in version \(version): read as \(type.apiVersion)", .warning,
                    at: (node["apiVersion"] ?? node).mark, file: file, field: "apiVersion", suggestion: type.apiVersion)
            }
            readKnown(type, node, file: file)
        } else {
            readUnknown(kind, version, node, file: file)
        }
    }

    private mutating func readKnown<T: KubernetesObject>(_ type: T.Type, _ node: ManifestNode, file: String) {
        let context = FieldContext(file: file, strict: strict)
        var body = node
        if case .map(let entries) = node.value {
            body.value = .map(entries.filter { $0.key != "kind" && $0.key != "apiVersion" })
        }
        let object = T.read(body, context)
        let identity = ManifestDiagnostic.ObjectIdentity(
            kind: T.kind, namespace: node["metadata"]?["namespace"]?.text ?? "",
            name: node["metadata"]?["name"]?.text ?? "")
        for var diagnostic in context.diagnostics {
            diagnostic.object = identity
            // An unknown field is worth one line, however many objects of this kind have it.
            let key = "\(T.kind) \(diagnostic.field.filter { !$0.isNumber })"
            if diagnostic.severity == .warning, !reportedFields.insert(key).inserted { continue }
            diagnostics.append(diagnostic)
        }
        guard var object, !context.hasErrors else { return }
        if !T.isNamespaced { object.metadata.namespace = "" }
        objects.append(LoadedObject(content: .known(object), file: file, mark: node.mark, node: node))
    }

    private mutating func readUnknown(_ kind: String, _ version: String, _ node: ManifestNode, file: String) {
        let context = FieldContext(file: file)
        let metadata = node["metadata"].flatMap { Kubernetes.ObjectMeta.read($0, context) }
        diagnostics += context.diagnostics.filter { $0.severity == .error }
        if context.hasErrors { return }
        if !Kubernetes.isGatewayKind(apiVersion: version, kind: kind), reportedKinds.insert("\(version)/\(kind)").inserted {
            report(
                "kind \(kind) of \(version) is not simulated: kept and listed only", .warning, at: node.mark,
                file: file, field: "kind",
                suggestion: nearestWord(kind, among: Kubernetes.kinds.map { $0.kind }))
        }
        let unknown = Kubernetes.Unknown(
            apiVersion: version, kind: kind, metadata: metadata ?? Kubernetes.ObjectMeta(), content: node)
        objects.append(LoadedObject(content: .unknown(unknown), file: file, mark: node.mark, node: node))
    }
}
