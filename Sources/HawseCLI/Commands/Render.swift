import ArgumentParser
import Hawse

struct Render: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "What kube-proxy would program on a node.",
        discussion: """
            Manifests are run through the control plane first: addresses are allocated, pods scheduled, EndpointSlices made. Objects \
            that come with all that (kubectl get -o yaml) keep it. With -o the files iptables.v4, iptables.v6, ipset, ipvs, \
            kube-ipvs0.addresses and nft are written, as far as the mode has them; otherwise everything goes to stdout.

              hawse render -f cluster/ --node node-a
              hawse render -f cluster/ --node node-a --mode ipvs --config proxy-config.yaml -o rendered/
              hawse render -f now/ --history at-start/ --history later/ --node node-a --mode nftables
            """)

    @OptionGroup var manifests: ManifestInput
    @OptionGroup var proxy: ProxyOptions

    @Option(
        help: ArgumentHelp(
            "What kube-proxy had seen before the objects of -f: Services, EndpointSlices and ServiceCIDRs as kubectl get -o yaml shows them. Repeatable, the oldest first.",
            valueName: "PATH"))
    var history: [String] = []

    @Option(help: ArgumentHelp("The node; the first one unless given.", valueName: "NAME"))
    var node: String?

    @Option(help: ArgumentHelp("The same seed and input give the same output.", valueName: "N"))
    var seed: UInt64 = 0

    @Option(
        help: ArgumentHelp(
            "A kernel module the node lacks, with what kube-proxy does then: xt_nfacct (no accounting matches). Repeatable.",
            valueName: "MODULE"))
    var without: [KernelModule] = []

    @Option(
        help: ArgumentHelp(
            "A kernel module the node has beyond those of the recordings: xt_ipvs (without it iptables-restore refuses the filter table of IPVS mode when it needs the match). Repeatable.",
            valueName: "MODULE"))
    var with: [KernelModule] = []

    @Option(name: [.customShort("o"), .customLong("output")], help: ArgumentHelp("Write files into this folder.", valueName: "DIR"))
    var output: String?

    func validate() throws {
        if manifests.filenames.isEmpty { throw ValidationError("manifests are needed: -f PATH") }
    }

    func run() throws {
        let loader = try manifests.load()
        let (state, problems) = ClusterState.build(from: loader.objects, seed: seed)
        ManifestInput.report(problems)
        if problems.contains(where: { $0.severity == .error }) { throw Failure.input("") }
        let builder = ClusterBuilder(state, seed: seed)
        let objects = builder.proxyObjects
        guard let name = node ?? objects.nodes.first?.metadata.name,
            let found = objects.nodes.first(where: { $0.metadata.name == name })
        else {
            let names = objects.nodes.map(\.metadata.name).joined(separator: ", ")
            throw Failure.input("--node: there is no node `\(node ?? "")' (there are \(names))")
        }
        let rendered = ProxyRenderer.render(
            objects, after: try history.map(stage), node: ProxyNode(found), mode: proxy.mode,
            configuration: try proxy.configuration(objects.nodes, state.store.list(Kubernetes.ConfigMap.self)),
            kernel: .init(hasNFAcct: !without.contains(.nfacct), hasIPVSMatch: with.contains(.ipvs) && !without.contains(.ipvs)), seed: seed)
        let files = RenderedFiles(rendered)
        if let output {
            try TextFile.makeFolder(output)
            for file in files.all { try TextFile.write(file.text, to: output + "/" + file.name) }
        } else {
            var out = StandardOutput()
            for file in files.all {
                if files.all.count > 1 { out.line("# \(file.name)") }
                out.write(file.text)
            }
            out.flush()
        }
    }

    /// Objects as they were: no controller touches them.
    private func stage(_ path: String) throws -> ProxyRenderer.Objects {
        var loader = ManifestLoader()
        loader.load(path: path, recursive: manifests.recursive)
        ManifestInput.report(loader.diagnostics)
        if loader.hasErrors { throw Failure.input("") }
        return ProxyRenderer.Objects(loader)
    }
}

/// A module whose absence changes what kube-proxy writes.
enum KernelModule: String, ExpressibleByArgument, CaseIterable {
    case nfacct = "xt_nfacct"
    case ipvs = "xt_ipvs"
}
