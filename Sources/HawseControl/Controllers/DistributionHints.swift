/// `trafficDistribution`: each ready endpoint is meant for its own zone, and for its own node where asked
/// (`endpointslice/trafficdist`).
struct DistributionHints: SliceHints {
    private let zones: Bool
    private let nodes: Bool

    init(_ distribution: String?) {
        zones = distribution == "PreferClose" || distribution == "PreferSameZone" || distribution == "PreferSameNode"
        nodes = distribution == "PreferSameNode"
    }

    func hinted(_ slices: [Kubernetes.EndpointSlice]) -> [Kubernetes.EndpointSlice] {
        slices.map { slice in
            var slice = slice
            for index in slice.endpoints.indices {
                let endpoint = slice.endpoints[index]
                var hints = Kubernetes.EndpointHints()
                if endpoint.conditions.ready != false {
                    if zones, let zone = endpoint.zone { hints.forZones = [.init(zone)] }
                    if nodes, let node = endpoint.nodeName { hints.forNodes = [.init(node)] }
                }
                slice.endpoints[index].hints = hints == Kubernetes.EndpointHints() ? nil : hints
            }
            return slice
        }
    }
}
