import HawseWire

/// Which UDP flows of conntrack kube-proxy deletes after a sync (`CleanStaleEntries`): those to an address or node
/// port of a Service that were translated to something that is no serving endpoint of it any more.
///
/// UDP has no connection that could break, so without this a client that keeps its port would go on being sent to
/// an endpoint that is gone.
public struct StaleFlows: Sendable {
    private struct Frontend: Hashable, Sendable {
        var address: IPAddress
        var port: UInt16
    }

    private var addresses: [Frontend: Set<Frontend>] = [:]
    private var nodePorts: [UInt16: Set<Frontend>] = [:]

    public init(services: ServiceMap, endpoints: EndpointsMap) {
        for (name, service) in services.ports where name.ipProtocol == .udp {
            let serving = endpoints[name].filter(\.isServing).map { Frontend(address: $0.address, port: $0.port) }
            // Nothing could take the flow over: it is left alone.
            if serving.isEmpty { continue }
            for address in [service.clusterIP] + service.externalIPs + service.loadBalancerVIPs {
                addresses[Frontend(address: address, port: service.port)] = Set(serving)
            }
            if service.nodePort != 0 { nodePorts[service.nodePort] = Set(serving) }
        }
    }

    /// No UDP Service could have a stale flow.
    public var isEmpty: Bool { addresses.isEmpty && nodePorts.isEmpty }

    /// A flow by its original destination and the source of its replies.
    public func isStale(
        ipProtocol: IPProtocol, destination: IPAddress, port: UInt16, replySource: IPAddress, replyPort: UInt16
    ) -> Bool {
        guard ipProtocol == .udp else { return false }
        let endpoint = Frontend(address: replySource, port: replyPort)
        // A node port is looked for behind every address, also where a Service's own port has its number.
        if let serving = addresses[Frontend(address: destination, port: port)], !serving.contains(endpoint) { return true }
        return nodePorts[port].map { !$0.contains(endpoint) } ?? false
    }
}
