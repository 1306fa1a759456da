/// What some editors put in front of UTF-8 texts.
public let byteOrderMark: [UInt8] = [0xef, 0xbb, 0xbf]

/// A JSON text into a `ManifestNode` with marks. Strict RFC 8259, nesting bounded; nil with a message on damage.
///
/// JSON is YAML too, but the dumps of large clusters are JSON, and reading those directly is far faster.
public struct JSONReader {
    public struct Failure: Error, Sendable, CustomStringConvertible {
        public var mark: SourceMark
        public var reason: String
        public var description: String { "\(mark.line):\(mark.column): \(reason)" }

        public init(mark: SourceMark, reason: String) {
            self.mark = mark
            self.reason = reason
        }
    }

    /// Deeper nesting than this is refused; encoding/json stops at 10,000, and no manifest comes near.
    static let nestingLimit = 512

    private let bytes: UnsafeBufferPointer<UInt8>
    private var at = 0
    private var line: Int
    private var lineStart = 0
    private var depth = 0

    /// `line`: that of the text's first line in its file.
    public static func parse(_ text: String, line: Int = 1) throws(Failure) -> ManifestNode {
        guard let only = try values(text, line: line, atMost: 1).first else { throw Failure(mark: .none, reason: "no value") }
        return only
    }

    /// The values of a text that has several, one behind the other, as Go's decoder takes them.
    public static func stream(_ text: String) throws(Failure) -> [ManifestNode] { try values(text, line: 1, atMost: .max) }

    private static func values(_ text: String, line: Int, atMost limit: Int) throws(Failure) -> [ManifestNode] {
        var copy = text
        var failure: Failure?
        let nodes: [ManifestNode]? = copy.withUTF8 { bytes in
            var reader = JSONReader(bytes: bytes, line: line)
            do throws(Failure) { return try reader.all(atMost: limit) } catch {
                failure = error
                return nil
            }
        }
        if let nodes { return nodes }
        throw failure ?? Failure(mark: .none, reason: "no value")
    }

    private mutating func all(atMost limit: Int) throws(Failure) -> [ManifestNode] {
        if bytes.starts(with: byteOrderMark) { throw fail("a byte order mark (BOM) is no JSON") }
        skipBlank()
        if at == bytes.count { throw Failure(mark: mark, reason: "the text is empty") }
        var nodes: [ManifestNode] = []
        while at < bytes.count {
            if nodes.count == limit { throw fail("text after the value") }
            nodes.append(try value())
            skipBlank()
        }
        return nodes
    }

    private init(bytes: UnsafeBufferPointer<UInt8>, line: Int) {
        self.bytes = bytes
        self.line = line
    }

    private var mark: SourceMark { SourceMark(line: line, column: at - lineStart + 1) }
    private func fail(_ reason: String) -> Failure { Failure(mark: mark, reason: at < bytes.count ? reason : "\(reason), but the text ends here") }
    private var current: UInt8 { at < bytes.count ? bytes[at] : 0 }

    private mutating func skipBlank() {
        while at < bytes.count {
            switch bytes[at] {
            case 10:
                at += 1
                line += 1
                lineStart = at
            case 32, 9, 13: at += 1
            default: return
            }
        }
    }

    private mutating func value() throws(Failure) -> ManifestNode {
        skipBlank()
        let start = mark
        switch current {
        case UInt8(ascii: "{"): return ManifestNode(.map(try object()), mark: start)
        case UInt8(ascii: "["): return ManifestNode(.list(try array()), mark: start)
        case UInt8(ascii: "\""): return ManifestNode(.string(try string()), mark: start)
        case UInt8(ascii: "t"): return ManifestNode(try word("true", .bool(true)), mark: start)
        case UInt8(ascii: "f"): return ManifestNode(try word("false", .bool(false)), mark: start)
        case UInt8(ascii: "n"): return ManifestNode(try word("null", .null), mark: start)
        default: return ManifestNode(try number(), mark: start)
        }
    }

    private mutating func enter() throws(Failure) {
        depth += 1
        if depth > Self.nestingLimit { throw fail("nested deeper than \(Self.nestingLimit)") }
        at += 1
    }

    private mutating func object() throws(Failure) -> [ManifestNode.Entry] {
        try enter()
        defer { depth -= 1 }
        var entries: [ManifestNode.Entry] = []
        skipBlank()
        if current == UInt8(ascii: "}") {
            at += 1
            return entries
        }
        while true {
            skipBlank()
            let keyMark = mark
            guard current == UInt8(ascii: "\"") else { throw fail("a key in quotes is expected") }
            let key = try string()
            skipBlank()
            guard current == UInt8(ascii: ":") else { throw fail("':' is expected after a key") }
            at += 1
            entries.append(.init(key, try value(), mark: keyMark))
            skipBlank()
            switch current {
            case UInt8(ascii: ","): at += 1
            case UInt8(ascii: "}"):
                at += 1
                return entries
            default: throw fail("',' or '}' is expected")
            }
        }
    }

    private mutating func array() throws(Failure) -> [ManifestNode] {
        try enter()
        defer { depth -= 1 }
        var items: [ManifestNode] = []
        skipBlank()
        if current == UInt8(ascii: "]") {
            at += 1
            return items
        }
        while true {
            items.append(try value())
            skipBlank()
            switch current {
            case UInt8(ascii: ","): at += 1
            case UInt8(ascii: "]"):
                at += 1
                return items
            default: throw fail("',' or ']' is expected")
            }
        }
    }

    private mutating func word(_ word: StaticString, _ value: ManifestNode.Value) throws(Failure)
        -> ManifestNode.Value
    {
        let count = word.utf8CodeUnitCount
        guard at + count <= bytes.count, (0..<count).allSatisfy({ bytes[at + $0] == word.utf8Start[$0] })
        else { throw fail("not a JSON value") }
        at += count
        return value
    }

    private mutating func number() throws(Failure) -> ManifestNode.Value {
        let start = at
        var isInteger = true
        while at < bytes.count {
            switch bytes[at] {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "+"): break
            case UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"): isInteger = false
            default:
                return try number(in: start..<at, isInteger: isInteger)
            }
            at += 1
        }
        return try number(in: start..<at, isInteger: isInteger)
    }

    private func number(in range: Range<Int>, isInteger: Bool) throws(Failure) -> ManifestNode.Value {
        let text = String(decoding: bytes[range], as: UTF8.self)
        guard !text.isEmpty, text.first != "+" else { throw fail("not a JSON value") }
        if isInteger, let value = Int64(text) { return .integer(value) }
        guard let value = Double(text) else { throw fail("not a number: \(text)") }
        return .number(value, text: text)
    }

    private mutating func string() throws(Failure) -> String {
        at += 1
        let start = at
        while at < bytes.count, bytes[at] != UInt8(ascii: "\""), bytes[at] != UInt8(ascii: "\\"), bytes[at] >= 32 {
            at += 1
        }
        if at < bytes.count, bytes[at] == UInt8(ascii: "\"") {
            defer { at += 1 }
            return String(decoding: bytes[start..<at], as: UTF8.self)
        }
        return try escapedString(from: start)
    }

    private mutating func escapedString(from start: Int) throws(Failure) -> String {
        var out = Array(bytes[start..<at])
        while at < bytes.count {
            let byte = bytes[at]
            at += 1
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: out, as: UTF8.self)
            case UInt8(ascii: "\\"):
                let escape = current
                at += 1
                switch escape {
                case UInt8(ascii: "n"): out.append(10)
                case UInt8(ascii: "t"): out.append(9)
                case UInt8(ascii: "r"): out.append(13)
                case UInt8(ascii: "b"): out.append(8)
                case UInt8(ascii: "f"): out.append(12)
                case UInt8(ascii: "u"): out.append(contentsOf: Array(String(try unicodeEscape()).utf8))
                case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): out.append(escape)
                default: throw fail("unknown escape")
                }
            case 0..<32: throw fail("control character in a string")
            default: out.append(byte)
            }
        }
        throw Failure(mark: mark, reason: "string without an end")
    }

    private mutating func unicodeEscape() throws(Failure) -> Character {
        let high = try hexadecimal()
        if high >> 10 == 0x36, at + 1 < bytes.count, bytes[at] == UInt8(ascii: "\\"), bytes[at + 1] == UInt8(ascii: "u") {
            at += 2
            let low = try hexadecimal()
            if low >> 10 == 0x37, let scalar = Unicode.Scalar(0x10000 + (high & 0x3ff) << 10 + low & 0x3ff) {
                return Character(scalar)
            }
            return "\u{fffd}"
        }
        return Character(Unicode.Scalar(high) ?? "\u{fffd}")
    }

    private mutating func hexadecimal() throws(Failure) -> UInt32 {
        guard at + 4 <= bytes.count, let value = UInt32(String(decoding: bytes[at..<at + 4], as: UTF8.self), radix: 16)
        else { throw fail("four hexadecimal digits are expected") }
        at += 4
        return value
    }
}
