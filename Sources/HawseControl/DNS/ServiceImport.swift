import HawseWire

/// `multicluster.x-k8s.io` ServiceImport: a Service that other clusters have exported (KEP-1645).
public struct ServiceImport: Sendable {
    static let label = "multicluster.kubernetes.io/service-name"
    static let clusterLabel = "multicluster.kubernetes.io/source-cluster"

    public var key: ObjectKey
    public var isHeadless: Bool
    /// ClusterSet addresses, the same in every cluster.
    public var addresses: [IPAddress]
    public var ports: [(name: String, transport: String, number: Int)]

    /// Out of a manifest, which is kept as it came: the kind is not simulated.
    public init?(_ object: Kubernetes.Unknown) {
        guard object.kind == "ServiceImport", let spec = object.content["spec"] else { return nil }
        key = ObjectKey(
            namespace: object.metadata.namespace.isEmpty ? "default" : object.metadata.namespace, name: object.metadata.name)
        isHeadless = spec["type"]?.text == "Headless"
        addresses = (spec["ips"]?.items ?? []).compactMap { $0.text.flatMap { IPAddress($0) } }
        ports = (spec["ports"]?.items ?? []).map {
            ($0["name"]?.text ?? "", ($0["protocol"]?.text ?? "TCP").lowercased(), $0["port"]?.int ?? 0)
        }
    }

    /// A name under which slices of imported Services are kept: no Service can have it.
    static func mangled(_ name: String) -> String { name + "/import" }
    static func isMangled(_ name: String) -> Bool { name.hasSuffix("/import") }
}
