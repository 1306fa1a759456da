import ArgumentParser
import Hawse

/// Kubernetes manifests, as kubectl takes them.
struct ManifestInput: ParsableArguments {
    @Option(
        name: [.customShort("f"), .customLong("filename")],
        help: ArgumentHelp("Manifests: a file, a folder or - for stdin; YAML or JSON. Repeatable.", valueName: "PATH"))
    var filenames: [String] = []

    @Flag(name: [.customShort("R"), .long], help: "Read folders with all their sub-folders.")
    var recursive = false

    @Option(name: [.customShort("k"), .customLong("kustomize")], help: .hidden)
    var kustomize: String?

    func validate() throws {
        if kustomize != nil {
            throw ValidationError("-k is not supported: run `kubectl kustomize DIR' and give its output with -f -")
        }
    }

    /// Reads everything; warnings go to stderr, errors end the program.
    func load() throws -> ManifestLoader {
        var loader = ManifestLoader()
        for path in filenames { loader.load(path: path, recursive: recursive) }
        Self.report(loader.diagnostics)
        Self.report(Flannel.Check.policies(loader.objects))
        if loader.hasErrors { throw Failure.input("") }
        return loader
    }

    static func report(_ diagnostics: [ManifestDiagnostic]) {
        for diagnostic in diagnostics { StandardError.write("\(diagnostic)\n") }
    }
}

extension ProxyMode: ExpressibleByArgument {}

/// kube-proxy's mode and configuration.
struct ProxyOptions: ParsableArguments {
    @Option(name: [.customLong("proxy-mode"), .customLong("mode")], help: "iptables, ipvs, nftables or userspace; the configuration's own unless given.")
    var mode: ProxyMode?

    @Option(help: ArgumentHelp("A KubeProxyConfiguration.", valueName: "proxy-config.yaml"))
    var config: String?

    /// Without a configuration: the one in the manifests' ConfigMap kube-system/kube-proxy, else what kubeadm would
    /// write for these nodes, with the pods' network as clusterCIDR.
    func configuration(_ nodes: [Kubernetes.Node], _ maps: [Kubernetes.ConfigMap]) throws -> ProxyConfiguration {
        guard let config else {
            do {
                if let (configuration, warnings) = try ProxyConfiguration.find(in: maps) {
                    ManifestInput.report(warnings)
                    return configuration
                }
            } catch { throw Failure.input("\(error)") }
            var configuration = ProxyConfiguration()
            configuration.clusterCIDR = Self.podNetwork(nodes)
            return configuration
        }
        let text = try TextFile.read(config)
        do {
            let (configuration, warnings) = try ProxyConfiguration.parse(text, file: config)
            ManifestInput.report(warnings)
            return configuration
        } catch { throw Failure.input("\(error)") }
    }

    /// The smallest prefix of each family that holds every node's pod range, but no longer than /16 or /56 as clusters have it.
    private static func podNetwork(_ nodes: [Kubernetes.Node]) -> String {
        AddressFamily.allCases.compactMap { family -> String? in
            let ranges = nodes.flatMap { $0.spec.podCIDRs + [$0.spec.podCIDR] }.compactMap { IPPrefix($0) }
                .filter { $0.family == family }
            guard let first = ranges.first else { return nil }
            var length = min(ranges.map(\.length).min() ?? 0, family == .ipv4 ? 16 : 56)
            while length > 0, !ranges.allSatisfy({ IPPrefix(first.address, length: length).contains($0) }) { length -= 1 }
            return IPPrefix(first.address, length: length).network.description
        }.joined(separator: ",")
    }
}
