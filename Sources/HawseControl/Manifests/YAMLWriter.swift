import HawseModel

/// A `ManifestNode` as YAML, as `kubectl get -o yaml` prints it: keys by the alphabet, lists at their key's indent.
public enum YAMLWriter {
    public static func text(_ node: ManifestNode) -> String {
        var out = ""
        write(node, indent: 0, to: &out)
        return out
    }

    private static func write(_ node: ManifestNode, indent: Int, to out: inout String) {
        let margin = String(repeating: " ", count: indent)
        switch node.value {
        case .map(let entries) where !entries.isEmpty:
            for entry in entries.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
                out += "\(margin)\(scalar(entry.key)):"
                writeValue(entry.node, indent: indent, to: &out)
            }
        case .list(let items) where !items.isEmpty:
            for item in items { writeItem(item, indent: indent, to: &out) }
        default: out += "\(margin)\(inline(node, indent: indent))\n"
        }
    }

    private static func writeValue(_ node: ManifestNode, indent: Int, to out: inout String) {
        switch node.value {
        case .map(let entries) where !entries.isEmpty:
            out += "\n"
            write(node, indent: indent + 2, to: &out)
        case .list(let items) where !items.isEmpty:
            out += "\n"
            write(node, indent: indent, to: &out)
        default: out += " \(inline(node, indent: indent))\n"
        }
    }

    private static func writeItem(_ item: ManifestNode, indent: Int, to out: inout String) {
        let margin = String(repeating: " ", count: indent)
        switch item.value {
        case .map(let entries) where !entries.isEmpty:
            var body = ""
            write(item, indent: indent + 2, to: &body)
            out += "\(margin)- \(body.dropFirst(indent + 2))"
        case .list(let items) where !items.isEmpty:
            var body = ""
            write(item, indent: indent + 2, to: &body)
            out += "\(margin)- \(body.dropFirst(indent + 2))"
        default: out += "\(margin)- \(inline(item, indent: indent))\n"
        }
    }

    private static func inline(_ node: ManifestNode, indent: Int) -> String {
        switch node.value {
        case .null: "null"
        case .bool(let flag): flag ? "true" : "false"
        case .integer(let number): String(number)
        case .number(_, let text): text
        case .string(let text): text.contains("\n") ? block(text, indent: indent) : scalar(text)
        case .list: "[]"
        case .map: "{}"
        }
    }

    /// `|` with its lines, `|-` without a final line break.
    private static func block(_ text: String, indent: Int) -> String {
        let hasControl = text.unicodeScalars.contains { $0.value < 32 && $0 != "\n" && $0 != "\t" }
        if hasControl || text.hasPrefix(" ") || text.hasPrefix("\n") { return JSONWriter.quoted(text) }
        let margin = String(repeating: " ", count: indent + 2)
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        var mark = "|-"
        if lines.last == "" {
            lines.removeLast()
            mark = lines.last == "" ? "|+" : "|"
        }
        return mark + lines.map { $0.isEmpty ? "\n" : "\n\(margin)\($0)" }.joined()
    }

    /// A one-line text: plain where YAML reads it back as the same text, quoted otherwise.
    static func scalar(_ text: String) -> String {
        if text.isEmpty { return "\"\"" }
        guard case .string = YAMLReader.plainScalar(text), !["y", "Y", "n", "N", "=", "<<"].contains(text),
            !isTimestamp(text)
        else { return "\"\(text)\"" }
        if text.unicodeScalars.contains(where: { $0.value < 32 || $0.value == 0x7f }) { return JSONWriter.quoted(text) }
        let first = text.unicodeScalars.first ?? " "
        let isSpecial = "!&*-?:|>@`\"'%#{}[],".unicodeScalars.contains(first)
        let second = text.unicodeScalars.dropFirst().first ?? " "
        let startsPlain = (first == "-" || first == "?" || first == ":") && second != " " && text.count > 1
        let isUnsafe =
            isSpecial && !startsPlain || text.contains(": ") || text.contains(" #") || text.hasSuffix(":")
            || text.hasPrefix(" ") || text.hasSuffix(" ") || text == "-" || text == "---"
        return isUnsafe ? "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''") + "'" : text
    }

    private static func isTimestamp(_ text: String) -> Bool {
        let bytes = Array(text.utf8.prefix(10))
        return bytes.count == 10 && bytes[4] == 45 && bytes[7] == 45 && bytes[0] >= 48 && bytes[0] <= 57
    }
}
