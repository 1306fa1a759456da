import HawseModel
import HawseWire

/// `ip rule add …` lines; `-4` or `-6` in front tells the family where no address does.
public enum RoutingRuleText {
    private static let words = [
        "from", "to", "fwmark", "iif", "oif", "dev", "lookup", "table", "priority", "preference", "tos",
        "dsfield", "not", "ipproto", "sport", "dport", "suppress_prefixlength", "suppress_ifgroup", "sup_pl", "sup_group",
        "type",
        "unreachable", "prohibit", "blackhole", "goto", "nop",
    ]

    public static func parse(
        _ line: String, family: AddressFamily? = nil, at location: SourceLocation = SourceLocation(file: "rule", line: 1, column: 1)
    ) throws(FormatError) -> RoutingRule {
        var words = try IPRouteWords(line, at: location)
        let family = words.accept("-6") ? .ipv6 : words.accept("-4") ? .ipv4 : family
        var rule = RoutingRule(family: family, priority: 0, action: .nop)
        while let word = words.take() {
            switch word {
            case "not": rule.isInverted = true
            case "from": rule.from = try words.prefix(word, family: family)
            case "to": rule.to = try words.prefix(word, family: family)
            case "fwmark": rule.mark = try mark(&words)
            case "iif", "dev": rule.inInterface = try words.argument(of: word)
            case "oif": rule.outInterface = try words.argument(of: word)
            case "priority", "preference", "pref", "prio", "order": rule.priority = try words.number(word)
            case "tos", "dsfield": rule.tos = try words.serviceType(word)
            case "ipproto": rule.ipProtocol = try ipProtocol(&words)
            case "sport": rule.sourcePorts = try ports(word, &words)
            case "dport": rule.destinationPorts = try ports(word, &words)
            case "suppress_prefixlength", "sup_pl":
                rule.suppressedLength = Int(try words.number(word, UInt8.self))
            case "suppress_ifgroup", "sup_group": rule.suppressedGroup = try words.number(word)
            case "lookup", "table": rule.action = .lookup(table: try table(word, &words))
            case "type": continue
            case "unreachable": rule.action = .unreachable
            case "prohibit": rule.action = .prohibit
            case "blackhole": rule.action = .blackhole
            case "goto": rule.action = .goto(priority: try words.number(word))
            case "nop": rule.action = .nop
            default: throw words.unknown(word, self.words)
            }
        }
        for prefix in [rule.from, rule.to] where prefix.map({ $0.length > 0 }) ?? false {
            rule.family = rule.family ?? prefix?.family
        }
        if let from = rule.from, from.length == 0 { rule.from = nil }
        if let to = rule.to, to.length == 0 { rule.to = nil }
        return rule
    }

    private static func table(_ word: String, _ words: inout IPRouteWords) throws(FormatError) -> UInt32 {
        let names: [String: UInt32] = ["main": 254, "local": 255, "default": 253]
        if let name = words.peek, let number = names[name] {
            _ = words.take()
            return number
        }
        return try words.number(word)
    }

    private static func ipProtocol(_ words: inout IPRouteWords) throws(FormatError) -> IPProtocol {
        let text = try words.argument(of: "ipproto")
        guard let found = IPProtocol(text: text) else {
            throw words.error("`\(text)' is no protocol", suggestion: nearestWord(text, among: IPProtocol.knownNames))
        }
        return found
    }

    /// `80` or `1000-2000`.
    private static func ports(_ word: String, _ words: inout IPRouteWords) throws(FormatError) -> ClosedRange<UInt16> {
        let text = try words.argument(of: word)
        let ends = text.split(separator: "-", maxSplits: 1).map { UInt16($0) }
        guard let first = ends.first ?? nil, let last = ends.last ?? nil, first > 0, first <= last else {
            throw words.error("`\(text)' is no port or range of ports for `\(word)'")
        }
        return first...last
    }

    private static func mark(_ words: inout IPRouteWords) throws(FormatError) -> MaskedValue {
        let text = try words.argument(of: "fwmark")
        let parts = text.split(separator: "/", maxSplits: 1).map { part in
            part.hasPrefix("0x") ? UInt32(part.dropFirst(2), radix: 16) : UInt32(part)
        }
        guard let first = parts.first, let value = first else { throw words.error("`\(text)' is no mark") }
        guard parts.count == 2 else { return MaskedValue(value: value) }
        guard let mask = parts[1] else { throw words.error("`\(text)' has no mask that is a number") }
        return MaskedValue(value: value, mask: mask)
    }

    /// Adds a rule the way `ip rule add` does: without a priority it goes one before the lowest one above 0.
    public static func add(_ rule: RoutingRule, to rules: inout [RoutingRule]) {
        var rule = rule
        if rule.priority == 0 {
            let first = rules.filter { $0.priority > 0 && ($0.family == nil || $0.family == rule.family) }
                .map(\.priority).min()
            rule.priority = (first ?? 32766) - 1
        }
        let index = rules.firstIndex { $0.priority > rule.priority } ?? rules.endIndex
        rules.insert(rule, at: index)
    }
}
