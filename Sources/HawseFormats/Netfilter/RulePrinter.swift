import HawseModel
import HawseWire

/// One rule as `iptables-save` prints it, without `-A CHAIN`: it begins with a blank unless it is empty.
func ruleText(_ rule: Rule, family: AddressFamily) -> String {
    var out = OptionText()
    if let source = rule.source, !source.isTrivial { out.address("-s", source) }
    if let destination = rule.destination, !destination.isTrivial { out.address("-d", destination) }
    if let interface = rule.inInterface { out.interface("-i", interface) }
    if let interface = rule.outInterface { out.interface("-o", interface) }
    if let ipProtocol = rule.ipProtocol, ipProtocol.number.rawValue != 0 {
        out.raw(ipProtocol.inverted ? " ! -p " : " -p ")
        out.raw(ipProtocol.number.text)
    }
    if let fragment = rule.fragment { out.raw(fragment ? " -f" : " ! -f") }
    for match in rule.matches { writeMatch(match, family: family, to: &out) }
    if let target = rule.target { writeTarget(target, family: family, to: &out) }
    return out.text
}

extension OptionText {
    mutating func address(_ option: String, _ match: AddressMatch) {
        raw(match.inverted ? " ! " : " ")
        raw("\(option) \(match.text)")
    }

    mutating func interface(_ option: String, _ match: InterfaceMatch) {
        // iptables prints nothing for `+` alone.
        guard !match.name.isEmpty else { return }
        raw(match.inverted ? " ! " : " ")
        raw("\(option) \(match.text)")
    }
}

extension InterfaceMatch {
    var text: String { isWildcard ? name + "+" : name }
}

extension Rule {
    /// As `iptables-save` prints it after `-A CHAIN`, without a leading blank.
    public func text(family: AddressFamily) -> String {
        String(ruleText(self, family: family).drop { $0 == " " })
    }
}
