import HawseModel
import HawseWire

/// A Corefile, as far as it says how the `kubernetes` plugin answers.
public struct Corefile: Sendable {
    public struct Failure: Error, Sendable, CustomStringConvertible {
        public var line: Int
        public var reason: String
        public var description: String { "Corefile:\(line): \(reason)" }
    }

    /// Of the first server that has the plugin; `nil` when none has.
    public private(set) var options: ClusterDNS.Options?
    private var external = ClusterDNS.External()

    /// Options that change who is asked and how, but no answer.
    private static let silent: Set = [
        "kubeconfig", "endpoint", "tls", "resyncperiod", "upstream", "transfer", "noendpoints", "apiserver_qps",
        "apiserver_burst", "apiserver_max_inflight", "startup_timeout",
    ]
    private static let known = [
        "endpoint_pod_names", "fallthrough", "ignore", "multicluster", "namespaces", "pods", "ttl",
    ]

    public init(_ text: String) throws(Failure) {
        var depth = 0
        var zones: [String] = []
        var isInside = false
        var isOutside = false
        for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let words = line.prefix { $0 != "#" }.split(whereSeparator: \.isWhitespace).map(String.init)
            guard let first = words.first else { continue }
            let opens = words.last == "{"
            switch (depth, first) {
            case (_, "}"):
                depth -= 1
                if depth == 1 { (isInside, isOutside) = (false, false) }
                continue
            case (0, _): zones = words.filter { $0 != "{" }
            case (1, "kubernetes") where options == nil:
                options = try Self.start(words.dropFirst().filter { $0 != "{" }, server: zones, line: number + 1)
                isInside = opens
            case (1, "k8s_external"):
                external.zones += words.dropFirst().filter { $0 != "{" }.map { DomainName($0) }
                isOutside = opens
            case (2, _) where isOutside: try setExternal(first, Array(words.dropFirst()), line: number + 1)
            case (2, _) where isInside: try set(first, Array(words.dropFirst()), line: number + 1)
            default: break
            }
            if opens { depth += 1 }
        }
        options?.external = external
    }

    private mutating func setExternal(_ option: String, _ values: [String], line: Int) throws(Failure) {
        switch option {
        case "headless": external.isHeadless = true
        case "apex": external.apex = values.first ?? external.apex
        case "ttl":
            guard let ttl = values.first.flatMap({ Int($0) }), (0...3600).contains(ttl) else {
                throw Failure(line: line, reason: "ttl takes 0 to 3600 seconds")
            }
            external.ttl = ttl
        case "fallthrough": break
        default:
            let near = nearestWord(option, among: ["headless", "apex", "ttl", "fallthrough"]).map { " (did you mean `\($0)'?)" } ?? ""
            throw Failure(line: line, reason: "k8s_external: `\(option)' is not understood\(near)")
        }
    }

    private static func start(_ words: [String], server: [String], line: Int) throws(Failure) -> ClusterDNS.Options {
        var options = ClusterDNS.Options()
        let named = words.isEmpty ? server.map { String($0.split(separator: ":").first ?? ".") } : words
        options.zones = []
        for word in named {
            guard let zone = zone(word) else { throw Failure(line: line, reason: "`\(word)' is no zone") }
            options.zones.append(zone)
        }
        return options
    }

    /// A name, or a network on a label's boundary as its reverse zone.
    private static func zone(_ word: String) -> DomainName? {
        guard word.contains("/") else { return word.hasPrefix(":") ? DomainName(".") : DomainName(word) }
        guard let prefix = IPPrefix(word) else { return nil }
        let step = prefix.family == .ipv4 ? 8 : 4
        guard prefix.length > 0, prefix.length % step == 0 else { return nil }
        let bytes = prefix.address.bytes
        let labels = (0..<(prefix.length / step)).map { index in
            step == 8 ? "\(bytes[index])" : String(bytes[index / 2] >> (index % 2 == 0 ? 4 : 0) & 15, radix: 16)
        }
        return DomainName(labels.reversed().joined(separator: ".") + (step == 8 ? ".in-addr.arpa." : ".ip6.arpa."))
    }

    private mutating func set(_ option: String, _ values: [String], line: Int) throws(Failure) {
        switch option {
        case "pods":
            guard let mode = values.first.flatMap({ ClusterDNS.PodMode(rawValue: $0) }) else {
                throw Failure(line: line, reason: "pods takes disabled, insecure or verified")
            }
            options?.pods = mode
        case "ttl":
            guard let ttl = values.first.flatMap({ Int($0) }), (0...3600).contains(ttl) else {
                throw Failure(line: line, reason: "ttl takes 0 to 3600 seconds")
            }
            options?.ttl = ttl
        case "namespaces": options?.namespaces += values
        case "multicluster":
            // The zones themselves are named here; they have to be the plugin's as well.
            for zone in values.map({ DomainName($0) }) {
                options?.multiclusterZones.append(zone)
                if options?.zones.contains(where: { $0.folded == zone.folded }) == false { options?.zones.append(zone) }
            }
        case "endpoint_pod_names": options?.usesPodNames = true
        case "ignore" where values == ["empty_service"]: options?.ignoresEmptyServices = true
        case "fallthrough": options?.fallthroughZones = values.isEmpty ? [DomainName(".")] : values.map { DomainName($0) }
        case _ where Self.silent.contains(option): break
        default:
            let near = nearestWord(option, among: Self.known + Self.silent).map { " (did you mean `\($0)'?)" } ?? ""
            throw Failure(line: line, reason: "kubernetes: `\(option)' is not understood\(near)")
        }
    }
}
