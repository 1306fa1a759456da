import HawseDataplane
import HawseModel
import HawseWire

/// What `ip neigh`, `bridge fdb` and `ip route get` say of a node, in lines that leave out what they add for show.
enum NetworkStates {
    /// `192.0.2.7 dev eth0 lladdr 02:00:00:00:00:07 STALE`, by line.
    static func neighbours(_ dataplane: Dataplane) -> String {
        lines(dataplane.neighborStates().map { entry in
            let mac = entry.mac.map { " lladdr \($0)" } ?? ""
            return "\(entry.address) dev \(entry.device)\(mac) \(entry.state.rawValue)"
        })
    }

    /// `02:00:00:00:00:07 dev eth1 master br0`, `… dev eth1 vlan 10 master br0`: what bridges and tunnels have learnt.
    static func learned(_ dataplane: Dataplane) -> String {
        lines(dataplane.learnedAddresses().map { entry in
            let place = entry.bridge.map { (entry.vlan == 0 ? "" : "vlan \(entry.vlan) ") + "master \($0)" } ?? "dst \(entry.remote.map { "\($0)" } ?? "-")"
            return "\(entry.mac) dev \(entry.device) \(place)"
        })
    }

    private static func lines(_ list: [String]) -> String { list.sorted().map { $0 + "\n" }.joined() }

    /// Lines of a question and its answer: `192.0.2.7 from 10.1.0.5 iif eth1 => via 192.0.2.254 dev eth0`.
    static func routes(_ dataplane: Dataplane, _ recorded: String) throws -> String {
        try recorded.split(separator: "\n").map { line in
            let question = line.firstRange(of: " => ").map { line[..<$0.lowerBound] } ?? line
            return "\(question) => \(try answer(dataplane, question))\n"
        }.joined()
    }

    private static func answer(_ dataplane: Dataplane, _ question: Substring) throws -> String {
        let words = question.split(separator: " ")
        func value(_ key: Substring) -> Substring? {
            words.firstIndex(of: key).flatMap { words.indices.contains($0 + 1) ? words[$0 + 1] : nil }
        }
        guard let destination = words.first.flatMap({ IPAddress($0) }) else {
            throw Unsupported(description: "the question `\(question)'")
        }
        let source = value("from").flatMap { IPAddress($0) }
        let answer =
            if let device = value("iif"), let source {
                dataplane.route(to: destination, from: source, arrivingOn: String(device))
            } else {
                dataplane.route(
                    to: destination, from: source, mark: value("mark").flatMap { UInt32($0) } ?? 0,
                    tos: value("tos").flatMap { UInt8($0) } ?? 0)
            }
        guard let answer else { return "refused" }
        let gateway = answer.gateway.map { "via \($0) " } ?? ""
        let own = source == nil ? answer.source.map { " src \($0)" } ?? "" : ""
        return (answer.isLocal ? "local " : "") + gateway + "dev \(answer.device)" + own
    }
}
