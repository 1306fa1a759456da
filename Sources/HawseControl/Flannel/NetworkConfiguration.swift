import HawseWire

extension Flannel {
    /// net-conf.json: the network all pods live in, how it is cut into subnets, and the backend that joins them.
    public struct NetworkConfiguration: Hashable, Sendable {
        public var enableIPv4 = true
        public var enableIPv6 = false
        /// The daemon writes nftables chains of its own instead of iptables rules.
        public var enableNFTables = false
        public var network: IPPrefix?
        public var ipv6Network: IPPrefix?
        /// First and last subnet that may be given out, by their base addresses.
        public var subnetMin: IPAddress?
        public var subnetMax: IPAddress?
        public var ipv6SubnetMin: IPAddress?
        public var ipv6SubnetMax: IPAddress?
        /// Prefix length of a node's subnet; 0 until `completed()` chooses one.
        public var subnetLength = 0
        public var ipv6SubnetLength = 0
        public var backend = Backend.udp(UDPBackend())

        public init() {}

        public init(network: IPPrefix? = nil, ipv6Network: IPPrefix? = nil, backend: Backend) {
            self.network = network
            self.ipv6Network = ipv6Network
            self.backend = backend
            enableIPv4 = network != nil
            enableIPv6 = ipv6Network != nil
        }

        public func isEnabled(_ family: AddressFamily) -> Bool { family == .ipv4 ? enableIPv4 : enableIPv6 }

        /// The whole pod network of a family; `nil` where the family is off.
        public func podNetwork(_ family: AddressFamily) -> IPPrefix? {
            guard isEnabled(family) else { return nil }
            return family == .ipv4 ? network : ipv6Network
        }

        func limits(_ family: AddressFamily) -> (first: IPAddress, last: IPAddress, length: Int)? {
            let (first, last, length) =
                family == .ipv4
                ? (subnetMin, subnetMax, subnetLength) : (ipv6SubnetMin, ipv6SubnetMax, ipv6SubnetLength)
            guard isEnabled(family), let first, let last else { return nil }
            return (first, last, length)
        }

        /// Whether a subnet is one that this configuration could have given out: within the bounds and of the length.
        /// A family that is off wants no subnet at all.
        public func admits(_ subnet: IPPrefix?, _ family: AddressFamily) -> Bool {
            guard isEnabled(family) else { return subnet == nil }
            guard let subnet, let limits = limits(family) else { return false }
            return subnet.address >= limits.first && subnet.address <= limits.last && subnet.length == limits.length
        }
    }

    /// Everything that is wrong with a text, by field.
    public struct ConfigurationError: Error, Sendable, Hashable, CustomStringConvertible {
        public var diagnostics: [ManifestDiagnostic]

        public init(_ diagnostics: [ManifestDiagnostic]) { self.diagnostics = diagnostics }

        public init(file: String, field: String, _ message: String, suggestion: String? = nil) {
            self.init([
                ManifestDiagnostic(
                    severity: .error, file: file, mark: .none, field: field, message: message,
                    suggestion: suggestion)
            ])
        }

        public var description: String { diagnostics.map(\.description).joined(separator: "\n") }
    }
}
