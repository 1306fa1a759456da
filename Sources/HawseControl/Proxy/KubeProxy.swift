import HawseModel
import HawseWire

/// A kube-proxy of one node: takes Services and EndpointSlices as they change and keeps the node's rules.
///
/// `sync` costs what changed since the last one; `state` lays everything out.
public struct KubeProxy: Sendable {
    public let mode: ProxyMode
    public private(set) var node: ProxyNode
    public let configuration: ProxyConfiguration
    private var families: [FamilyProxy] = []

    /// `serviceRanges`: the ServiceCIDRs, for the drop of unallocated ClusterIPs in nftables mode.
    public init(
        node: ProxyNode, configuration: ProxyConfiguration = ProxyConfiguration(), mode: ProxyMode? = nil,
        serviceRanges: [IPPrefix] = [], kernel: ProxySettings.KernelFeatures = .init(), seed: UInt64 = 0
    ) {
        let mode = mode ?? ProxyMode(rawValue: configuration.mode) ?? .iptables
        self.mode = mode
        self.node = node
        self.configuration = configuration
        // iptables and nftables run both families always; the others those the node has addresses of.
        let all = mode == .iptables || mode == .nftables
        for family in AddressFamily.allCases where all || node.primary(family) != nil {
            let settings = ProxySettings(
                configuration, mode: mode, family: family, node: node, serviceRanges: serviceRanges, kernel: kernel)
            families.append(FamilyProxy(mode: mode, settings: settings, portRange: portRange, seed: seed))
        }
    }

    private var portRange: ClosedRange<UInt16>? {
        let ends = configuration.portRange.split(separator: "-").compactMap { UInt16($0) }
        guard ends.count == 2, ends[0] <= ends[1], ends[0] > 0 else { return nil }
        return ends[0]...ends[1]
    }

    // MARK: Changes

    public mutating func apply(_ service: Kubernetes.Service) {
        var service = service
        // What the cluster's administrators do not allow, the proxy does not serve.
        if configuration.featureGates["AllowServiceExternalIPs"] == false { service.spec.externalIPs = [] }
        for index in families.indices { families[index].apply(service) }
    }

    public mutating func deleteService(_ key: ObjectKey) {
        for index in families.indices { families[index].deleteService(key) }
    }

    public mutating func apply(_ slice: Kubernetes.EndpointSlice) {
        if let info = EndpointSliceInfo(slice) { apply(info) } else { delete(slice) }
    }

    public mutating func apply(_ slice: EndpointSliceInfo) {
        for index in families.indices { families[index].apply(slice) }
    }

    public mutating func delete(_ slice: Kubernetes.EndpointSlice) {
        guard let service = slice.serviceName else { return }
        deleteSlice(
            slice.metadata.name, of: ObjectKey(namespace: slice.metadata.namespace, name: service))
    }

    public mutating func deleteSlice(_ name: String, of service: ObjectKey) {
        for index in families.indices { families[index].deleteSlice(name, of: service) }
    }

    /// The node's labels are these now. The zone decides about topology hints: when it is another, all is written anew.
    public mutating func apply(labels: [String: String]) {
        let zone = node.zone
        node.labels = labels
        guard node.zone != zone else { return }
        for index in families.indices { families[index].move(toZoneOf: labels) }
    }

    /// The next sync writes everything anew, as the first one did (`needFullSync`): hourly, and after a flush by others.
    public mutating func requestFullSync() {
        for index in families.indices { families[index].needsAll = true }
    }

    /// Brings the rules up to date and returns what that changed.
    public mutating func sync() -> ProxyPatch {
        var patch = ProxyPatch()
        for index in families.indices { families[index].sync(into: &patch) }
        return patch
    }

    /// Everything the proxy has written, as of the last `sync`.
    public func state() -> ProxyState {
        var state = ProxyState(mode: mode)
        for family in families { family.write(into: &state) }
        state.sysctls = sysctls
        return state
    }

    /// The UDP flows to delete from conntrack after the last `sync`; a family that the proxy does not serve has none.
    public func staleFlows(_ family: AddressFamily) -> StaleFlows {
        families.first { $0.settings.family == family }?.staleFlows
            ?? StaleFlows(services: ServiceMap(family: family), endpoints: EndpointsMap(family: family, node: ""))
    }

    /// Kernel settings that kube-proxy makes when it starts.
    private var sysctls: [String: String] {
        var result: [String: String] = [:]
        switch mode {
        case .iptables:
            if families.contains(where: { $0.settings.hasLocalhostNodePorts }) {
                result["net.ipv4.conf.all.route_localnet"] = "1"
            }
        case .ipvs:
            // conn_reuse_mode is left as it is from Linux 5.9 on.
            result = [
                "net.ipv4.vs.conntrack": "1", "net.ipv4.vs.expire_nodest_conn": "1",
                "net.ipv4.vs.expire_quiescent_template": "1", "net.ipv4.ip_forward": "1",
            ]
            if configuration.ipvs.strictARP {
                result["net.ipv4.conf.all.arp_ignore"] = "1"
                result["net.ipv4.conf.all.arp_announce"] = "2"
            }
        case .nftables, .userspace: break
        }
        if configuration.conntrack.tcpBeLiberal { result["net.netfilter.nf_conntrack_tcp_be_liberal"] = "1" }
        if let maximum = configuration.conntrack.maximum(cores: node.cores) { result[ProxyState.conntrackMaximum] = String(maximum) }
        for (name, seconds) in configuration.conntrack.timeouts where seconds > 0 {
            result["net.netfilter.nf_conntrack_\(name)"] = String(seconds)
        }
        return result
    }
}

/// What one sync changed, by family.
public struct ProxyPatch: Sendable {
    public var rules: [RuleSetPatch] = []
    public var ipvs: [(family: AddressFamily, patch: IPVSRenderer.Patch)] = []
    public var nft: [(family: AddressFamily, patch: NFTRenderer.Patch)] = []
    /// Families whose userspace rules have to be written anew.
    public var userspace: [AddressFamily] = []

    public var isEmpty: Bool { rules.isEmpty && ipvs.isEmpty && nft.isEmpty && userspace.isEmpty }
}

/// One address family's part of a `KubeProxy`.
private struct FamilyProxy: Sendable {
    enum Renderer: Sendable {
        case iptables(IPTablesRenderer)
        case ipvs(IPVSRenderer)
        case nftables(NFTRenderer)
        case userspace(UserspaceRenderer)
    }

    private(set) var settings: ProxySettings
    private var services: ServiceMap
    private var endpoints: EndpointsMap
    private var dirty: [ServicePortName] = []
    private var renderer: Renderer
    private var isFirst = true
    /// The next sync looks at every service port.
    var needsAll = false

    init(mode: ProxyMode, settings: ProxySettings, portRange: ClosedRange<UInt16>?, seed: UInt64) {
        self.settings = settings
        services = ServiceMap(family: settings.family)
        endpoints = EndpointsMap(family: settings.family, node: settings.node.name)
        switch mode {
        case .iptables: renderer = .iptables(IPTablesRenderer(settings: settings))
        case .ipvs: renderer = .ipvs(IPVSRenderer(settings: settings))
        case .nftables: renderer = .nftables(NFTRenderer(settings: settings))
        case .userspace:
            renderer = .userspace(UserspaceRenderer(settings: settings, seed: seed, portRange: portRange))
        }
    }

    mutating func apply(_ service: Kubernetes.Service) { dirty += services.update(service) }
    mutating func deleteService(_ key: ObjectKey) { dirty += services.remove(key) }
    mutating func apply(_ slice: EndpointSliceInfo) { dirty += endpoints.update(slice) }
    mutating func deleteSlice(_ name: String, of service: ObjectKey) {
        dirty += endpoints.remove(service: service, slice: name)
    }

    mutating func move(toZoneOf labels: [String: String]) {
        settings.node.labels = labels
        needsAll = true
        switch renderer {
        case .iptables(var iptables):
            iptables.settings = settings
            renderer = .iptables(iptables)
        case .ipvs(var ipvs):
            ipvs.settings = settings
            renderer = .ipvs(ipvs)
        case .nftables(var nft):
            nft.settings = settings
            renderer = .nftables(nft)
        case .userspace: break
        }
    }

    var staleFlows: StaleFlows { StaleFlows(services: services, endpoints: endpoints) }

    mutating func sync(into patch: inout ProxyPatch) {
        if needsAll { dirty += services.ports.keys }
        let changed = dirty.count < 2 ? dirty : Array(Set(dirty))
        dirty.removeAll(keepingCapacity: true)
        defer {
            isFirst = false
            needsAll = false
        }
        if changed.isEmpty && !isFirst { return }
        let current = renderer
        // The renderer is moved out and back so that its tables are changed in place.
        renderer = .nftables(NFTRenderer(settings: settings))
        switch consume current {
        case .iptables(var iptables):
            let rules = iptables.sync(changed, services: services, endpoints: endpoints)
            if !rules.isEmpty { patch.rules.append(rules) }
            renderer = .iptables(iptables)
        case .ipvs(var ipvs):
            let part = ipvs.sync(changed, services: services, endpoints: endpoints)
            if !part.isEmpty { patch.ipvs.append((settings.family, part)) }
            renderer = .ipvs(ipvs)
        case .nftables(var nft):
            let part = nft.sync(changed, services: services, endpoints: endpoints)
            if !part.isEmpty { patch.nft.append((settings.family, part)) }
            renderer = .nftables(nft)
        case .userspace(var userspace):
            if userspace.sync(changed, services: services, endpoints: endpoints) {
                patch.userspace.append(settings.family)
            }
            renderer = .userspace(userspace)
        }
    }

    func write(into state: inout ProxyState) {
        func keep(_ rules: RuleSet) {
            if settings.family == .ipv4 { state.iptables = rules } else { state.ip6tables = rules }
        }
        switch renderer {
        case .iptables(let iptables): keep(iptables.ruleSet())
        case .ipvs(let ipvs):
            keep(ipvs.ruleSet())
            state.sets += ipvs.sets()
            let spec = ipvs.spec()
            state.ipvs = IPVSSpec(
                services: (state.ipvs?.services ?? []) + spec.services, timeouts: spec.timeouts)
            state.dummyAddresses += ipvs.boundAddresses()
        case .nftables(let nft): state.nftTables.append(nft.table())
        case .userspace(let userspace):
            keep(userspace.ruleSet())
            state.userspace += userspace.sockets()
        }
    }
}
