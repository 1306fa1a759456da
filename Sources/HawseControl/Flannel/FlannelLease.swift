import HawseModel
import HawseWire

extension Flannel {
    /// A node's hold on a subnet: which, by whom, over what backend, until when.
    public struct Lease: Hashable, Sendable {
        public var subnet: IPPrefix?
        public var ipv6Subnet: IPPrefix?
        public var attributes: LeaseAttributes
        /// `nil`: a reservation, which never ends.
        public var expiration: Instant?

        public init(
            subnet: IPPrefix?, ipv6Subnet: IPPrefix? = nil, attributes: LeaseAttributes, expiration: Instant? = nil
        ) {
            self.subnet = subnet
            self.ipv6Subnet = ipv6Subnet
            self.attributes = attributes
            self.expiration = expiration
        }

        public func subnet(_ family: AddressFamily) -> IPPrefix? { family == .ipv4 ? subnet : ipv6Subnet }
        public var key: SubnetKey? { subnet.map { SubnetKey(subnet: $0, ipv6Subnet: ipv6Subnet) } }

        /// Whether two leases are of the same subnet, whoever holds them.
        public func isSameSubnet(as other: Lease) -> Bool {
            subnet == other.subnet && (ipv6Subnet == other.ipv6Subnet || (subnet != nil && other.ipv6Subnet == nil))
        }
    }

    /// What a node says of itself in its lease. The registry's value is this as JSON.
    public struct LeaseAttributes: Hashable, Sendable {
        /// `nil` (an IPv6-only node) is written as 0.0.0.0.
        public var publicIP: IPAddress?
        public var publicIPv6: IPAddress?
        /// Empty for the udp backend, which writes none.
        public var backendType: String
        public var backendData: BackendData?
        public var backendV6Data: BackendData?

        public init(
            publicIP: IPAddress?, publicIPv6: IPAddress? = nil, backendType: String = "",
            backendData: BackendData? = nil, backendV6Data: BackendData? = nil
        ) {
            self.publicIP = publicIP
            self.publicIPv6 = publicIPv6
            self.backendType = backendType
            self.backendData = backendData
            self.backendV6Data = backendV6Data
        }

        public func publicAddress(_ family: AddressFamily) -> IPAddress? {
            family == .ipv4 ? publicIP : publicIPv6
        }
        public func data(_ family: AddressFamily) -> BackendData? { family == .ipv4 ? backendData : backendV6Data }
    }

    /// What a backend's peers have to know beside the address.
    public enum BackendData: Hashable, Sendable {
        case vxlan(vni: UInt32, mac: MACAddress)
        case wireguard(publicKey: String, port: UInt16)
        /// A JSON text of another shape, kept as written.
        case other(String)
    }

    public struct LeaseEvent: Hashable, Sendable {
        public enum Kind: String, Hashable, Sendable { case added, removed }

        public var kind: Kind
        public var lease: Lease

        public init(_ kind: Kind, _ lease: Lease) {
            self.kind = kind
            self.lease = lease
        }
    }
}
