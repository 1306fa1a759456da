import HawseModel
import Yams

/// The documents of a YAML stream as `ManifestNode`s with marks.
public struct YAMLReader {
    public struct Failure: Error, Sendable, CustomStringConvertible {
        public var mark: SourceMark
        public var reason: String
        public var description: String { "\(mark.line):\(mark.column): \(reason)" }
    }

    /// More nodes than a text's bytes and these come only out of aliases that multiply each other.
    static let aliasedNodes = 1_000_000
    static let nestingLimit = 512

    /// Of the text in its file.
    private let linesBefore: Int
    private let nodeLimit: Int
    private var count = 0
    private var depth = 0

    private init(_ text: String, linesBefore: Int) {
        self.linesBefore = linesBefore
        nodeLimit = text.utf8.count + Self.aliasedNodes
    }

    public static func parse(_ text: String) throws(Failure) -> [ManifestNode] { try parse(text, linesBefore: 0) }

    /// The documents of a stream one by one, with what is wrong with those that are damaged. Those are told apart as kubectl
    /// does, by lines that begin with `---`: the others can be read all the same.
    public static func documents(_ text: String) -> [Result<[ManifestNode], Failure>] {
        do throws(Failure) { return [.success(try parse(text))] } catch {
            let parts = parts(of: text)
            if parts.count < 2 { return [.failure(error)] }
            return parts.map { part in
                do throws(Failure) { return .success(try parse(String(part.text), linesBefore: part.linesBefore)) } catch {
                    return .failure(error)
                }
            }
        }
    }

    /// What stands between the lines that part documents.
    static func parts(of text: String) -> [(text: Substring, linesBefore: Int)] {
        var parts: [(Substring, Int)] = []
        let bytes = text.utf8
        var start = bytes.startIndex
        var (line, first) = (0, 0)
        var at = start
        while at < bytes.endIndex {
            let end = bytes[at...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.endIndex
            let next = end == bytes.endIndex ? end : bytes.index(after: end)
            line += 1
            let after = bytes[at..<end].dropFirst(3).drop { $0 == 0x20 || $0 == 9 || $0 == 0x0d }.first
            if bytes[at..<end].starts(with: "---".utf8), after == nil || after == UInt8(ascii: "#") {
                parts.append((text[start..<at], first))
                (start, first) = (next, line)
            }
            at = next
        }
        return parts + [(text[start...], first)]
    }

    private static func parse(_ text: String, linesBefore: Int) throws(Failure) -> [ManifestNode] {
        let root: Parser
        do { root = try Parser(yaml: text, resolver: .basic, encoding: .utf8) } catch { throw failure(error, linesBefore) }
        var documents: [ManifestNode] = []
        while true {
            let node: Node?
            do { node = try root.nextRoot() } catch { throw failure(error, linesBefore) }
            guard let node else { return documents }
            var reader = YAMLReader(text, linesBefore: linesBefore)
            documents.append(try reader.convert(node))
        }
    }

    private static func failure(_ error: any Error, _ linesBefore: Int) -> Failure {
        guard let error = error as? YamlError else { return Failure(mark: .none, reason: "\(error)") }
        switch error {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            let reason = context.map { "\(problem) (\($0.text))" } ?? problem
            return Failure(mark: SourceMark(line: mark.line + linesBefore, column: mark.column), reason: reason)
        case .duplicatedKeysInMapping(let duplicates, let context):
            let names = duplicates.map { "\"\($0)\"" }.joined(separator: ", ")
            let mark = SourceMark(line: context.mark.line + linesBefore, column: context.mark.column)
            let isObject = duplicates.contains { "\($0)" == "apiVersion" || "\($0)" == "kind" }
            return Failure(
                mark: mark, reason: "key \(names) already set in map" + (isObject ? " (a line of --- has to part two objects)" : ""))
        case .reader(let problem, _, _, _): return Failure(mark: .none, reason: problem)
        default: return Failure(mark: .none, reason: "\(error)")
        }
    }

    private func mark(of node: Node) -> SourceMark {
        node.mark.map { SourceMark(line: $0.line + linesBefore, column: $0.column) } ?? .none
    }

    private mutating func convert(_ node: Node) throws(Failure) -> ManifestNode {
        count += 1
        depth += 1
        defer { depth -= 1 }
        let mark = mark(of: node)
        guard count <= nodeLimit else { throw Failure(mark: mark, reason: "document contains excessive aliasing") }
        guard depth <= Self.nestingLimit else { throw Failure(mark: mark, reason: "nested deeper than \(Self.nestingLimit)") }
        switch node {
        case .scalar(let scalar):
            return ManifestNode(try Self.value(of: scalar, at: mark), mark: mark)
        case .sequence(let sequence):
            var items: [ManifestNode] = []
            items.reserveCapacity(sequence.count)
            for item in sequence { items.append(try convert(item)) }
            return ManifestNode(.list(items), mark: mark)
        case .mapping(let mapping):
            return ManifestNode(.map(try entries(of: mapping)), mark: mark)
        case .alias(let alias):
            throw Failure(mark: mark, reason: "alias \(alias.anchor) without an anchor")
        }
    }

    private mutating func entries(of mapping: Node.Mapping) throws(Failure) -> [ManifestNode.Entry] {
        var entries: [ManifestNode.Entry] = []
        entries.reserveCapacity(mapping.count)
        var merged: [ManifestNode] = []
        for (key, value) in mapping {
            let mark = mark(of: key)
            guard case .scalar(let scalar) = key else {
                throw Failure(mark: mark, reason: "a key has to be a plain word")
            }
            let converted = try convert(value)
            if scalar.string == "<<", scalar.style == .plain {
                merged += converted.items ?? [converted]
            } else {
                entries.append(.init(scalar.string, converted, mark: mark))
            }
        }
        // Keys of the map itself win over merged ones, earlier merged maps over later ones.
        for source in merged {
            for entry in source.entries ?? [] where !entries.contains(where: { $0.key == entry.key }) {
                entries.append(entry)
            }
        }
        return entries
    }

    private static func value(of scalar: Node.Scalar, at mark: SourceMark) throws(Failure) -> ManifestNode.Value {
        let tag = scalar.tag.description
        switch tag {
        case "tag:yaml.org,2002:str", "!": return .string(scalar.string)
        case "", "tag:yaml.org,2002:int", "tag:yaml.org,2002:float", "tag:yaml.org,2002:bool",
            "tag:yaml.org,2002:null":
            break
        case "tag:yaml.org,2002:binary": return .string(scalar.string)
        default:
            if tag.hasPrefix("!") { throw Failure(mark: mark, reason: "unknown tag \(tag)") }
        }
        guard scalar.style == .plain || scalar.style == .any else { return .string(scalar.string) }
        return plainScalar(scalar.string)
    }

    /// The type of an unquoted word, by the YAML 1.1 rules of the library that kubectl and the API server use
    /// (go-yaml version 2: `yes`, `on` and friends are booleans; `1:30` is a string).
    public static func plainScalar(_ text: String) -> ManifestNode.Value {
        guard let first = text.utf8.first else { return .null }
        switch first {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."):
            return plainNumber(text) ?? .string(text)
        case UInt8(ascii: "~"): return text == "~" ? .null : .string(text)
        default: break
        }
        guard text.utf8.count <= 5 else { return .string(text) }
        switch text {
        case "null", "Null", "NULL": return .null
        case "true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON": return .bool(true)
        case "false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF": return .bool(false)
        default: return .string(text)
        }
    }

    private static func plainNumber(_ text: String) -> ManifestNode.Value? {
        let plain = text.contains("_") ? text.filter { $0 != "_" } : text
        let negative = plain.hasPrefix("-")
        let digits = negative || plain.hasPrefix("+") ? plain.dropFirst() : plain[...]
        guard let first = digits.utf8.first, first == UInt8(ascii: ".") || (48...57).contains(first) else {
            return nil
        }
        if first == UInt8(ascii: "0"), digits.utf8.count > 1 {
            let rest = digits.dropFirst()
            let body = rest.dropFirst()
            let signed = { (part: Substring, radix: Int) -> ManifestNode.Value? in
                Int64(part, radix: radix).map { .integer(negative ? -$0 : $0) }
            }
            switch rest.utf8.first {
            case UInt8(ascii: "x"): return signed(body, 16)
            case UInt8(ascii: "b"): return signed(body, 2)
            case UInt8(ascii: "o"): return signed(body, 8)
            case (48...57)?: if let octal = signed(rest, 8) { return octal }
            default: break
            }
        }
        if digits.utf8.allSatisfy({ (48...57).contains($0) }) {
            if let value = Int64(plain) { return .integer(value) }
        }
        return float(plain, digits: digits)
    }

    /// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
    private static func float(_ text: String, digits: Substring) -> ManifestNode.Value? {
        switch digits {
        case ".inf", ".Inf", ".INF", ".nan", ".NaN", ".NAN": return nil
        default: break
        }
        var sawDigit = false
        for byte in digits.utf8 {
            switch byte {
            case 48...57: sawDigit = true
            case UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"), UInt8(ascii: "+"), UInt8(ascii: "-"): break
            default: return nil
            }
        }
        guard sawDigit, let value = Double(text.hasSuffix(".") ? text + "0" : text), value.isFinite else { return nil }
        return .number(value, text: text)
    }
}
