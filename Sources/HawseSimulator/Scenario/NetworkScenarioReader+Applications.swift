import HawseControl
import HawseModel
import HawseWire

/// Servers and clients of a scenario.
extension NetworkScenarioReader {
    mutating func port(_ node: ManifestNode) -> UInt16? { integer(node, 1...65535).map { UInt16($0) } }

    mutating func server(_ node: ManifestNode) -> (rule: NetworkScenario.ServerRule, pods: [Int])? {
        let entries = entries(node, ["pods", "kind", "port", "size", "delay", "start"])
        var numbers: [Int] = []
        var pattern = ""
        var kind: ServerApplication.Kind?
        var application = ServerApplication(kind: .tcpEcho, port: 0)
        for entry in entries {
            switch entry.key {
            case "pods":
                pattern = value(entry) { $0.text($1) } ?? ""
                numbers = value(entry) { $0.pods($1) } ?? []
            case "kind": kind = value(entry) { $0.keyword($1, ServerApplication.Kind.allCases) }
            case "port": application.port = value(entry) { $0.port($1) } ?? 0
            case "size": application.size = value(entry) { $0.integer($1, 0...1 << 24) } ?? 0
            case "start": application.start = value(entry) { $0.time($1) } ?? 0
            default: application.delay = value(entry) { $0.time($1) } ?? 0
            }
        }
        for name in ["pods", "kind", "port"] where !entries.contains(where: { $0.key == name }) {
            wrong(node, "`\(name)' is missing")
        }
        guard let kind else { return nil }
        application.kind = kind
        return (NetworkScenario.ServerRule(pods: pattern, application: application), numbers)
    }

    mutating func keyword<Word: RawRepresentable<String>>(_ node: ManifestNode, _ all: [Word]) -> Word? {
        guard let text = text(node) else { return nil }
        if let word = all.first(where: { $0.rawValue == text }) { return word }
        let names = all.map(\.rawValue)
        wrong(node, "\"\(text)\" is none of \(names.joined(separator: ", "))", nearestWord(text, among: names))
        return nil
    }

    /// `namespace/name`, with a `*` at the end for all that begin so.
    mutating func pods(_ node: ManifestNode) -> [Int]? {
        guard let pattern = text(node) else { return nil }
        let isPrefix = pattern.hasSuffix("*")
        let wanted = isPrefix ? String(pattern.dropLast()) : pattern
        var numbers: [Int] = []
        for (number, pod) in plan.pods.enumerated() where !pod.isHostNetwork {
            let name = "\(pod.namespace)/\(pod.name)"
            if isPrefix ? name.hasPrefix(wanted) : name == wanted { numbers.append(number) }
        }
        if numbers.isEmpty, !hasSteps {
            wrong(
                node, "there is no pod `\(pattern)'",
                nearestWord(wanted, among: plan.pods.map { "\($0.namespace)/\($0.name)" }))
        }
        return numbers
    }

    mutating func client(_ node: ManifestNode, _ services: (String) -> (IPAddress, UInt16)?) -> ClientApplication? {
        let known = [
            "name", "from", "to", "kind", "host", "path", "size", "count", "requests", "start", "interval", "timeout",
            "pause", "retry",
        ]
        let entries = entries(node, known)
        var client = ClientApplication(
            name: "", source: .pod(0), destination: .unspecified(.ipv4), port: 0, kind: "")
        var isComplete = Set(["from", "to", "kind"])
        for entry in entries {
            switch entry.key {
            case "name": client.name = value(entry) { $0.text($1) } ?? ""
            case "from":
                if let source = value(entry, { $0.source($1) }) { (client.source, _) = (source, isComplete.remove("from")) }
            case "to":
                if let target = value(entry, { $0.target($1, services) }) {
                    (client.destination, client.port) = target
                    isComplete.remove("to")
                }
            case "kind":
                if let kind = value(entry, { $0.keyword($1, ClientSession.Kind.allCases) }) {
                    client.kind = kind.rawValue
                    isComplete.remove("kind")
                }
            case "host": client.host = value(entry) { $0.text($1) } ?? ""
            case "path": client.path = value(entry) { $0.text($1) } ?? "/"
            case "size": client.size = value(entry) { $0.integer($1, 0...1 << 20) } ?? 0
            case "count": client.count = value(entry) { $0.integer($1, 1...1_000_000) } ?? 1
            case "requests": client.requests = value(entry) { $0.integer($1, 1...100_000) } ?? 1
            case "start": client.start = value(entry) { $0.time($1) } ?? 0
            case "interval": client.interval = value(entry) { $0.time($1) } ?? 0
            case "pause": client.pause = value(entry) { $0.time($1) } ?? 0
            case "retry": client.retry = value(entry) { $0.time($1) } ?? 0
            default: client.timeout = value(entry) { $0.time($1) } ?? 0
            }
        }
        for name in isComplete.sorted() where !entries.contains(where: { $0.key == name }) {
            wrong(node, "`\(name)' is missing")
        }
        guard isComplete.isEmpty else { return nil }
        if client.host.isEmpty { client.host = client.destination.description(port: client.port) }
        if client.name.isEmpty { client.name = "client \(path.last ?? "")" }
        if client.kind == ClientSession.Kind.udpEcho.rawValue, client.size > 1400 {
            wrong(node, "a datagram of \(client.size) bytes would be cut into fragments: at most 1400")
        }
        return client
    }

    mutating func source(_ node: ManifestNode) -> ClientApplication.Source? {
        guard let text = text(node) else { return nil }
        if let address = IPAddress(text) {
            if let pod = positions.pod(at: address) { return .pod(pod) }
            return .outside(address)
        }
        if let pod = positions.pod(named: text) { return .pod(pod) }
        if text.hasSuffix("*") {
            let found = plan.pods.firstIndex { "\($0.namespace)/\($0.name)".hasPrefix(text.dropLast()) }
            if let found { return .pod(found) }
        }
        wrong(
            node, "\"\(text)\" is neither an address nor a pod",
            nearestWord(text, among: plan.pods.map { "\($0.namespace)/\($0.name)" }))
        return nil
    }

    /// `ADDR:PORT`, `[ADDR]:PORT`, or a Service as `namespace/name[:port]`.
    mutating func target(_ node: ManifestNode, _ services: (String) -> (IPAddress, UInt16)?) -> (IPAddress, UInt16)? {
        guard let text = text(node) else { return nil }
        if let found = services(text) { return found }
        if let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]), port > 0 {
            var host = text[..<colon]
            if host.first == "[", host.last == "]" { host = host.dropFirst().dropLast() }
            if let address = IPAddress(host) { return (address, port) }
        }
        wrong(node, "\"\(text)\" is neither ADDR:PORT nor a Service (namespace/name[:port])")
        return nil
    }
}
