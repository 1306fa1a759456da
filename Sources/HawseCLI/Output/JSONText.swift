/// JSON written by hand for streams: one object a line, keys in the order given.
struct JSONObject {
    private(set) var text = "{"

    private mutating func key(_ name: String) {
        if text.utf8.count > 1 { text += "," }
        text += JSONObject.quoted(name) + ":"
    }

    mutating func set(_ name: String, _ value: String) {
        key(name)
        text += JSONObject.quoted(value)
    }

    mutating func set(_ name: String, _ value: some BinaryInteger) {
        key(name)
        text += String(value)
    }

    mutating func set(_ name: String, _ value: Bool) {
        key(name)
        text += value ? "true" : "false"
    }

    /// `fractionDigits` after the point, never an exponent.
    mutating func set(_ name: String, _ value: Double, fractionDigits: Int = 3) {
        key(name)
        text += JSONObject.number(value, fractionDigits: fractionDigits)
    }

    /// A value that is JSON already.
    mutating func set(_ name: String, raw value: String) {
        key(name)
        text += value
    }

    var line: String { text + "}" }

    static func array(_ values: [String]) -> String { "[" + values.map(quoted).joined(separator: ",") + "]" }

    static func number(_ value: Double, fractionDigits: Int) -> String {
        guard value.isFinite else { return "null" }
        var scale = 1.0
        for _ in 0..<fractionDigits { scale *= 10 }
        let scaled = (abs(value) * scale).rounded()
        guard scaled < 9e15 else { return "\(value)" }
        let whole = Int64(scaled)
        let divisor = Int64(scale)
        let fraction = String(whole % divisor)
        let sign = value < 0 && whole != 0 ? "-" : ""
        guard fractionDigits > 0 else { return sign + String(whole) }
        return sign + "\(whole / divisor)." + String(repeating: "0", count: fractionDigits - fraction.count) + fraction
    }

    static func quoted(_ text: String) -> String {
        var out = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": out += "\\\""
            case "\\": out += "\\\\"
            case "\n": out += "\\n"
            case "\r": out += "\\r"
            case "\t": out += "\\t"
            default:
                if scalar.value < 0x20 {
                    let hex = String(scalar.value, radix: 16)
                    out += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
                } else {
                    out.unicodeScalars.append(scalar)
                }
            }
        }
        return out + "\""
    }
}
