import HawseModel
import HawseWire

/// One rule of `ip -d -j rule`.
enum RuleDump {
    static func read(_ item: JSONFile, _ family: AddressFamily) throws(FormatError) -> RoutingRule {
        var rule = RoutingRule(family: family, priority: item.numeral("priority") ?? 0, action: .nop)
        rule.isInverted = item.keys.contains("not")
        rule.from = try prefix(item, "src", "srclen")
        rule.to = try prefix(item, "dst", "dstlen")
        if let mark = item.numeral("fwmark") {
            rule.mark = MaskedValue(value: mark, mask: item.numeral("fwmask") ?? .max)
        }
        rule.inInterface = item.string("iif")
        rule.outInterface = item.string("oif")
        rule.tos = item.numeral("tos").flatMap { UInt8(exactly: $0) } ?? 0
        if let word = item.string("ipproto") {
            // `ipproto-6`: as `ip -N` prints it.
            guard let found = IPProtocol(text: word.hasPrefix("ipproto-") ? String(word.dropFirst(8)) : word) else { throw item.error("rule \(rule.priority): `\(word)' is no protocol") }
            rule.ipProtocol = found
        }
        rule.sourcePorts = ports(item, "sport")
        rule.destinationPorts = ports(item, "dport")
        rule.suppressedLength = item.integer("suppress_prefixlen")
        rule.suppressedGroup = item.numeral("suppress_ifgroup")
        for word in ["l3mdev", "uidrange", "tun_id"] where item.keys.contains(word) {
            throw item.error("rule \(rule.priority): `\(word)' is not computed")
        }
        rule.action = try action(item, rule.priority)
        return rule
    }

    private static func action(_ item: JSONFile, _ priority: UInt32) throws(FormatError) -> RoutingRule.Action {
        if let target = item.numeral("goto") { return .goto(priority: target) }
        switch item.string("action") {
        // By name, or by the number of `FR_ACT_*` or `RTN_*` (`ip -N`).
        case "blackhole", "6": return .blackhole
        case "unreachable", "7": return .unreachable
        case "prohibit", "8": return .prohibit
        case "nop", "3": return .nop
        case nil, "to_tbl", "1": break
        case let word?:
            throw FormatError(
                file: item.file, line: 1, message: "rule \(priority): unknown action `\(word)'",
                suggestion: nearestWord(word, among: ["unreachable", "prohibit", "blackhole", "nop"]))
        }
        if item.keys.contains("nop") { return .nop }
        guard let table = try item.table("table") else { throw item.error("rule \(priority) leads to no table") }
        return .lookup(table: table)
    }

    private static func prefix(_ item: JSONFile, _ key: String, _ length: String) throws(FormatError) -> IPPrefix? {
        guard let text = item.string(key), text != "all" else { return nil }
        let address = try item.address(key)
        let bits = item.integer(length) ?? address.family.bitCount
        guard (0...address.family.bitCount).contains(bits) else { throw item.error("\(text) has a prefix length of \(bits)") }
        return bits == 0 ? nil : IPPrefix(address, length: bits)
    }

    private static func ports(_ item: JSONFile, _ key: String) -> ClosedRange<UInt16>? {
        guard let first = (item.numeral(key) ?? item.numeral(key + "_start")).flatMap({ UInt16(exactly: $0) }) else { return nil }
        let last = item.numeral(key + "_end").flatMap { UInt16(exactly: $0) } ?? first
        return first...max(first, last)
    }
}
