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
        for text in nodePortAddresses where text != "primary" {
            check(IPPrefix(text) != nil, ["nodePortAddresses"], "\"\(text)\" is not an address range")
        }
        for text in clusterCIDR.split(separator: ",") {
            check(IPPrefix(text) != nil, ["clusterCIDR"], "\"\(text)\" is not an address range")
        }
    }
}

extension FieldContext {
    fileprivate func report(_ message: String, at mark: SourceMark, field: String = "", suggestion: String? = nil) {
        diagnostics.append(
            ManifestDiagnostic(
                severity: .error, file: file, mark: mark, field: field, message: message, suggestion: suggestion))
    }
}
