/// Rules around virtual servers by chance: marks for services, masquerading as kube-proxy does it, the match `ipvs`.
struct GeneratedDirectorRules {
    private let draw: Draw
    private let director: GeneratedDirector
    private let services: GeneratedServices
    /// Whether connections are translated by netfilter too.
    private(set) var hasNAT = false
    private(set) var text = ""

    init(_ draw: Draw, _ director: GeneratedDirector, _ services: GeneratedServices) {
        (self.draw, self.director, self.services) = (draw, director, services)
        var mangle = marks()
        var nat: [String] = []
        var filter: [String] = []
        if draw.percent(55) {
            if draw.percent(60) { nat = masquerading() }
            for _ in 0..<draw.below(5) { filter.append("-A \(draw.pick(["INPUT", "FORWARD", "OUTPUT"])) \(match())") }
            for _ in 0..<draw.below(3) { mangle.append("-A \(draw.pick(Self.mangleChains)) \(match())") }
            if draw.oneIn(4) { filter.append("-A FORWARD -m conntrack --ctstate INVALID -j DROP") }
        }
        hasNAT = !nat.isEmpty
        text =
            table("mangle", Self.mangleChains, mangle)
            + table("nat", ["PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"], nat)
            + table("filter", ["INPUT", "FORWARD", "OUTPUT"], filter)
    }

    private static let mangleChains = ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"]

    private func table(_ name: String, _ chains: [String], _ rules: [String]) -> String {
        guard !rules.isEmpty else { return "" }
        return (["*" + name] + chains.map { ":\($0) ACCEPT [0:0]" } + rules + ["COMMIT"]).map { $0 + "\n" }.joined()
    }

    private func marks() -> [String] {
        guard services.services.contains(where: { $0.ipProtocol == nil }) else { return [] }
        var rules = ["-A PREROUTING -d \(director.markedNetwork) -j MARK --set-mark 5"]
        if draw.oneIn(3) { rules.append("-A PREROUTING -d \(director.virtuals[0]) -p tcp -m tcp --dport 443 -j MARK --set-mark 5") }
        if draw.oneIn(3) { rules.append("-A OUTPUT -d \(director.markedNetwork) -j MARK --set-mark 5") }
        return rules
    }

    private func masquerading() -> [String] {
        var rules: [String] = []
        if draw.percent(60) {
            let source = director.isIPv6 ? "2001:db8:2::/64" : "10.1.0.0/24"
            for chain in ["PREROUTING", "OUTPUT"] {
                rules.append(
                    "-A \(chain)\(draw.oneIn(2) ? " ! -s \(source)" : "") -d \(draw.pick(director.virtuals)) -j MARK --set-xmark 0x4000/0x4000")
            }
            rules += [
                "-A POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN", "-A POSTROUTING -j MARK --set-xmark 0x4000/0x0",
                "-A POSTROUTING -j MASQUERADE",
            ]
        } else {
            rules.append("-A POSTROUTING \(ipvs()) -j MASQUERADE")
        }
        if draw.oneIn(4), let service = services.services.first(where: { $0.ipProtocol == "tcp" || $0.ipProtocol == "udp" }),
            let ipProtocol = service.ipProtocol, service.port != 0
        {
            // A port of the node that leads to the service.
            let address = director.isIPv6 ? "[\(service.address)]" : service.address
            rules.insert(
                "-A PREROUTING -d \(director.locals[0]) -p \(ipProtocol) -m \(ipProtocol) --dport 30080 -j DNAT --to-destination \(address):\(service.port)",
                at: 0)
        }
        return rules
    }

    private func match() -> String {
        switch draw.below(4) {
        case 0: "-m conntrack --ctstate \(draw.pick(["NEW", "ESTABLISHED", "RELATED", "INVALID", "UNTRACKED", "DNAT", "SNAT"]))"
        case 1: "-m mark --mark \(draw.pick(["0x5", "0x4000/0x4000"]))"
        default: ipvs()
        }
    }

    private func ipvs() -> String {
        let service = draw.pick(services.services)
        var words = "-m ipvs"
        let length = director.isIPv6 ? "/128" : "/32"
        // Alone, with nothing else.
        if draw.oneIn(4) { return "-m ipvs \(draw.not)--ipvs" }
        if draw.oneIn(3) { words += " \(draw.not)--vaddr \(service.address)\(length)" }
        if draw.oneIn(4) { words += " \(draw.not)--vport \(service.port)" }
        if draw.oneIn(3) { words += " --vdir \(draw.pick(["ORIGINAL", "REPLY"]))" }
        if draw.oneIn(4) { words += " \(draw.not)--vproto \(draw.pick(["6", "17"]))" }
        if draw.oneIn(4) { words += " \(draw.not)--vmethod \(draw.pick(["MASQ", "GATE", "IPIP"]))" }
        return words == "-m ipvs" ? "-m ipvs --ipvs" : words
    }
}
