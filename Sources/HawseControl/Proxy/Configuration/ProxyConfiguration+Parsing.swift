import HawseModel
import HawseWire

/// A kube-proxy configuration that cannot be used, with what was wrong where.
public struct ProxyConfigurationError: Error, Sendable, CustomStringConvertible {
    public var diagnostics: [ManifestDiagnostic]
    public var description: String { diagnostics.map { "\($0)" }.joined(separator: "\n") }
}

extension ProxyConfiguration {
    /// Reads a configuration file (YAML or JSON). Unknown fields are warnings; wrong values are errors.
    public static func parse(
        _ text: String, file: String
    ) throws(ProxyConfigurationError) -> (configuration: ProxyConfiguration, warnings: [ManifestDiagnostic]) {
        let context = FieldContext(file: file)
        var document: ManifestNode?
        do throws(YAMLReader.Failure) {
            document = try YAMLReader.parse(text).first { !$0.isNull }
        } catch {
            context.report(error.reason, at: error.mark)
        }
        guard let document, !context.hasErrors else {
            if context.diagnostics.isEmpty { context.report("no KubeProxyConfiguration in this file", at: .none) }
            throw ProxyConfigurationError(diagnostics: context.diagnostics)
        }
        let configuration = ProxyConfiguration.read(document, context) ?? ProxyConfiguration()
        configuration.validate(document, context)
        if context.hasErrors {
            throw ProxyConfigurationError(diagnostics: context.diagnostics.filter { $0.severity == .error })
        }
        return (configuration, context.diagnostics)
    }

    /// Out of a cluster's ConfigMaps: kubeadm keeps the file under `config.conf` of kube-system/kube-proxy. `nil`
    /// when there is none.
    public static func find(
        in maps: [Kubernetes.ConfigMap]
    ) throws(ProxyConfigurationError) -> (configuration: ProxyConfiguration, warnings: [ManifestDiagnostic])? {
        let map = maps.first { $0.metadata.namespace == "kube-system" && $0.metadata.name == "kube-proxy" }
        guard let map, let text = map.data["config.conf"] else { return nil }
        return try parse(text, file: "ConfigMap \(map.key) config.conf")
    }

    private func validate(_ document: ManifestNode, _ context: FieldContext) {
        func check(_ isGood: Bool, _ path: [String], _ message: String, known: [String] = [], word: String = "") {
            guard !isGood else { return }
            var node = document
            for step in path { node = node[step] ?? node }
            context.report(
                message, at: node.mark, field: path.joined(separator: "."),
                suggestion: nearestWord(word, among: known))
        }
        check(kind == "KubeProxyConfiguration", ["kind"], "expected KubeProxyConfiguration, found \(kind)")
        let modes = ProxyMode.allCases.map(\.rawValue)
        check(mode.isEmpty || modes.contains(mode), ["mode"], "unknown mode \"\(mode)\"", known: modes, word: mode)
        let detectors = ["ClusterCIDR", "NodeCIDR", "BridgeInterface", "InterfaceNamePrefix"]
        check(
            detectLocalMode.isEmpty || detectors.contains(detectLocalMode), ["detectLocalMode"],
            "unknown mode \"\(detectLocalMode)\"", known: detectors, word: detectLocalMode)
        for (name, bit) in [("iptables", iptables.masqueradeBit), ("nftables", nftables.masqueradeBit)] {
            check(bit.map { (0...31).contains($0) } ?? true, [name, "masqueradeBit"], "must be within the range [0, 31]")
        }
        let schedulers = VirtualService.Scheduler.allCases.map(\.rawValue)
        check(
            ipvs.scheduler.isEmpty || schedulers.contains(ipvs.scheduler), ["ipvs", "scheduler"],
            "unknown scheduler \"\(ipvs.scheduler)\"", known: schedulers, word: ipvs.scheduler)
        if nodePortAddresses != ["primary"] {
            for text in nodePortAddresses {
                check(Self.range(text) != nil, ["nodePortAddresses"], "\"\(text)\" is not an address range")
            }
        }
        for text in ipvs.excludeCIDRs {
            check(Self.range(text) != nil, ["ipvs", "excludeCIDRs"], "\"\(text)\" is not an address range")
        }
        check(bindAddress.isEmpty || IPAddress(bindAddress) != nil, ["bindAddress"], "\"\(bindAddress)\" is not an address")
        check((-1000...1000).contains(oomScoreAdj ?? 0), ["oomScoreAdj"], "must be within the range [-1000, 1000]")
        for (name, number) in [("maxPerCore", conntrack.maxPerCore), ("min", conntrack.min)] {
            check(number ?? 0 >= 0, ["conntrack", name], "must be greater than or equal to 0")
        }
        for (name, text) in [("healthzBindAddress", healthzBindAddress), ("metricsBindAddress", metricsBindAddress)] {
            if let problem = Self.hostPortProblem(text) { check(false, [name], problem) }
        }
        for (path, message) in clusterRangeProblems + detectorProblems + durationProblems(document) { check(false, path, message) }
    }

    /// An address without a port gets kube-proxy's own (`AppendPortIfNeeded`), nothing at all stands for the default.
    private static func hostPortProblem(_ text: String) -> String? {
        if text.isEmpty || IPAddress(text) != nil { return nil }
        guard let colon = text.lastIndex(of: ":") else { return "must be IP:port" }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() } else if host.contains(":") { return "must be IP:port" }
        if IPAddress(host) == nil { return "must be a valid IP" }
        return (Int(text[text.index(after: colon)...]) ?? 0) > 0 && UInt16(text[text.index(after: colon)...]) != nil
            ? nil : "must be a valid port"
    }

    /// An address alone is no range.
    private static func range(_ text: String) -> IPPrefix? { text.contains("/") ? IPPrefix(text) : nil }

    private var clusterRangeProblems: [(path: [String], message: String)] {
        if clusterCIDR.isEmpty { return [] }
        let example = "10.100.0.0/16,fde4:8dba:82e1::/48"
        let ranges = clusterCIDR.split(separator: ",", omittingEmptySubsequences: false).map { Self.range(String($0)) }
        let families = Set(ranges.compactMap { $0?.family })
        switch ranges.count {
        case 1 where families.count == 1, 2 where families.count == 2: return []
        case 1:
            return [(["clusterCIDR"], "must be a valid CIDR block (e.g. 10.100.0.0/16 or fde4:8dba:82e1::/48)")]
        case 2: return [(["clusterCIDR"], "must be a valid DualStack CIDR (e.g. \(example))")]
        default: return [(["clusterCIDR"], "only one CIDR allowed or a valid DualStack CIDR (e.g. \(example))")]
        }
    }

    /// The name that the way of telling local traffic goes by.
    private var detectorProblems: [(path: [String], message: String)] {
        if detectLocalMode == "BridgeInterface", detectLocal.bridgeInterface.isEmpty {
            return [(["detectLocal", "bridgeInterface"], "must not be empty")]
        }
        if detectLocalMode == "InterfaceNamePrefix", detectLocal.interfaceNamePrefix.isEmpty {
            return [(["detectLocal", "interfaceNamePrefix"], "must not be empty")]
        }
        return []
    }

    private func durationProblems(_ document: ManifestNode) -> [(path: [String], message: String)] {
        var problems: [(path: [String], message: String)] = []
        func seconds(_ path: [String], positive: Bool = false) -> UInt32? {
            let node = path.reduce(Optional(document)) { $0?[$1] }
            guard let node, !node.isNull else { return nil }
            guard let text = node.text, let value = GoDuration.seconds(text.hasPrefix("-") ? String(text.dropFirst()) : text) else {
                problems.append((path, "is not a duration such as 30s or 1h15m"))
                return nil
            }
            // Zero stands for kube-proxy's own. What is less than a second counts, too.
            if text.hasPrefix("-"), text.contains(where: { "123456789".contains($0) }) {
                problems.append((path, positive ? "must be greater than 0" : "must be greater than or equal to 0"))
                return nil
            }
            return value
        }
        for section in ["iptables", "ipvs", "nftables"] {
            let longest = seconds([section, "syncPeriod"], positive: true) ?? 0
            let least = seconds([section, "minSyncPeriod"]) ?? 0
            if least > (longest == 0 ? 30 : longest) {
                problems.append(([section, "syncPeriod"], "must be greater than or equal to minSyncPeriod"))
            }
        }
        for name in ["tcpTimeout", "tcpFinTimeout", "udpTimeout"] { _ = seconds(["ipvs", name]) }
        for name in ["tcpEstablishedTimeout", "tcpCloseWaitTimeout", "udpTimeout", "udpStreamTimeout"] {
            _ = seconds(["conntrack", name])
        }
        _ = seconds(["configSyncPeriod"])
        return problems
    }
}

extension FieldContext {
    fileprivate func report(_ message: String, at mark: SourceMark, field: String = "", suggestion: String? = nil) {
        diagnostics.append(
            ManifestDiagnostic(
                severity: .error, file: file, mark: mark, field: field, message: message, suggestion: suggestion))
    }
}
