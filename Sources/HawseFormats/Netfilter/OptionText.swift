import HawseModel
import HawseWire

/// Canonical option text under construction: every item brings the blank before it, as in iptables' `save` functions.
struct OptionText {
    var text = ""

    mutating func raw(_ item: String) { text += item }

    mutating func flag(_ option: String, inverted: Bool = false) {
        text += inverted ? " ! --" : " --"
        text += option
    }

    mutating func option(_ option: String, _ value: some CustomStringConvertible, inverted: Bool = false) {
        flag(option, inverted: inverted)
        text += " "
        text += value.description
    }

    /// `80` or `80:90`; nothing for the full range.
    mutating func range<V: FixedWidthInteger>(
        _ option: String, _ range: ValueRange<V>?, full: ClosedRange<V> = V.min...V.max
    ) {
        guard let range, range.lower != full.lowerBound || range.upper != full.upperBound else { return }
        let value = range.lower == range.upper ? "\(range.lower)" : "\(range.lower):\(range.upper)"
        self.option(option, value, inverted: range.inverted)
    }

    /// `80` or `80:90`, the full range too.
    mutating func givenRange<V: FixedWidthInteger>(_ option: String, _ range: ValueRange<V>?) {
        guard let range else { return }
        let value = range.lower == range.upper ? "\(range.lower)" : "\(range.lower):\(range.upper)"
        self.option(option, value, inverted: range.inverted)
    }

    /// `0x1` or `0x1/0xff`; a value that has a name by that.
    mutating func masked(_ option: String, _ mark: MaskedValue, names: [UInt32: String] = [:]) {
        if mark.mask == .max, let name = names[mark.value] { return self.option(option, name, inverted: mark.inverted) }
        self.option(option, markText(mark.value, mark.mask), inverted: mark.inverted)
    }

    /// `xtables_save_string`: bare when every character is harmless, else quoted.
    mutating func string(_ value: String) {
        text += " "
        text += quotedIfNeeded(value)
    }
}

/// `value` or `value/mask`, hexadecimal; the mask is left out when it is all ones.
func markText(_ value: UInt32, _ mask: UInt32) -> String {
    mask == .max ? hexText(value) : "\(hexText(value))/\(hexText(mask))"
}

func quotedIfNeeded(_ value: String) -> String {
    let isSafe = value.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
    if isSafe, !value.isEmpty { return value }
    var out = "\""
    for scalar in value.unicodeScalars {
        if scalar == "\"" || scalar == "\\" || scalar == "'" { out += "\\" }
        out.unicodeScalars.append(scalar)
    }
    return out + "\""
}
