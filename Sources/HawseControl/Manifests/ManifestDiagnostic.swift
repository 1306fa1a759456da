import HawseModel

/// Something said about a manifest: where, which field, what and, for misspelt words, what was perhaps meant.
public struct ManifestDiagnostic: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Severity: String, Sendable { case warning, error }

    public var severity: Severity
    public var file: String
    public var mark: SourceMark
    /// The field's path from the object's root: `spec.ports[0].port`.
    public var field: String
    public var message: String
    /// The nearest known word, where one is near enough.
    public var suggestion: String?
    /// The object it is about, where that could be read.
    public var object: ObjectIdentity?

    /// An object's kind and name, as far as they are known.
    public struct ObjectIdentity: Sendable, Hashable {
        public var kind: String
        public var namespace: String
        public var name: String
    }

    public init(
        severity: Severity, file: String, mark: SourceMark, field: String, message: String,
        suggestion: String? = nil
    ) {
        self.severity = severity
        self.file = file
        self.mark = mark
        self.field = field
        self.message = message
        self.suggestion = suggestion
    }

    public var description: String {
        let place = mark == .none ? file : "\(file):\(mark.line):\(mark.column)"
        let path = field.isEmpty ? "" : "\(field): "
        let hint = suggestion.map { " (did you mean \"\($0)\"?)" } ?? ""
        return "\(place): \(severity.rawValue): \(path)\(message)\(hint)"
    }
}
