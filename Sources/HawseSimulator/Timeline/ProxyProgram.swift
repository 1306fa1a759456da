import HawseControl
import HawseDataplane
import HawseModel
import HawseWire

/// What a kube-proxy's sync does to the kernel of its node: the patch carried out on the dataplane.
struct ProxyProgram {
    let dataplane: Dataplane
    /// Real servers that drain, looked at once a minute.
    private(set) var draining: [(service: VirtualService.Key, address: IPAddress, port: UInt16)] = []

    init(_ dataplane: Dataplane) { self.dataplane = dataplane }

    mutating func carryOut(_ patch: ProxyPatch, _ proxy: KubeProxy) throws(DataplaneError) {
        for rules in patch.rules { try replace(rules) }
        if !patch.ipvs.isEmpty { try carryOut(patch.ipvs, proxy) }
        if !patch.userspace.isEmpty {
            let state = proxy.state()
            for rules in [state.iptables, state.ip6tables] {
                guard let rules, patch.userspace.contains(rules.family) else { continue }
                try replace(Self.ownChains(rules))
            }
        }
    }

    private func replace(_ patch: RuleSetPatch) throws(DataplaneError) {
        let tables = dataplane.tables(patch.family)
        try dataplane.apply(patch.changes { tables.contains($0) })
    }

    /// A proxy writes its own chains; the built-in ones hold others' rules too.
    private static func ownChains(_ rules: RuleSet) -> RuleSetPatch {
        RuleSetPatch(
            family: rules.family,
            parts: rules.tables.map { table in
                RuleSetPatch.Part(table: table.name, replaced: table.chains.filter { $0.policy == nil })
            })
    }

    // MARK: IPVS

    private mutating func carryOut(
        _ parts: [(family: AddressFamily, patch: IPVSRenderer.Patch)], _ proxy: KubeProxy
    ) throws(DataplaneError) {
        if parts.contains(where: { !$0.patch.added.isEmpty || !$0.patch.deleted.isEmpty }) {
            let changes = parts.flatMap { $0.patch.setChanges($0.family) }
            if dataplane.hasSets(of: changes) {
                try dataplane.apply(changes)
            } else {
                try dataplane.replaceSets(proxy.state().sets)
            }
        }
        var spec = dataplane.spec
        for (_, patch) in parts where !patch.bound.isEmpty || !patch.unbound.isEmpty {
            guard let index = spec.interfaces.firstIndex(where: { $0.name == ProxyState.dummyDevice }) else { continue }
            let gone = Set(patch.unbound)
            spec.interfaces[index].addresses.removeAll { gone.contains($0.address) }
            spec.interfaces[index].addresses += patch.bound.map { IPPrefix($0, length: $0.family.bitCount) }
        }
        if spec.interfaces != dataplane.spec.interfaces { dataplane.updateNetwork(spec) }
        for (_, patch) in parts {
            if let rules = patch.rules { try replace(Self.ownChains(rules)) }
            for service in patch.changed { try update(service) }
            for key in patch.removed {
                draining.removeAll { $0.service == key }
                try command(.deleteService(key))
            }
        }
    }

    private func command(_ command: IPVSCommand) throws(DataplaneError) {
        do { try dataplane.ipvs.apply(command) } catch { throw DataplaneError("ipvs: \(error)") }
    }

    private mutating func update(_ wanted: VirtualService) throws(DataplaneError) {
        guard let present = dataplane.ipvs.service(wanted.key) else { return try command(.addService(wanted)) }
        let servers = dataplane.ipvs.servers(of: wanted.key)
        var header = wanted
        header.destinations = present.destinations
        if header != present { try command(.editService(wanted)) }
        for destination in wanted.destinations {
            let known = servers.first {
                $0.destination.address == destination.address && $0.destination.port == destination.port
            }
            if known == nil {
                try command(.addDestination(wanted.key, destination))
            } else if known?.destination != destination {
                draining.removeAll {
                    $0.service == wanted.key && $0.address == destination.address && $0.port == destination.port
                }
                try command(.editDestination(wanted.key, destination))
            }
        }
        for server in servers {
            let old = server.destination
            if wanted.destinations.contains(where: { $0.address == old.address && $0.port == old.port }) { continue }
            try retire(old, of: wanted.key, isIdle: server.activeConnections + server.inactiveConnections == 0)
        }
    }

    /// `GracefulDeleteRS`: UDP and SCTP servers go at once, others when no connection is left.
    private mutating func retire(
        _ destination: Destination, of key: VirtualService.Key, isIdle: Bool
    ) throws(DataplaneError) {
        if isIdle || !IPVSGracefulTermination.needsGrace(key) {
            draining.removeAll { $0.service == key && $0.address == destination.address && $0.port == destination.port }
            return try command(.deleteDestination(key, address: destination.address, port: destination.port))
        }
        guard destination.weight != 0 else { return }
        var drained = destination
        drained.weight = 0
        try command(.editDestination(key, drained))
        draining.append((key, destination.address, destination.port))
    }

    /// The look at draining servers, once a minute.
    mutating func releaseDrained() throws(DataplaneError) {
        for (key, address, port) in draining {
            guard let server = dataplane.ipvs.servers(of: key).first(where: {
                $0.destination.address == address && $0.destination.port == port
            }) else { continue }
            try retire(
                server.destination, of: key, isIdle: server.activeConnections + server.inactiveConnections == 0)
        }
    }

    // MARK: conntrack

    /// `CleanStaleEntries`: UDP flows to Services whose endpoint is none any more; returns how many.
    func removeStaleFlows(_ proxy: KubeProxy) -> Int {
        var count = 0
        for family in AddressFamily.allCases {
            let stale = proxy.staleFlows(family)
            if stale.isEmpty { continue }
            for flow in dataplane.connections() where flow.family == family && flow.ipProtocol == .udp {
                let (original, reply) = (flow.original, flow.reply)
                guard case .ports(let source, let destination) = original.ports,
                    case .ports(let replyPort, _) = reply.ports,
                    stale.isStale(
                        ipProtocol: .udp, destination: original.destination, port: destination,
                        replySource: reply.source, replyPort: replyPort)
                else { continue }
                var filter = ConnectionFilter()
                filter.family = family
                filter.ipProtocol = .udp
                filter.originalSource = IPPrefix(original.source, length: family.bitCount)
                filter.originalDestination = IPPrefix(original.destination, length: family.bitCount)
                filter.originalSourcePort = source
                filter.originalDestinationPort = destination
                count += dataplane.removeConnections(filter)
            }
        }
        return count
    }
}
