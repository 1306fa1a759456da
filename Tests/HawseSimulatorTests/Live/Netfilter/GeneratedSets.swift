/// Sets by chance, as `ipset restore` takes them.
struct GeneratedSets {
    struct Name {
        var name: String
        var dimension: Int
        var hasCounters: Bool
    }

    var names: [Name] = []
    var lines: [String] = []
    /// Sets that look at frames.
    var hasMACs = false
    var text: String { lines.isEmpty ? "" : lines.joined(separator: "\n") + "\n" }

    init(_ draw: Draw, _ node: GeneratedNode) {
        guard draw.percent(70) else { return }
        let kinds = [
            "hash:ip", "hash:net", "hash:ip,port", "hash:ip,port,ip", "hash:ip,port,net", "hash:net,port", "hash:net,iface",
            "bitmap:port", "bitmap:ip", "bitmap:ip,mac",
        ]
        for (index, kind) in draw.shuffled(kinds).prefix(1 + draw.below(5)).enumerated() {
            if node.isIPv6, ["bitmap:ip", "bitmap:ip,mac"].contains(kind) { continue }
            if kind.hasSuffix("mac") { hasMACs = true }
            add(kind, "s\(index)", draw, node)
        }
        guard names.count > 1, draw.oneIn(3) else { return }
        lines.append("create list list:set size 8")
        for name in names.prefix(3) { lines.append("add list \(name.name)") }
        names.append(Name(name: "list", dimension: 3, hasCounters: false))
    }

    private mutating func add(_ kind: String, _ name: String, _ draw: Draw, _ node: GeneratedNode) {
        let hasCounters = draw.oneIn(3)
        let hasMarks = draw.oneIn(3)
        let hasComments = draw.oneIn(6)
        var options =
            kind.hasPrefix("hash")
            ? "family \(node.isIPv6 ? "inet6" : "inet") hashsize 64 maxelem 1000 bucketsize 12 initval 0x01020304" : ""
        if kind == "bitmap:port" { options = "range 1-10000" }
        if kind.hasPrefix("bitmap:ip") { options = "range 10.1.0.0/24" }
        if kind == "hash:ip" || kind == "hash:ip,port", draw.oneIn(4) {
            // Not `bitmask`: the tool prints lengths behind it that belong to elements of other sets.
            options += draw.pick(node.isIPv6 ? [" netmask 120", " netmask 47"] : [" netmask 30", " netmask 13"])
        }
        if hasCounters { options += " counters" }
        if hasComments { options += " comment" }
        if hasMarks { options += " skbinfo" }
        lines.append("create \(name) \(kind) \(options)")
        var seen: Set<String> = []
        for _ in 0..<2 + draw.below(6) {
            let element = Self.element(kind, draw, node)
            guard seen.insert(element).inserted else { continue }
            var line = "add \(name) \(element)"
            if kind.contains("net"), draw.oneIn(5) { line += " nomatch" }
            if kind == "hash:net,iface", draw.oneIn(3) { line += " wildcard" }
            if hasMarks, draw.oneIn(2) { line += " skbmark 0x\(1 + draw.below(3))/0xf skbprio 1:\(1 + draw.below(9))" }
            if hasComments, draw.oneIn(2) { line += " comment \"an entry\"" }
            lines.append(line)
        }
        names.append(Name(name: name, dimension: kind.split(separator: ",").count, hasCounters: hasCounters))
    }

    private static func element(_ kind: String, _ draw: Draw, _ node: GeneratedNode) -> String {
        let host = draw.pick(node.hosts).address
        let other = draw.pick(node.hosts).address
        let net = draw.oneIn(2) ? draw.pick(node.networks) : host + (node.isIPv6 ? "/128" : "/32")
        let port = "\(draw.pick(["tcp:", "udp:", "tcp:", "sctp:"]))\(node.port(draw))"
        switch kind {
        case "hash:ip": return host
        case "hash:net": return net
        case "hash:ip,port": return draw.oneIn(8) ? "\(host),\(node.isIPv6 ? "icmpv6:128/0" : "icmp:8/0")" : "\(host),\(port)"
        case "hash:ip,port,ip": return "\(host),\(port),\(other)"
        case "hash:ip,port,net": return "\(host),\(port),\(net)"
        case "hash:net,port": return "\(net),\(port)"
        case "hash:net,iface":
            return "\(net),\(draw.oneIn(5) && node.hasBridge ? "physdev:" : "")\(draw.pick(["eth0", "eth1", "br0", "eth1", "eth", "e"]))"
        case "bitmap:port": return "\(node.port(draw))"
        case "bitmap:ip": return "10.1.0.\(10 + draw.below(5))"
        default:
            return "10.1.0.\(10 + draw.below(5))" + (draw.oneIn(2) ? ",02:00:00:00:0a:0\(["a", "b", "c"][draw.below(3)])" : "")
        }
    }
}
