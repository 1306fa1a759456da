import HawseWire

/// What one rendered port of a Service is called: namespace, Service, port name and protocol.
public struct ServicePortName: Hashable, Sendable, Comparable, CustomStringConvertible {
    public var namespace: String
    public var service: String
    /// Empty for the single unnamed port.
    public var port: String
    public var ipProtocol: IPProtocol

    public init(namespace: String, service: String, port: String = "", ipProtocol: IPProtocol = .tcp) {
        self.namespace = namespace
        self.service = service
        self.port = port
        self.ipProtocol = ipProtocol
    }

    /// `namespace/service` or `namespace/service:port`, as rule comments have it.
    public var description: String {
        port.isEmpty ? "\(namespace)/\(service)" : "\(namespace)/\(service):\(port)"
    }

    /// A Service has few ports: its name is enough to tell most apart.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(service)
        hasher.combine(namespace)
    }

    public var key: ObjectKey { ObjectKey(namespace: namespace, name: service) }

    /// Names are ASCII, so the order of strings is the order of their bytes.
    public static func < (a: Self, b: Self) -> Bool {
        if a.namespace != b.namespace { return a.namespace < b.namespace }
        if a.service != b.service { return a.service < b.service }
        if a.port != b.port { return a.port < b.port }
        return a.ipProtocol.rawValue < b.ipProtocol.rawValue
    }
}

extension IPProtocol {
    /// The protocol of a Service port; an empty word counts as TCP. `nil`: none of the three that kube-proxy knows.
    init?(transport: Kubernetes.TransportProtocol?) {
        switch transport?.rawValue ?? "" {
        case "", "TCP": self = .tcp
        case "UDP": self = .udp
        case "SCTP": self = .sctp
        default: return nil
        }
    }

    /// `tcp`, `udp` or `sctp`: the word in rules and in hashed names.
    var transportName: String {
        switch self {
        case .udp: "udp"
        case .sctp: "sctp"
        default: "tcp"
        }
    }
}
