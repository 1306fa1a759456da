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

/// The known word nearest to a misspelt one by edit distance, if it is near: at most a third of its letters.
public func nearestWord(to word: String, among known: some Sequence<String>) -> String? {
    let letters = Array(word.lowercased().unicodeScalars)
    guard letters.count <= 128 else { return nil }
    var best: (word: String, distance: Int)?
    for candidate in known {
        let other = Array(candidate.lowercased().unicodeScalars)
        guard abs(other.count - letters.count) <= 4 else { continue }
        let distance = editDistance(letters, other)
        guard distance <= max(1, max(letters.count, other.count) / 3) else { continue }
        if best == nil || distance < best!.distance { best = (candidate, distance) }
    }
    return best?.word
}

/// Edits between two words; two letters changed over count as one (optimal string alignment).
private func editDistance(_ a: [Unicode.Scalar], _ b: [Unicode.Scalar]) -> Int {
    var older = [Int](repeating: 0, count: b.count + 1)
    var row = Array(0...b.count)
    for i in a.indices {
        var fresh = row
        fresh[0] = i + 1
        for j in b.indices {
            let cost = a[i] == b[j] ? 0 : 1
            fresh[j + 1] = min(row[j + 1] + 1, fresh[j] + 1, row[j] + cost)
            if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { fresh[j + 1] = min(fresh[j + 1], older[j - 1] + 1) }
        }
        older = row
        row = fresh
    }
    return row[b.count]
}
