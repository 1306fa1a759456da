import HawseModel
import HawseWire

/// What the rules of one mode and one address family depend on besides Services and endpoints.
public struct ProxySettings: Hashable, Sendable {
    public var family: AddressFamily
    public var node: ProxyNode
    /// The bit that says "to be masqueraded".
    public var mark: UInt32
    public var masqueradesAll: Bool
    public var detector: LocalDetector
    public var nodePortAddresses: NodePortAddresses
    /// Node ports answer on 127.0.0.0/8 (IPv4 with iptables only).
    public var hasLocalhostNodePorts: Bool
    /// conntrack takes out-of-window segments for valid: no INVALID drop.
    public var isConntrackLiberal: Bool
    public var scheduler: VirtualService.Scheduler
    /// IPVS timeouts in seconds; `nil`: none is set.
    public var timeouts: IPVSSpec.Timeouts?
    /// Service address ranges of the family.
    public var serviceRanges: [IPPrefix]
    public var kernel: KernelFeatures

    /// Modules that a kernel may lack, and what kube-proxy does then.
    public struct KernelFeatures: Hashable, Sendable {
        /// nfacct: two accounting matches are written only where it exists.
        public var hasNFAcct = true
        /// xt_ipvs: without it iptables-restore refuses a filter table that has the match, and the chains stay empty.
        public var hasIPVSMatch = true
        /// MASQUERADE `--random-fully`.
        public var hasRandomFully = true

        public init(hasNFAcct: Bool = true, hasIPVSMatch: Bool = true, hasRandomFully: Bool = true) {
            self.hasNFAcct = hasNFAcct
            self.hasIPVSMatch = hasIPVSMatch
            self.hasRandomFully = hasRandomFully
        }
    }

    /// Settles a configuration for one mode and family, as kube-proxy does when it starts.
    public init(
        _ configuration: ProxyConfiguration, mode: ProxyMode, family: AddressFamily, node: ProxyNode,
        serviceRanges: [IPPrefix] = [], kernel: KernelFeatures = KernelFeatures()
    ) {
        self.family = family
        var node = node
        // An address to bind to stands in for the node's own.
        if let bind = IPAddress(configuration.bindAddress), !bind.isUnspecified {
            if bind.family == .ipv4 { node.primaryIPv4 = bind } else { node.primaryIPv6 = bind }
        }
        self.node = node
        // The section of the file's own mode counts, also when another mode is asked for.
        let usesNFT = configuration.mode == ProxyMode.nftables.rawValue
        let bit = (usesNFT ? configuration.nftables.masqueradeBit : configuration.iptables.masqueradeBit) ?? 14
        mark = bit >= 0 && bit < 32 ? 1 << UInt32(bit) : 1 << 14
        masqueradesAll = usesNFT ? configuration.nftables.masqueradeAll : configuration.iptables.masqueradeAll
        detector = Self.detector(configuration, family: family, node: node)
        var texts = configuration.nodePortAddresses
        if texts.isEmpty && mode == .nftables { texts = ["primary"] }
        nodePortAddresses = NodePortAddresses(texts, family: family, primary: node.primary(family))
        hasLocalhostNodePorts =
            family == .ipv4 && (configuration.iptables.localhostNodePorts ?? true)
            && nodePortAddresses.containsLoopback
        isConntrackLiberal = configuration.conntrack.tcpBeLiberal
        scheduler = VirtualService.Scheduler(rawValue: configuration.ipvs.scheduler) ?? .rr
        let seconds = [configuration.ipvs.tcpTimeout, configuration.ipvs.tcpFinTimeout, configuration.ipvs.udpTimeout]
            .map { GoDuration.seconds($0) ?? 0 }
        timeouts = seconds.contains { $0 > 0 }
            ? IPVSSpec.Timeouts(tcp: seconds[0], tcpFin: seconds[1], udp: seconds[2]) : nil
        self.serviceRanges = serviceRanges.filter { $0.family == family }
        self.kernel = kernel
    }

    private static func detector(
        _ configuration: ProxyConfiguration, family: AddressFamily, node: ProxyNode
    ) -> LocalDetector {
        switch configuration.detectLocalMode {
        case "", "ClusterCIDR":
            let ranges = configuration.clusterCIDR.split(separator: ",").compactMap { IPPrefix($0) }
            return ranges.first { $0.family == family }.map { .prefix($0.network) } ?? .none
        case "NodeCIDR":
            return node.podCIDRs.first { $0.family == family }.map { .prefix($0.network) } ?? .none
        case "BridgeInterface":
            let name = configuration.detectLocal.bridgeInterface
            return name.isEmpty ? .none : .interface(name)
        case "InterfaceNamePrefix":
            let name = configuration.detectLocal.interfaceNamePrefix
            return name.isEmpty ? .none : .interfacePrefix(name)
        default: return .none
        }
    }
}

/// Durations as Go writes and reads them: `1h15m30s`, `500ms`.
enum GoDuration {
    /// Whole seconds, rounded down; `nil` when the text is no duration.
    static func seconds(_ text: String) -> UInt32? {
        if text == "0" { return 0 }
        var total = 0.0
        var rest = text[...]
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let number = rest.prefix { $0.isNumber || $0 == "." }
            guard let value = Double(number) else { return nil }
            rest = rest[number.endIndex...]
            let unit = rest.prefix { !$0.isNumber && $0 != "." }
            rest = rest[unit.endIndex...]
            switch unit {
            case "h": total += value * 3600
            case "m": total += value * 60
            case "s": total += value
            case "ms": total += value / 1000
            case "us", "µs": total += value / 1e6
            case "ns": total += value / 1e9
            default: return nil
            }
        }
        return total < 4_294_967_296 ? UInt32(total) : nil
    }

    /// Seconds as `nft` prints a timeout: `3h`, `10m`, `1d2h3s`.
    static func nftText(seconds: UInt32) -> String {
        var text = ""
        var rest = seconds
        for (unit, length) in [("d", UInt32(86_400)), ("h", 3600), ("m", 60)] {
            if rest / length > 0 { text += "\(rest / length)\(unit)" }
            rest %= length
        }
        if rest > 0 || text.isEmpty { text += "\(rest)s" }
        return text
    }
}
