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

    public func name(_ address: IPAddress, _ port: UInt16, _ ipProtocol: IPProtocol) -> String? {
        names[Frontend(address: address, port: port, ipProtocol: ipProtocol)]
    }
}
