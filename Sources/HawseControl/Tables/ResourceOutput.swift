import HawseModel

extension ResourceQuery {
    /// kubectl's `-o`.
    public enum Output: Sendable {
        case table, wide, yaml, json, name
        case jsonPath(JSONPath)
        case columns([CustomColumn])

        /// The words without an argument of their own.
        public static let words = ["table", "wide", "yaml", "json", "name", "jsonpath=…", "custom-columns=…"]

        public init(_ text: String) throws(Failure) {
            let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            switch (parts[0], parts.count > 1 ? parts[1] : nil) {
            case ("table", nil), ("", nil): self = .table
            case ("wide", nil): self = .wide
            case ("yaml", nil): self = .yaml
            case ("json", nil): self = .json
            case ("name", nil): self = .name
            case ("jsonpath", let template?):
                do { self = .jsonPath(try JSONPath(template)) } catch { throw Failure(description: "\(error)") }
            case ("custom-columns", let list?): self = .columns(try CustomColumn.list(list))
            default:
                throw Failure(
                    description: "unable to match a printer suitable for the output format \"\(text)\", allowed formats are: "
                        + Self.words.joined(separator: ","))
            }
        }

        var isTable: Bool {
            switch self {
            case .table, .wide, .columns: true
            default: false
            }
        }
    }
}

/// One of `-o custom-columns=NAME:.metadata.name,NODE:.spec.nodeName`.
public struct CustomColumn: Sendable {
    var header: String
    var path: JSONPath

    static func list(_ text: String) throws(ResourceQuery.Failure) -> [CustomColumn] {
        var columns: [CustomColumn] = []
        for part in parts(text) {
            let words = part.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard words.count == 2, !words[1].isEmpty else {
                throw ResourceQuery.Failure(
                    description: "unexpected custom-columns spec: \(part), expected <header>:<json-path-expr>")
            }
            do { columns.append(CustomColumn(header: words[0], path: try JSONPath(relaxed: words[1]))) } catch {
                throw ResourceQuery.Failure(description: "\(error)")
            }
        }
        if columns.isEmpty {
            throw ResourceQuery.Failure(description: "custom-columns format specified but no custom columns given")
        }
        return columns
    }

    /// Commas inside brackets do not separate.
    private static func parts(_ text: String) -> [String] {
        var parts = [""]
        var depth = 0
        for character in text {
            if character == "[" { depth += 1 }
            if character == "]" { depth -= 1 }
            if character == ",", depth == 0 { parts.append("") } else { parts[parts.count - 1].append(character) }
        }
        return parts.filter { !$0.isEmpty }
    }

    func cell(_ manifest: ManifestNode) -> String {
        let found = path.values(of: manifest).map(JSONPath.written)
        return found.isEmpty ? "<none>" : found.joined(separator: ",")
    }
}
