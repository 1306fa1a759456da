import HawseWire

/// `ip neigh add`: an ARP or neighbour-discovery entry, permanent unless said otherwise.
public struct Neighbor: Hashable, Sendable {
    public var address: IPAddress
    /// `nil` for proxy entries.
    public var mac: MACAddress?
    public var device: String
    public var isProxy: Bool

    public init(address: IPAddress, mac: MACAddress?, device: String, isProxy: Bool = false) {
        self.address = address
        self.mac = mac
        self.device = device
        self.isProxy = isProxy
    }
}

/// `bridge fdb append`: where a MAC lives, behind a bridge port or a VXLAN peer.
public struct ForwardingEntry: Hashable, Sendable {
    /// 00:00:00:00:00:00 is a VXLAN device's default destination.
    public var mac: MACAddress
    public var device: String
    /// The peer, for VXLAN devices.
    public var destination: IPAddress?
    public var port: UInt16?
    public var vni: UInt32?
    /// `self` (the device's own table) or `master` (the bridge's).
    public var isMaster: Bool
    /// `local`: the address of the port itself.
    public var isLocal: Bool
    /// Bridges that filter: of which VLAN; `nil`: of each that the port has.
    public var vlan: UInt16?
    /// VXLAN: the device by which the peer is reached, whatever the routes say.
    public var via: String?

    public init(
        mac: MACAddress, device: String, destination: IPAddress? = nil, port: UInt16? = nil, vni: UInt32? = nil,
        isMaster: Bool = false, isLocal: Bool = false, vlan: UInt16? = nil, via: String? = nil
    ) {
        self.mac = mac
        self.device = device
        self.destination = destination
        self.port = port
        self.vni = vni
        self.isMaster = isMaster
        self.isLocal = isLocal
        self.vlan = vlan
        self.via = via
    }
}

/// A local port with a process that takes whatever arrives and never answers.
public struct Listener: Hashable, Sendable {
    public var ipProtocol: IPProtocol
    public var family: AddressFamily
    /// `nil`: the wildcard address.
    public var address: IPAddress?
    public var port: UInt16
    public var isTransparent: Bool

    public init(
        ipProtocol: IPProtocol, family: AddressFamily, address: IPAddress? = nil, port: UInt16,
        isTransparent: Bool = false
    ) {
        self.ipProtocol = ipProtocol
        self.family = family
        self.address = address
        self.port = port
        self.isTransparent = isTransparent
    }
}
