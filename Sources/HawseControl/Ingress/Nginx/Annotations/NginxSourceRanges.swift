/// `denylist-source-range` and `allowlist-source-range` (also `whitelist-source-range`).
struct NginxSourceRanges: NginxAnnotation {
    static let names = ["denylist-source-range", "allowlist-source-range", "whitelist-source-range"]

    var denied: [SourceRange] = []
    var allowed: [SourceRange] = []

    init() {}

    init(_ reader: AnnotationReader) throws(AnnotationRefusal) {
        denied = try Self.read(reader, "denylist-source-range", nil, reader.settings.deniedRanges)
        allowed = try Self.read(reader, "allowlist-source-range", "whitelist-source-range", reader.settings.allowedRanges)
    }

    private static func read(
        _ reader: AnnotationReader, _ name: String, _ alias: String?, _ usual: [String]
    ) throws(AnnotationRefusal) -> [SourceRange] {
        let text: String?
        do { text = try reader.text(name, .ranges, or: alias) } catch {
            if case .invalid(let reason) = error { throw .denied(reason) }
            throw error
        }
        let words = text.map { $0.split(separator: ",").map(String.init) } ?? usual
        return Array(Set(words.compactMap { SourceRange($0) })).sorted { $0.text < $1.text }
    }

    var isEmpty: Bool { denied.isEmpty && allowed.isEmpty }

    /// As nginx prints them: the first rule that holds the client decides.
    var rules: [String] {
        denied.map { "deny \($0.text)" } + allowed.map { "allow \($0.text)" } + (allowed.isEmpty ? [] : ["deny all"])
    }
}
