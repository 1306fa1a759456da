/// What Go's `encoding/json` says of a text that is to be an object: its scanner byte by byte, whose words the API server
/// hands on where it decodes a user's text.
struct GoJSONSyntax {
    /// The first fault of a text, nil where it is an object (or null) without one.
    static func fault(_ bytes: [UInt8]) -> String? {
        var scanner = GoJSONSyntax()
        for byte in bytes {
            scanner.step(byte)
            if let fault = scanner.fault { return fault }
        }
        // A literal or a number that the text cuts off is told apart by one more blank.
        if !scanner.isDone { scanner.step(UInt8(ascii: " ")) }
        if let fault = scanner.fault { return fault }
        if !scanner.isDone { return "unexpected end of JSON input" }
        return misfit(bytes) ?? scanner.overflow
    }

    /// A whole JSON value that is no object.
    private static func misfit(_ bytes: [UInt8]) -> String? {
        let kind: String
        switch bytes.first(where: { !isBlank($0) }) {
        case UInt8(ascii: "["): kind = "array"
        case UInt8(ascii: "\""): kind = "string"
        case UInt8(ascii: "t"), UInt8(ascii: "f"): kind = "bool"
        case UInt8(ascii: "{"), UInt8(ascii: "n"): return nil
        default: kind = "number"
        }
        return "json: cannot unmarshal \(kind) into Go value of type map[string]interface {}"
    }

    private enum State {
        case value, valueOrEnd, key, keyOrEnd, afterValue, afterTop
        case string, escape
        /// Hexadecimal digits still to come.
        case unicode(Int)
        case minus, zero, digits, point, fraction, exponent, exponentSign, exponentDigits
        case literal(StaticString, Int)
    }

    private enum Place { case objectKey, objectValue, arrayValue }

    private var state = State.value
    private var places: [Place] = []
    private var number: [UInt8] = []
    private(set) var fault: String?
    private var overflow: String?

    private var isDone: Bool {
        if case .afterTop = state { return true }
        return false
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 32 || byte == 9 || byte == 10 || byte == 13 }
    private static func isDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) }

    private mutating func fail(_ byte: UInt8, _ context: String) {
        fault = "invalid character \(Self.quoted(byte)) \(context)"
    }

    /// A byte in single quotes, as `strconv.Quote` has a rune.
    private static func quoted(_ byte: UInt8) -> String {
        func padded(_ count: Int) -> String {
            let digits = String(byte, radix: 16)
            return String(repeating: "0", count: count - digits.count) + digits
        }
        switch byte {
        case UInt8(ascii: "'"): return "'\\''"
        case UInt8(ascii: "\\"): return "'\\\\'"
        case 7: return "'\\a'"
        case 8: return "'\\b'"
        case 9: return "'\\t'"
        case 10: return "'\\n'"
        case 11: return "'\\v'"
        case 12: return "'\\f'"
        case 13: return "'\\r'"
        case 0..<32, 127: return "'\\x\(padded(2))'"
        case 128...160, 173: return "'\\u\(padded(4))'"
        default: return "'\(Unicode.Scalar(byte))'"
        }
    }

    private mutating func step(_ byte: UInt8) {
        switch state {
        case .value: beginValue(byte)
        case .valueOrEnd: byte == UInt8(ascii: "]") ? endValue(byte) : beginValue(byte)
        case .keyOrEnd where byte == UInt8(ascii: "}"):
            places[places.count - 1] = .objectValue
            endValue(byte)
        case .key, .keyOrEnd:
            if Self.isBlank(byte) { return }
            guard byte == UInt8(ascii: "\"") else { return fail(byte, "looking for beginning of object key string") }
            state = .string
        case .afterValue: endValue(byte)
        case .afterTop: if !Self.isBlank(byte) { fail(byte, "after top-level value") }
        case .string: inString(byte)
        case .escape: escaped(byte)
        case .unicode(let left):
            guard Self.isDigit(byte) || (65...70).contains(byte) || (97...102).contains(byte) else {
                return fail(byte, "in \\u hexadecimal character escape")
            }
            state = left > 1 ? .unicode(left - 1) : .string
        case .literal(let word, let at):
            let expected = word.utf8Start[at]
            guard byte == expected else {
                return fail(byte, "in literal \(word) (expecting '\(Unicode.Scalar(expected))')")
            }
            state = at + 1 == word.utf8CodeUnitCount ? .afterValue : .literal(word, at + 1)
        default: inNumber(byte)
        }
    }

    private mutating func beginValue(_ byte: UInt8) {
        if Self.isBlank(byte) { return }
        switch byte {
        case UInt8(ascii: "{"): open(.objectKey, .keyOrEnd)
        case UInt8(ascii: "["): open(.arrayValue, .valueOrEnd)
        case UInt8(ascii: "\""): state = .string
        case UInt8(ascii: "-"): (state, number) = (.minus, [byte])
        case UInt8(ascii: "0"): (state, number) = (.zero, [byte])
        case UInt8(ascii: "1")...UInt8(ascii: "9"): (state, number) = (.digits, [byte])
        case UInt8(ascii: "t"): state = .literal("true", 1)
        case UInt8(ascii: "f"): state = .literal("false", 1)
        case UInt8(ascii: "n"): state = .literal("null", 1)
        default: fail(byte, "looking for beginning of value")
        }
    }

    private mutating func open(_ place: Place, _ next: State) {
        places.append(place)
        state = next
        if places.count > 10_000 { fault = "exceeded max depth" }
    }

    private mutating func inString(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""): state = .afterValue
        case UInt8(ascii: "\\"): state = .escape
        case 0..<32: fail(byte, "in string literal")
        default: break
        }
    }

    private mutating func escaped(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "u"): state = .unicode(4)
        case UInt8(ascii: "b"), UInt8(ascii: "f"), UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"),
            UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "\""):
            state = .string
        default: fail(byte, "in string escape code")
        }
    }

    private mutating func inNumber(_ byte: UInt8) {
        let isDigit = Self.isDigit(byte)
        let isExponent = byte == UInt8(ascii: "e") || byte == UInt8(ascii: "E")
        switch state {
        case .minus:
            guard isDigit else { return fail(byte, "in numeric literal") }
            state = byte == UInt8(ascii: "0") ? .zero : .digits
        case .digits where isDigit: break
        case .zero, .digits:
            if byte == UInt8(ascii: ".") { state = .point } else if isExponent { state = .exponent } else { return endNumber(byte) }
        case .point:
            guard isDigit else { return fail(byte, "after decimal point in numeric literal") }
            state = .fraction
        case .fraction where isDigit: break
        case .fraction:
            guard isExponent else { return endNumber(byte) }
            state = .exponent
        case .exponent where byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-"): state = .exponentSign
        case .exponent, .exponentSign:
            guard isDigit else { return fail(byte, "in exponent of numeric literal") }
            state = .exponentDigits
        default: if !isDigit { return endNumber(byte) }
        }
        number.append(byte)
    }

    private mutating func endNumber(_ byte: UInt8) {
        let text = String(decoding: number, as: UTF8.self)
        if overflow == nil, Double(text)?.isInfinite == true {
            overflow = "json: cannot unmarshal number \(text) into Go value of type float64"
        }
        endValue(byte)
    }

    /// The byte behind a value, or the one that closes an empty object or array.
    private mutating func endValue(_ byte: UInt8) {
        guard let place = places.last else {
            state = .afterTop
            return step(byte)
        }
        state = .afterValue
        if Self.isBlank(byte) { return }
        switch (place, byte) {
        case (.objectKey, UInt8(ascii: ":")):
            places[places.count - 1] = .objectValue
            state = .value
        case (.objectKey, _): fail(byte, "after object key")
        case (.objectValue, UInt8(ascii: ",")):
            places[places.count - 1] = .objectKey
            state = .key
        case (.objectValue, UInt8(ascii: "}")), (.arrayValue, UInt8(ascii: "]")): close()
        case (.objectValue, _): fail(byte, "after object key:value pair")
        case (.arrayValue, UInt8(ascii: ",")): state = .value
        case (.arrayValue, _): fail(byte, "after array element")
        }
    }

    private mutating func close() {
        places.removeLast()
        state = places.isEmpty ? .afterTop : .afterValue
    }
}
