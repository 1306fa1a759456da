/// Rows of Endpoints and EndpointSlices (`printEndpoints`, `printEndpointSlice`): three entries, then a count.
enum EndpointRow {
    static func cells(_ endpoints: Kubernetes.Endpoints, _ state: ClusterState) -> [String] {
        var list: [String] = []
        for subset in endpoints.subsets {
            if subset.ports.isEmpty { list += subset.addresses.map(\.ip) }
            for port in subset.ports {
                list += subset.addresses.map { $0.ip.contains(":") ? "[\($0.ip)]:\(port.port)" : "\($0.ip):\(port.port)" }
            }
        }
        // Subsets without a ready address leave the cell empty.
        let empty = endpoints.subsets.isEmpty ? "<none>" : ""
        return [endpoints.metadata.name, shortened(list, empty: empty), ResourceColumns.age(endpoints, state)]
    }

    static func cells(_ slice: Kubernetes.EndpointSlice, _ state: ClusterState) -> [String] {
        let ports = slice.ports.map { $0.port.map(String.init) ?? $0.name ?? "*" }
        return [
            slice.metadata.name, slice.addressType, shortened(ports, empty: "<unset>", join: ","),
            shortened(slice.endpoints.flatMap(\.addresses), empty: "<unset>"), ResourceColumns.age(slice, state),
        ]
    }

    private static func shortened(_ list: [String], empty: String, join: String = ",") -> String {
        if list.isEmpty { return empty }
        let shown = list.prefix(3).joined(separator: join)
        return list.count > 3 ? "\(shown) + \(list.count - 3) more..." : shown
    }
}
