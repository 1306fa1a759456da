import HawseModel

/// What reading an object carries along: the file, the path to the field, and what there is to say.
public final class FieldContext {
    enum Step {
        case key(String)
        case index(Int)
        /// A key of a map, which is no field.
        case entry(String)
    }

    public let file: String
    public internal(set) var diagnostics: [ManifestDiagnostic] = []
    /// True when unknown fields are errors, as `kubectl --validate=strict` has it.
    public let strict: Bool
    var path: [Step] = []
    var structName = ""

    public init(file: String, strict: Bool = false) {
        self.file = file
        self.strict = strict
    }

    public var hasErrors: Bool { diagnostics.contains { $0.severity == .error } }

    /// `spec.ports[0].port`
    public var fieldPath: String { Self.text(of: path, indices: true) }

    /// The path as the API server has it, or without what Go's decoder leaves out: indices and the keys of maps.
    static func text(of path: [Step], indices: Bool) -> String {
        var text = ""
        for step in path {
            switch step {
            case .key(let key): text += text.isEmpty ? key : ".\(key)"
            case .index(let index): if indices { text += "[\(index)]" }
            case .entry(let key): if indices { text += ".\(key)" }
            }
        }
        return text
    }

    public func error(_ node: ManifestNode, _ message: String, suggestion: String? = nil) {
        diagnostics.append(
            ManifestDiagnostic(
                severity: .error, file: file, mark: node.mark, field: fieldPath, message: message,
                suggestion: suggestion))
    }

    /// The error of Go's JSON decoder for a value of the wrong type.
    public func wrongType(_ node: ManifestNode, goType: String) {
        let field = Self.text(of: path, indices: false)
        error(
            node,
            "json: cannot unmarshal \(Self.word(node, goType)) into Go struct field \(structName).\(field) of type "
                + named(goType))
    }

    /// The same from a type that decodes itself and knows of no field.
    func wrongValue(_ node: ManifestNode, goType: String) {
        error(node, "json: cannot unmarshal \(Self.word(node, goType)) into Go value of type \(goType)")
    }

    private static func word(_ node: ManifestNode, _ goType: String) -> String {
        switch node.value {
        case .integer(let number) where goType.hasPrefix("int") || goType.hasPrefix("uint"): "number \(number)"
        case .number(_, let text) where goType.hasPrefix("int"): "number \(text)"
        default: node.typeName
        }
    }

    /// Words out of a list have types of their own.
    private func named(_ goType: String) -> String {
        guard goType == "string" || goType == "[]string" else { return goType }
        var steps = path[...]
        if goType == "string", case .index? = steps.last { steps.removeLast() }
        guard case .key(let key)? = steps.last, let name = NamedTypes.byField["\(structName).\(key)"] else { return goType }
        return goType == "string" ? name : "[]\(name)"
    }
}

/// Reads the fields of one map node and remembers which keys were asked for.
public struct FieldReader: FieldMapper {
    let entries: [ManifestNode.Entry]
    let context: FieldContext
    private var seen: UInt64 = 0
    private var seenBeyond: Set<Int> = []
    private var next = 0

    public init(entries: [ManifestNode.Entry], context: FieldContext) {
        self.entries = entries
        self.context = context
    }

    /// Keys mostly come in the order of the declaration or of the alphabet: look on from the last hit.
    private mutating func take(_ key: String) -> ManifestNode? {
        var index = next
        for _ in 0..<entries.count {
            if index >= entries.count { index = 0 }
            if entries[index].key == key {
                if index < 64 { seen |= 1 << UInt64(index) } else { seenBeyond.insert(index) }
                next = index + 1
                return entries[index].node
            }
            index += 1
        }
        return nil
    }

    private mutating func value<T: FieldValue>(_ key: String) -> T? {
        guard let node = take(key), !node.isNull else { return nil }
        context.path.append(.key(key))
        defer { context.path.removeLast() }
        return T.read(node, context)
    }

    public mutating func callAsFunction<T: FieldValue>(_ key: String, _ value: inout T) {
        if let read: T = self.value(key) { value = read }
    }

    public mutating func callAsFunction<T: FieldValue>(_ key: String, _ value: inout T?) {
        if let read: T = self.value(key) { value = read }
    }

    public mutating func always<T: FieldValue>(_ key: String, _ value: inout T) {
        if let read: T = self.value(key) { value = read }
    }

    public mutating func always<T: FieldValue>(_ key: String, _ value: inout T?) {
        if let read: T = self.value(key) { value = read }
    }

    public mutating func shaped(_ key: String, _ value: inout ManifestNode?, _ shape: FieldShape) {
        guard let node = take(key), !node.isNull else { return }
        context.path.append(.key(key))
        defer { context.path.removeLast() }
        shape.check(node, context)
        value = node
    }

    /// Reports the keys that nobody asked for.
    mutating func finish<T: FieldMap>(_ type: T.Type) {
        for (index, entry) in entries.enumerated() {
            let known = index < 64 ? seen >> UInt64(index) & 1 == 1 : seenBeyond.contains(index)
            if known { continue }
            context.path.append(.key(entry.key))
            let names = T.knownFields
            if names.contains(entry.key) { context.duplicate(entry) } else { context.unknown(entry, among: names) }
            context.path.removeLast()
        }
    }
}
