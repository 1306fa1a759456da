import HawseWire

/// The text of tables as `nft list ruleset` (1.0.6) prints them.
public struct NFTPrinter {
    private var text = ""
    private var family = AddressFamily.ipv4

    public static func text(of tables: [NFTTable]) -> String {
        var printer = NFTPrinter()
        for table in tables { printer.write(table) }
        return printer.text
    }

    private var ip: String { family == .ipv4 ? "ip" : "ip6" }
    private var addressType: String { family == .ipv4 ? "ipv4_addr" : "ipv6_addr" }

    private mutating func line(_ depth: Int, _ content: String) {
        for _ in 0..<depth { text += "\t" }
        text += content
        text += "\n"
    }

    private mutating func write(_ table: NFTTable) {
        family = table.family
        line(0, "table \(ip) \(table.name) {")
        if !table.comment.isEmpty { line(1, "comment \"\(table.comment)\"") }
        var isFirst = true
        for set in table.sets {
            if !isFirst { text += "\n" }
            isFirst = false
            write(set)
        }
        for chain in table.chains {
            if !isFirst { text += "\n" }
            isFirst = false
            write(chain)
        }
        line(0, "}")
    }

    private mutating func write(_ set: NFTSet) {
        line(1, "\(set.isMap ? "map" : "set") \(set.name) {")
        let type = set.fields.map { field in
            switch field {
            case .address: addressType
            case .ipProtocol: "inet_proto"
            case .port: "inet_service"
            }
        }.joined(separator: " . ")
        line(2, "type \(type)\(set.isMap ? " : verdict" : "")")
        if let timeout = set.timeout {
            line(2, "size 65535")
            line(2, "flags dynamic,timeout")
            line(2, "timeout \(GoDuration.nftText(seconds: timeout))")
        }
        if let comment = set.comment { line(2, "comment \"\(comment)\"") }
        if !set.elements.isEmpty { writeElements(of: set) }
        line(1, "}")
    }

    /// Plain IPv4 addresses stand two to a line, everything else alone.
    private mutating func writeElements(of set: NFTSet) {
        let perLine = set.fields == [.address] && family == .ipv4 ? 2 : 1
        text += "\t\telements = { "
        for (index, element) in set.elements.enumerated() {
            if index > 0 { text += index % perLine == 0 ? ",\n\t\t\t     " : ", " }
            text += element.key.map(Self.text).joined(separator: " . ")
            if let comment = element.comment { text += " comment \"\(comment)\"" }
            if let verdict = element.verdict { text += " : \(Self.text(verdict))" }
        }
        text += " }\n"
    }

    private static func text(_ value: NFTValue) -> String {
        switch value {
        case .address(let address): address.description
        case .ipProtocol(let number): number.transportName
        case .port(let port): String(port)
        }
    }

    private static func text(_ verdict: NFTVerdict) -> String {
        switch verdict {
        case .drop: "drop"
        case .jump(let chain): "jump \(chain)"
        case .goto(let chain): "goto \(chain)"
        }
    }

    private mutating func write(_ chain: NFTChain) {
        line(1, "chain \(chain.name) {")
        if let base = chain.base {
            line(2, "type \(base.type) hook \(base.hook) priority \(base.priority); policy accept;")
        }
        if let comment = chain.comment { line(2, "comment \"\(comment)\"") }
        for rule in chain.rules {
            var words = rule.statements.map { text(of: $0) }.joined(separator: " ")
            if let comment = rule.comment { words += " comment \"\(comment)\"" }
            line(2, words)
        }
        line(1, "}")
    }

    private func text(of statement: NFTStatement) -> String {
        switch statement {
        case .prefix(let side, let prefix, let inverted):
            return "\(ip) \(word(side)) \(inverted ? "!= " : "")\(Self.text(prefix))"
        case .prefixes(let side, let prefixes, let inverted):
            return "\(ip) \(word(side)) \(inverted ? "!= " : "")\(NFTIntervals.text(of: prefixes))"
        case .inSet(let selectors, let set): return "\(text(of: selectors)) @\(set)"
        case .inInterface(let name, let inverted): return "iifname \(inverted ? "!= " : "")\"\(name)\""
        case .newConnection: return "ct state new"
        case .translated: return "ct status dnat"
        case .isLocal(let side): return "fib \(word(side)) type local"
        case .ipProtocol(let number): return "meta l4proto \(number.transportName)"
        // The uppermost bit alone is a prefix to nft.
        case .hasMark(1 << 31): return "meta mark != 0x00000000/1"
        case .hasMark(let mark): return "meta mark & \(Self.hex(mark)) != 0x00000000"
        case .setMark(let mark): return "meta mark set meta mark | \(Self.hex(mark))"
        case .flipMark(let mark): return "meta mark set meta mark ^ \(Self.hex(mark))"
        case .lookup(let selectors, let map): return "\(text(of: selectors)) vmap @\(map)"
        case .randomJump(let chains):
            let entries = chains.enumerated().map { "\($0.offset) : goto \($0.element)" }
            return "numgen random mod \(chains.count) vmap { \(entries.joined(separator: ", ")) }"
        case .randomDNAT(let targets):
            let entries = targets.enumerated().map { "\($0.offset) : \($0.element.address) . \($0.element.port)" }
            return "dnat \(ip) to numgen random mod \(targets.count) map { \(entries.joined(separator: ", ")) }"
        case .dnat(let target): return "dnat to \(target.address.description(port: target.port))"
        case .update(let set): return "update @\(set) { \(ip) saddr }"
        case .masquerade: return "masquerade fully-random"
        case .reject: return "reject"
        case .verdict(let verdict): return Self.text(verdict)
        }
    }

    private func word(_ side: NFTStatement.Direction) -> String { side == .source ? "saddr" : "daddr" }

    private func text(of selectors: [NFTStatement.Selector]) -> String {
        selectors.map { selector in
            switch selector {
            case .source: "\(ip) saddr"
            case .destination: "\(ip) daddr"
            case .ipProtocol: "meta l4proto"
            case .destinationPort: "th dport"
            }
        }.joined(separator: " . ")
    }

    static func text(_ prefix: IPPrefix) -> String {
        prefix.length == prefix.family.bitCount ? prefix.address.description : prefix.description
    }

    private static func hex(_ value: UInt32) -> String {
        let digits = String(value, radix: 16)
        return "0x" + String(repeating: "0", count: 8 - digits.count) + digits
    }
}

/// An anonymous interval set: sorted, with overlapping and touching parts made one, as `nft` stores it.
enum NFTIntervals {
    static func text(of prefixes: [IPPrefix]) -> String {
        if prefixes.count == 1 { return NFTPrinter.text(prefixes[0]) }
        let merged = merge(prefixes)
        let parts = merged.flatMap { range -> [String] in
            if range.lowerBound == range.upperBound { return [range.lowerBound.description] }
            if let prefix = prefix(covering: range) { return [NFTPrinter.text(prefix)] }
            return ["\(range.lowerBound)-\(range.upperBound)"]
        }
        return "{ \(parts.joined(separator: ", ")) }"
    }

    static func merge(_ prefixes: [IPPrefix]) -> [ClosedRange<IPAddress>] {
        let ranges = prefixes.map { $0.network.address...$0.last }.sorted { $0.lowerBound < $1.lowerBound }
        var merged: [ClosedRange<IPAddress>] = []
        for range in ranges {
            guard let last = merged.last else {
                merged.append(range)
                continue
            }
            let next = IPAddress(family: last.upperBound.family, bits: last.upperBound.bits.adding(1))
            if range.lowerBound <= last.upperBound || range.lowerBound == next {
                merged[merged.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
            } else {
                merged.append(range)
            }
        }
        return merged
    }

    private static func prefix(covering range: ClosedRange<IPAddress>) -> IPPrefix? {
        let family = range.lowerBound.family
        let difference = range.lowerBound.bits ^ range.upperBound.bits
        let host = ~difference & .mask(prefixLength: family.bitCount, family: family)
        guard let length = host.prefixLength(family: family) else { return nil }
        let prefix = IPPrefix(range.lowerBound, length: length)
        return prefix.network.address == range.lowerBound && prefix.last == range.upperBound ? prefix : nil
    }
}
