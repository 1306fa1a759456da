import HawseModel

/// The shape of fields that are kept as they came: enough to tell a wrong type and an unknown key, as the API's decoder would.
public indirect enum FieldShape: Sendable {
    case any
    case string, bool, int32, int64, quantity
    case list(FieldShape)
    /// Any keys, all of one shape.
    case map(FieldShape)
    /// A struct of the API by its name and fields.
    case fields(String, [String: FieldShape])

    private var goType: String {
        switch self {
        case .any: "interface {}"
        case .string: "string"
        case .bool: "bool"
        case .int32: "int32"
        case .int64: "int64"
        case .quantity: Kubernetes.Quantity.goType
        case .list(let element): "[]\(element.goType)"
        case .map(let value): "map[string]\(value.goType)"
        case .fields(let name, _): "v1.\(name)"
        }
    }

    /// Says to the context what does not fit.
    func check(_ node: ManifestNode, _ context: FieldContext) {
        if node.isNull { return }
        switch self {
        case .any: break
        case .string: _ = String.read(node, context)
        case .bool: _ = Bool.read(node, context)
        case .int32: _ = Int.read(node, context)
        case .int64: _ = Int64.read(node, context)
        case .quantity: _ = Kubernetes.Quantity.read(node, context)
        case .list(let element):
            guard case .list(let items) = node.value else { return context.wrongType(node, goType: goType) }
            for (index, item) in items.enumerated() { within(.index(index), context) { element.check(item, context) } }
        case .map(let value):
            guard case .map(let entries) = node.value else { return context.wrongType(node, goType: goType) }
            for entry in entries { within(.entry(entry.key), context) { value.check(entry.node, context) } }
        case .fields(let name, let fields): check(node, context, name, fields)
        }
    }

    private func check(_ node: ManifestNode, _ context: FieldContext, _ name: String, _ fields: [String: FieldShape]) {
        guard case .map(let entries) = node.value else { return context.wrongType(node, goType: goType) }
        let outer = context.structName
        context.structName = name
        defer { context.structName = outer }
        for entry in entries {
            within(.key(entry.key), context) {
                if let shape = fields[entry.key] {
                    shape.check(entry.node, context)
                } else {
                    context.unknown(entry, among: fields.keys.sorted())
                }
            }
        }
    }

    private func within(_ step: FieldContext.Step, _ context: FieldContext, _ body: () -> Void) {
        context.path.append(step)
        body()
        context.path.removeLast()
    }
}

extension FieldContext {
    /// A key that the map at the current path has twice; YAML is not read so far.
    func duplicate(_ entry: ManifestNode.Entry) {
        diagnostics.append(
            ManifestDiagnostic(
                severity: strict ? .error : .warning, file: file, mark: entry.mark, field: fieldPath,
                message: "duplicate field \"\(fieldPath)\""))
    }

    /// A key that the struct at the current path does not have.
    func unknown(_ entry: ManifestNode.Entry, among known: [String]) {
        diagnostics.append(
            ManifestDiagnostic(
                severity: strict ? .error : .warning, file: file, mark: entry.mark, field: fieldPath,
                message: "unknown field \"\(fieldPath)\"", suggestion: nearestWord(entry.key, among: known)))
    }
}
