/// Virtual services by chance, as ipvsadm's commands, and the changes that happen to them.
struct GeneratedServices {
    struct Service {
        /// `tcp`, `udp`, `sctp`, or `nil` for a firewall mark.
        var ipProtocol: String?
        var address: String
        var port: UInt16
        var mark: Int
        /// Behind `-A`.
        var words: String
        var servers: [Server] = []
        var isRandom: Bool { words.contains("-s twos") }
    }

    struct Server {
        var address: String
        var port: UInt16
        /// Forwarding, weight and thresholds.
        var words: String
    }

    private let director: GeneratedDirector
    var services: [Service] = []
    /// Servers that have been deleted: they may return.
    private var deleted: [(service: String, server: Server)] = []
    private static let ports: [UInt16] = [80, 443, 53, 8080, 1000]
    private static let schedulers = [
        "rr", "rr", "wrr", "wrr", "lc", "wlc", "wlc", "lblc", "lblcr", "dh", "sh", "sh", "sed", "nq", "fo", "ovf", "mh", "mh", "twos",
    ]

    init(_ draw: Draw, _ director: GeneratedDirector) {
        self.director = director
        for _ in 0..<draw.between(1...4) { add(service(draw)) }
        for index in services.indices {
            let most = services[index].isRandom ? 1 : draw.pick([1, 2, 3, 3, 4, 5, 6])
            for _ in 0..<most { addServer(draw, to: index) }
        }
    }

    /// The commands that make what there is now.
    var lines: [String] {
        services.flatMap { service in
            ["-A \(name(service)) \(service.words)"] + service.servers.map { line("-a", service, $0) }
        }
    }

    private func bracketed(_ address: String) -> String { address.contains(":") ? "[\(address)]" : address }

    func name(_ service: Service) -> String {
        guard let ipProtocol = service.ipProtocol else { return "-f \(service.mark)" + (director.isIPv6 ? " -6" : "") }
        let option = ["tcp": "-t", "udp": "-u", "sctp": "--sctp-service"][ipProtocol] ?? "-t"
        return "\(option) \(bracketed(service.address)):\(service.port)"
    }

    private func line(_ command: String, _ service: Service, _ server: Server) -> String {
        let text = "\(command) \(name(service)) -r \(bracketed(server.address)):\(server.port)"
        return command == "-d" ? text : text + " " + server.words
    }

    // MARK: what is drawn

    private mutating func add(_ service: Service) {
        if services.contains(where: { name($0) == name(service) }) { return }
        services.append(service)
    }

    private func service(_ draw: Draw) -> Service {
        let kind: String? = draw.pick(["tcp", "tcp", "tcp", "tcp", "udp", "udp", "udp", "sctp", nil])
        var service = Service(
            ipProtocol: kind, address: draw.oneIn(8) ? draw.pick(director.locals) : draw.pick(director.virtuals),
            port: kind == nil ? 0 : draw.pick(Self.ports), mark: kind == nil ? 5 : 0, words: "")
        let isAnyPort = kind != nil && draw.oneIn(10)
        if isAnyPort { service.port = 0 }
        service.words = serviceWords(draw, kind, isPersistent: isAnyPort || draw.percent(25))
        return service
    }

    private func serviceWords(_ draw: Draw, _ kind: String?, isPersistent: Bool) -> String {
        let scheduler = draw.pick(Self.schedulers)
        var words = "-s \(scheduler)"
        if isPersistent {
            words += " -p \(draw.pick([60, 120, 360, 3600]))"
            if draw.oneIn(3) { words += " -M " + (director.isIPv6 ? draw.pick(["64", "48", "120"]) : draw.pick(["255.255.255.0", "255.255.0.0", "255.255.255.252"])) }
        }
        if kind == "udp" || kind == nil, draw.oneIn(6) { words += " -o" }
        if ["sh", "mh"].contains(scheduler), draw.oneIn(2) {
            words += " -b " + draw.pick(["\(scheduler)-fallback", "\(scheduler)-port", "\(scheduler)-fallback,\(scheduler)-port"])
        }
        return words
    }

    private mutating func addServer(_ draw: Draw, to index: Int) {
        let service = services[index]
        var server = Server(address: draw.pick(director.servers), port: service.port, words: "")
        if draw.oneIn(12) { server.address = draw.pick(director.locals) }
        let forwarding = forwardingWords(draw, &server)
        if forwarding == "-m", service.port != 0, draw.oneIn(2) { server.port = draw.pick([8080, 9000, 53]) }
        server.words = forwarding + " " + loadWords(draw)
        if service.servers.contains(where: { $0.address == server.address && $0.port == server.port }) { return }
        services[index].servers.append(server)
    }

    private func forwardingWords(_ draw: Draw, _ server: inout Server) -> String {
        let words = draw.pick([
            "-m", "-m", "-m", "-m", "-m", "-m", "-g", "-g", "-i", "-i", "-i --tun-type gue --tun-port 6080",
            "-i --tun-type gre",
        ])
        guard words.hasPrefix("-i") else { return words }
        if director.isAlone, draw.oneIn(5) {
            server.address = draw.pick(director.isIPv6 ? GeneratedDirector.servers4 : GeneratedDirector.servers6)
        }
        if words.contains("gue"), draw.oneIn(2) { return words + draw.pick([" --tun-csum", " --tun-nocsum", " --tun-remcsum"]) }
        if words.contains("gre"), draw.oneIn(2) { return words + draw.pick([" --tun-csum", " --tun-nocsum"]) }
        return words
    }

    private func loadWords(_ draw: Draw) -> String {
        var words = "-w \(draw.pick([1, 1, 1, 2, 3, 5, 10, 100, 0]))"
        if draw.oneIn(8) {
            let upper = draw.between(1...6)
            words += " -x \(upper)" + (draw.oneIn(2) ? " -y \(draw.below(upper))" : "")
        }
        return words
    }

    // MARK: changes

    /// A change that ipvsadm takes, as its commands; empty when there is none to make.
    mutating func change(_ draw: Draw) -> [String] {
        if services.isEmpty || draw.oneIn(12) {
            let new = service(draw)
            if services.contains(where: { name($0) == name(new) }) { return [] }
            services.append(new)
            let index = services.count - 1
            for _ in 0..<(new.isRandom ? 1 : draw.between(1...3)) { addServer(draw, to: index) }
            return ["-A \(name(new)) \(new.words)"] + services[index].servers.map { line("-a", new, $0) }
        }
        if draw.oneIn(16) { return ["--set \(draw.pick([0, 20, 900])) \(draw.pick([0, 5, 120])) \(draw.pick([0, 3, 300]))"] }
        let index = draw.below(services.count)
        if draw.oneIn(16) { return [draw.oneIn(2) ? "-Z" : "-Z \(name(services[index]))"] }
        switch draw.below(12) {
        case 0:
            let service = services.remove(at: index)
            return ["-D \(name(service))"]
        case 1, 2:
            guard !services[index].isRandom else { return [] }
            var words = serviceWords(draw, services[index].ipProtocol, isPersistent: services[index].port == 0 && services[index].ipProtocol != nil || draw.percent(25))
            if words.contains("-s twos") { words = words.replacing("-s twos", with: "-s wrr") }
            services[index].words = words
            return ["-E \(name(services[index])) \(words)"]
        case 3, 4, 5: return editServer(draw, index)
        case 6, 7, 8: return deleteServer(draw, index)
        default: return returnServer(draw, index)
        }
    }

    private mutating func editServer(_ draw: Draw, _ index: Int) -> [String] {
        guard !services[index].servers.isEmpty else { return [] }
        let at = draw.below(services[index].servers.count)
        var server = services[index].servers[at]
        var words = String(server.words.prefix { $0 != "w" }.dropLast()).trimmingBlanks
        if draw.oneIn(6), server.address.contains(":") == director.isIPv6 {
            var other = server
            words = forwardingWords(draw, &other)
            if words.hasPrefix("-m") == false, server.port != services[index].port { words = "-m" }
            if other.address != server.address { words = "-i" }
        }
        server.words = words + " " + loadWords(draw)
        services[index].servers[at] = server
        return [line("-e", services[index], server)]
    }

    private mutating func deleteServer(_ draw: Draw, _ index: Int) -> [String] {
        guard !services[index].servers.isEmpty else { return [] }
        let server = services[index].servers.remove(at: draw.below(services[index].servers.count))
        deleted.append((name(services[index]), server))
        return [line("-d", services[index], server)]
    }

    private mutating func returnServer(_ draw: Draw, _ index: Int) -> [String] {
        guard !services[index].isRandom || services[index].servers.isEmpty else { return [] }
        let service = services[index]
        if draw.percent(60), let old = deleted.last(where: { $0.service == name(service) })?.server,
            !service.servers.contains(where: { $0.address == old.address && $0.port == old.port })
        {
            services[index].servers.append(old)
            return [line("-a", service, old)]
        }
        let count = service.servers.count
        addServer(draw, to: index)
        return services[index].servers.count > count ? [line("-a", service, services[index].servers[count])] : []
    }
}

extension String {
    fileprivate var trimmingBlanks: String { split(separator: " ").joined(separator: " ") }
}
