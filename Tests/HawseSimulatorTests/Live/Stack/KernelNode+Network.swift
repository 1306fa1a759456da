import Foundation

/// What the kernel's node knows of its network, in the lines of `expect/neigh`, `expect/fdb` and `expect/routes`.
extension KernelNode {
    private struct NeighborLine: Decodable {
        var dst: String
        var dev: String
        var lladdr: String?
        var state: [String]
    }

    private struct RouteLine: Decodable {
        var type: String?
        var gateway: String?
        var via: Via?
        var dev: String?
        var prefsrc: String?

        struct Via: Decodable { var host: String }
    }

    private func decode<Lines: Decodable>(_ words: [String]) throws -> Lines {
        let text = try LiveNamespaces.run(LiveNamespaces.ip, ["-n", router, "-j"] + words)
        return try JSONDecoder().decode(Lines.self, from: Data(text.utf8))
    }

    private static func text(_ lines: [String]) -> String { lines.sorted().map { $0 + "\n" }.joined() }

    /// `ip neigh show` of both families.
    func neighbours() throws -> String {
        let lines: [NeighborLine] = try decode(["-4", "neigh", "show"]) + decode(["-6", "neigh", "show"])
        return Self.text(
            lines.filter { $0.state != ["NOARP"] }.map { line in
                let mac = line.lladdr.map { " lladdr \($0)" } ?? ""
                return "\(line.dst) dev \(line.dev)\(mac) \(line.state.joined())"
            })
    }

    /// `bridge fdb show`, what was learnt.
    func learnedAddresses() throws -> String {
        let text = try LiveNamespaces.run(LiveNamespaces.bridge, ["-n", router, "fdb", "show"])
        return Self.text(
            text.split(separator: "\n").compactMap { line in
                let words = line.split(separator: " ").map(String.init)
                guard words.count >= 5, !words.contains("permanent"), !words.contains("static") else { return nil }
                if let place = words.firstIndex(of: "master") { return "\(words[0]) dev \(words[2]) master \(words[place + 1])" }
                guard words.contains("self"), let place = words.firstIndex(of: "dst") else { return nil }
                return "\(words[0]) dev \(words[2]) dst \(words[place + 1])"
            })
    }

    /// `ip route get` for each question.
    func routes(_ questions: [String]) -> String {
        questions.map { question in
            let family = question.contains(":") ? "-6" : "-4"
            let answer: [RouteLine]? = try? decode([family, "route", "get"] + question.split(separator: " ").map(String.init))
            return "\(question) => \(answer?.first.map { Self.words($0, question) } ?? "refused")\n"
        }.joined()
    }

    private static func words(_ line: RouteLine, _ question: String) -> String {
        switch line.type ?? "unicast" {
        case "unicast", "local", "broadcast", "multicast", "anycast": break
        default: return "refused"
        }
        let isLocal = line.type == "local" || line.type == "anycast"
        let gateway = (line.gateway ?? line.via?.host).map { "via \($0) " } ?? ""
        // Of a packet with a source of its own the answer is the question.
        let source = question.contains(" from ") ? nil : line.prefsrc
        return (isLocal ? "local " : "") + gateway + "dev \(line.dev ?? "-")" + (source.map { " src \($0)" } ?? "")
    }
}

extension StackNode {
    /// Destinations of all kinds, some with a source of the node, some as if they had come in.
    func questions(_ draw: Draw) -> [String] {
        func ours(_ isIPv6: Bool) -> [String] { own.filter { $0.contains(":") == isIPv6 } }
        return (0..<6).map { number in
            let isIPv6 = number % 2 == 0
            let all = targets.filter { $0.contains(":") == isIPv6 } + ours(isIPv6) + hosts.map { $0.address(isIPv6) }
            let destination = draw.pick(all)
            if !isIPv6, draw.oneIn(3) {
                let host = draw.pick(hosts)
                return "\(destination) from \(host.v4) iif \(host.device)"
            }
            return draw.oneIn(3) ? "\(destination) from \(draw.pick(ours(isIPv6)))" : destination
        }
    }
}
