/// `trafficDistribution`: each ready endpoint is meant for its own zone, and for its own node where asked
/// (`endpointslice/trafficdist`).
struct DistributionHints: SliceHints {
    private let zones: Bool
    private let nodes: Bool

    init(_ distribution: String?) {
        zones = distribution == "PreferClose" || distribution == "PreferSameZone" || distribution == "PreferSameNode"
        nodes = distribution == "PreferSameNode"
    }

    func write(into slices: inout HintedSlices) {
        guard zones else { return slices.clear() }
        let wrong = slices.unchanged.filter { $0 != hinted($0) }
        slices.unchanged.removeAll { $0 != hinted($0) }
        slices.update = (slices.update + wrong).map(hinted)
        slices.create = slices.create.map(hinted)
    }

    /// Endpoints that are not ready keep what they have.
    private func hinted(_ slice: Kubernetes.EndpointSlice) -> Kubernetes.EndpointSlice {
        var slice = slice
        for index in slice.endpoints.indices where slice.endpoints[index].conditions.ready == true {
            let endpoint = slice.endpoints[index]
            var hints = Kubernetes.EndpointHints()
            if let zone = endpoint.zone { hints.forZones = [.init(zone)] }
            if nodes, let node = endpoint.nodeName { hints.forNodes = [.init(node)] }
            slice.endpoints[index].hints = hints == Kubernetes.EndpointHints() ? nil : hints
        }
        return slice
    }
}
