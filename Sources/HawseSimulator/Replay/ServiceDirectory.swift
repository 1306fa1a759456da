import HawseWire

/// Which Service an address and port belong to: for summaries, and to tell requests from replies.
public struct ServiceDirectory: Sendable {
    public struct Frontend: Hashable, Sendable {
        public var address: IPAddress
        public var port: UInt16
        public var ipProtocol: IPProtocol

        public init(address: IPAddress, port: UInt16, ipProtocol: IPProtocol) {
            self.address = address
            self.port = port
            self.ipProtocol = ipProtocol
        }
    }

    private var names: [Frontend: String] = [:]

    public init() {}

    /// `name` is `namespace/service:port`.
    public mutating func add(_ frontend: Frontend, name: String) {
        names[frontend] = name
    }

    /// A Service's address and port by `namespace/name[:port]`: the lowest address, so that ClusterIPs come before others
    /// where they are lower, and always the same.
    public func frontend(named name: String) -> Frontend? {
        names.filter { $0.value == name || $0.value.hasPrefix(name + ":") }.map(\.key)
            .min { ($0.address, $0.port, $0.ipProtocol.rawValue) < ($1.address, $1.port, $1.ipProtocol.rawValue) }
    }

    /// Where a Service (`namespace/name`) can be reached, the lowest address first, with the name of the port (`namespace/name:port`).
    public func frontends(of service: String) -> [(address: IPAddress, port: String, value: String)] {
        names.filter { $0.value == service || $0.value.hasPrefix(service + ":") }
            .sorted { ($0.key.address, $0.key.port, $0.key.ipProtocol.rawValue) < ($1.key.address, $1.key.port, $1.key.ipProtocol.rawValue) }
            .map { ($0.key.address, "\($0.key.port)", $0.value) }
    }

    /// All Services, as `namespace/name`.
    public var services: [String] { Set(names.values.map { String($0.prefix { $0 != ":" }) }).sorted() }

    public func name(_ address: IPAddress, _ port: UInt16, _ ipProtocol: IPProtocol) -> String? {
        names[Frontend(address: address, port: port, ipProtocol: ipProtocol)]
    }
}
