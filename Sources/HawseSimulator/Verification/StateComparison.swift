/// Holds a state text (`expect/*`) against the recorded one.
enum StateComparison {
    /// Files whose lines keep their order; all others are compared sorted.
    private static let orderedKinds: Set<String> = ["iptables", "ipvs", "ipvs-list"]

    /// `iptables.v4.2` → kind `iptables`, base `expect/iptables.v4`.
    static func kind(of name: String) -> (kind: String, base: String) {
        let parts = name.split(separator: ".")
        if name.hasPrefix("iptables") { return ("iptables", "expect/" + parts.prefix(2).joined(separator: ".")) }
        return (String(parts[0]), "expect/" + parts[0])
    }

    /// Whether the case declares this file free.
    static func isFree(_ name: String, _ free: [FreeField]) -> Bool {
        let fields = Set(free.map(\.field))
        let (kind, base) = kind(of: name)
        if fields.contains(base) || fields.contains("ipvs-destination") || name == "local-delivery" { return true }
        let ports: Set = ["source-port", "snat-port", "icmp-id", "destination-port", "inner.source-port"]
        return kind == "conntrack" && !fields.isDisjoint(with: ports)
    }

    static func difference(_ name: String, expected: String, produced: String, free: [FreeField]) -> String? {
        let kind = kind(of: name).kind
        if kind == "ipvs-timers" || kind == "ipvs-engine-conns" { return TimerListing(expected).difference(TimerListing(produced)).map { "expect/\(name): \($0)" } }
        var drawn: [String] = []
        if kind == "conntrack" {
            if free.contains(where: { $0.field == "vxlan-source-port" }) { drawn += ["8472", "4789"] }
            if free.contains(where: { $0.field == "udp-source-port" }) { drawn += ["6080", "8848"] }
        }
        func lines(_ text: String) -> [String] {
            var lines: [String] = []
            for raw in text.split(separator: "\n") {
                var line = raw.split { $0 == " " || $0 == "\t" }.joined(separator: " ")
                if line.isEmpty || line.hasPrefix("#") { continue }
                if !drawn.isEmpty { line = hidingTunnelPorts(line, drawn) }
                if kind == "states" { line = hidingExpiry(line) }
                lines.append(line)
            }
            return orderedKinds.contains(kind) || kind == "states" ? lines : lines.sorted()
        }
        let a = lines(expected)
        let b = lines(produced)
        guard a != b else { return nil }
        for i in 0..<max(a.count, b.count) {
            let wanted = i < a.count ? a[i] : "(nothing)"
            let got = i < b.count ? b[i] : "(nothing)"
            if wanted != got { return "expect/\(name) line \(i + 1): expected \(wanted.prefix(300)); produced \(got.prefix(300))" }
        }
        return nil
    }

    /// The outer source ports of VXLAN and GUE are seeded per boot: `sport=X dport=8472` and its reply.
    private static func hidingTunnelPorts(_ line: String, _ tunnels: [String]) -> String {
        var words = line.split(separator: " ").map(String.init)
        for i in 0..<max(0, words.count - 1) {
            guard words[i].hasPrefix("sport="), words[i + 1].hasPrefix("dport=") else { continue }
            if tunnels.contains(String(words[i + 1].dropFirst(6))) {
                words[i] = "sport=X"
            } else if tunnels.contains(String(words[i].dropFirst(6))) {
                words[i + 1] = "dport=X"
            }
        }
        return words.joined(separator: " ")
    }

    /// Timers of the kernel's wheel are late by up to their granularity: `expires=mm:ss` is not compared.
    private static func hidingExpiry(_ line: String) -> String {
        var result = ""
        var rest = line[...]
        while let mark = rest.firstRange(of: " expires=") {
            result += rest[..<mark.lowerBound]
            rest = rest[mark.upperBound...].drop { $0 != "\"" && $0 != " " && $0 != "," }
        }
        return result + rest
    }
}
