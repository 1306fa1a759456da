import Hawse

/// `--from` and `--to` of a cluster by name: `pod/NAMESPACE/NAME`, `node/NAME`, `svc/NAMESPACE/NAME`, each with an optional port;
/// without a namespace it is `default`. Addresses are left as they are.
struct TraceEndpoint {
    let plan: ClusterPlan
    let directory: ServiceDirectory

    func address(_ text: String, option: String) throws -> String {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count > 1 else { return text }
        let (last, port) = Self.cut(parts[parts.count - 1])
        let namespace = parts.count > 2 ? String(parts[1]) : "default"
        switch (parts[0], parts.count) {
        case ("pod", 2...3), ("pods", 2...3), ("po", 2...3):
            guard let pod = plan.pods.first(where: { $0.namespace == namespace && $0.name == last }) else {
                throw unknown("pod", "\(namespace)/\(last)", plan.pods.filter { !$0.name.isEmpty }.map { "\($0.namespace)/\($0.name)" }, option)
            }
            return try Self.text(pod.addresses.first, port, text, option)
        case ("node", 2), ("nodes", 2), ("no", 2):
            guard let node = plan.nodes.first(where: { $0.name == last }) else {
                throw unknown("node", last, plan.nodes.map(\.name), option)
            }
            return try Self.text(node.addresses.first, port, text, option)
        case ("service", 2...3), ("services", 2...3), ("svc", 2...3):
            let name = "\(namespace)/\(last)"
            let all = directory.frontends(of: name)
            guard !all.isEmpty else { throw unknown("service with a ClusterIP", name, directory.services, option) }
            guard let found = all.first(where: { port == nil || $0.port == port || $0.value == "\(name):\(port ?? "")" }) else {
                let known = all.map { "\($0.port)" }.joined(separator: ", ")
                throw Failure.input("\(option): service \(name) has no port `\(port ?? "")' (it has \(known))")
            }
            return try Self.text(found.address, found.port, text, option)
        default:
            throw Failure.input("\(option): `\(text)' is none of ADDR[:PORT], pod/[NAMESPACE/]NAME, svc/[NAMESPACE/]NAME[:PORT], node/NAME")
        }
    }

    private static func cut(_ word: Substring) -> (name: String, port: String?) {
        guard let colon = word.lastIndex(of: ":") else { return (String(word), nil) }
        return (String(word[..<colon]), String(word[word.index(after: colon)...]))
    }

    private static func text(_ address: IPAddress?, _ port: String?, _ text: String, _ option: String) throws -> String {
        guard let address else { throw Failure.input("\(option): \(text) has no address") }
        guard let port else { return address.description }
        guard let number = UInt16(port) else { throw Failure.input("\(option): `\(text)': `\(port)' is no port") }
        return address.description(port: number)
    }

    private func unknown(_ kind: String, _ name: String, _ known: [String], _ option: String) -> Failure {
        .input("\(option): there is no \(kind) `\(name)'" + (nearestWord(name, among: known).map { " (did you mean `\($0)'?)" } ?? ""))
    }
}
