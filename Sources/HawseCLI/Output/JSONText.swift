import HawseControl

/// JSON written by hand for streams: one object a line, keys in the order given.
struct JSONObject {
    private(set) var text = "{"

    private mutating func key(_ name: String) {
        if text.utf8.count > 1 { text += "," }
        text += JSONWriter.quoted(name) + ":"
    }

    mutating func set(_ name: String, _ value: String) {
        key(name)
        text += JSONWriter.quoted(value)
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

    static func array(_ values: [String]) -> String { "[" + values.map { JSONWriter.quoted($0) }.joined(separator: ",") + "]" }

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
}
