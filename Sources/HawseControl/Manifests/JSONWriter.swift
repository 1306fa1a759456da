import HawseModel

/// A `ManifestNode` as JSON text.
public enum JSONWriter {
    /// Four spaces a level, as `kubectl -o json` prints; keys in the order of the node.
    public static func pretty(_ node: ManifestNode) -> String {
        var out = ""
        write(node, indent: 0, pretty: true, to: &out)
        return out
    }

    public static func compact(_ node: ManifestNode) -> String {
        var out = ""
        write(node, indent: 0, pretty: false, to: &out)
        return out
    }

    /// A string literal. With `escapesHTML` also what Go's encoder escapes, so that JSON may stand in a web page: kubectl's output
    /// and flannel's records have it.
    public static func quoted(_ text: String, escapesHTML: Bool = false) -> String {
        var out = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": out += "\\\""
            case "\\": out += "\\\\"
            case "\n": out += "\\n"
            case "\r": out += "\\r"
            case "\t": out += "\\t"
            case "<" where escapesHTML, ">" where escapesHTML, "&" where escapesHTML,
                "\u{2028}" where escapesHTML, "\u{2029}" where escapesHTML, "\u{0}"..<" ":
                let digits = String(scalar.value, radix: 16)
                out += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out + "\""
    }

    private static func write(_ node: ManifestNode, indent: Int, pretty: Bool, to out: inout String) {
        func newline(_ level: Int) {
            if pretty { out += "\n" + String(repeating: "    ", count: level) }
        }
        switch node.value {
        case .null: out += "null"
        case .bool(let flag): out += flag ? "true" : "false"
        case .integer(let number): out += String(number)
        case .number(_, let text): out += text
        case .string(let text): out += quoted(text, escapesHTML: true)
        case .list(let items):
            out += "["
            for (index, item) in items.enumerated() {
                if index > 0 { out += "," }
                newline(indent + 1)
                write(item, indent: indent + 1, pretty: pretty, to: &out)
            }
            if !items.isEmpty { newline(indent) }
            out += "]"
        case .map(let entries):
            out += "{"
            for (index, entry) in entries.enumerated() {
                if index > 0 { out += "," }
                newline(indent + 1)
                out += quoted(entry.key, escapesHTML: true) + (pretty ? ": " : ":")
                write(entry.node, indent: indent + 1, pretty: pretty, to: &out)
            }
            if !entries.isEmpty { newline(indent) }
            out += "}"
        }
    }
}
