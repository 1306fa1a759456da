/// A name below the cluster's zone, taken apart (CoreDNS's `parseRequest`): `endpoint.service.namespace.svc`,
/// `_port._protocol.service.namespace.svc`, `10-0-0-1.namespace.pod`, and with zonal names
/// `zone.pin._zone.service.namespace.svc`; in multi-cluster zones `endpoint.cluster.service.namespace.svc`.
public struct DNSQuery: Hashable, Sendable {
    public enum Kind: String, Hashable, Sendable { case service = "svc", pod }
    /// Whether a zone's name stands for that zone's endpoints alone, or for all when it has none.
    public enum ZoneChoice: String, Hashable, Sendable { case pin, prefer }

    public private(set) var kind: Kind?
    public private(set) var namespace = ""
    /// The Service, or the pod's dashed address.
    public private(set) var service = ""
    public private(set) var endpoint = ""
    /// In a multi-cluster zone the cluster that an endpoint is of.
    public private(set) var cluster = ""
    public private(set) var port = ""
    public private(set) var transport = ""
    public private(set) var zone = ""
    public private(set) var zoneChoice: ZoneChoice?

    /// `labels`: those before the zone, in lower case. `nil`: no name of the cluster's grammar.
    public init?(_ labels: [String], isZonal: Bool = false, isMulticluster: Bool = false) {
        // The zone itself, and `svc` and `pod` in it, exist and have no data.
        guard let last = labels.last else { return }
        guard let kind = Kind(rawValue: last) else { return nil }
        guard labels.count > 1 else { return }
        self.kind = kind
        var rest = labels.dropLast()
        namespace = rest.removeLast()
        service = rest.popLast() ?? ""
        switch rest.count {
        case 0: break
        case 1: endpoint = rest.removeLast()
        case 2 where isMulticluster && !rest.contains { $0.hasPrefix("_") }:
            cluster = rest.removeLast()
            endpoint = rest.removeLast()
        case 2:
            transport = Self.withoutUnderscore(rest.removeLast())
            port = Self.withoutUnderscore(rest.removeLast())
        case 3 where isZonal && !isMulticluster && rest.last == "_zone":
            rest.removeLast()
            guard let choice = ZoneChoice(rawValue: rest.removeLast()) else { return nil }
            zoneChoice = choice
            zone = rest.removeLast()
        default: return nil
        }
    }

    private static func withoutUnderscore(_ label: String) -> String {
        label.hasPrefix("_") ? String(label.dropFirst()) : label
    }
}
