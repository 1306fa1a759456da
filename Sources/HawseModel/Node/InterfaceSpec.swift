import HawseWire

/// A network device. Its index (`ifindex`) is its position in `NodeSpec.interfaces` + 1.
public struct InterfaceSpec: Hashable, Sendable {
    public enum Kind: Hashable, Sendable {
        case ether
        case veth
        /// VIPs are parked on one of these (`kube-ipvs0`); what is routed to it is lost.
        case dummy
        case loopback
        case bridge
        case vxlan(VXLANSpec)
        /// 802.1Q sub-interface.
        case vlan(id: UInt16, parent: String)
        case ipip(local: IPAddress, remote: IPAddress?)
        case tun
    }

    public var name: String
    public var kind: Kind
    public var mac: MACAddress
    /// Bytes of the largest IP packet.
    public var mtu: Int
    public var isUp: Bool
    public var addresses: [IPPrefix]
    /// The bridge this interface is a port of.
    public var bridge: String?
    /// A bridge port that may send a frame back where it came from (`hairpin on`).
    public var hairpin: Bool
    /// `devgroup`.
    public var group: UInt32

    public init(
        name: String, kind: Kind = .ether, mac: MACAddress = .zero, mtu: Int = 1500, isUp: Bool = true,
        addresses: [IPPrefix] = [], bridge: String? = nil, hairpin: Bool = false, group: UInt32 = 0
    ) {
        self.name = name
        self.kind = kind
        self.mac = mac
        self.mtu = mtu
        self.isUp = isUp
        self.addresses = addresses
        self.bridge = bridge
        self.hairpin = hairpin
        self.group = group
    }
}

/// A VXLAN device (`ip link add … type vxlan`).
public struct VXLANSpec: Hashable, Sendable {
    public var vni: UInt32
    public var local: IPAddress?
    /// Destination port, 8472 unless given (the kernel's default).
    public var port: UInt16
    /// The underlay device.
    public var device: String?
    public var learning: Bool
    public var gbp: Bool
    /// 0: the device's default (64 for routed packets).
    public var ttl: UInt8
    /// 1 is `inherit`.
    public var tos: UInt8
    public var udpChecksum: Bool

    public init(
        vni: UInt32, local: IPAddress? = nil, port: UInt16 = 8472, device: String? = nil, learning: Bool = false,
        gbp: Bool = false, ttl: UInt8 = 0, tos: UInt8 = 0, udpChecksum: Bool = true
    ) {
        self.vni = vni
        self.local = local
        self.port = port
        self.device = device
        self.learning = learning
        self.gbp = gbp
        self.ttl = ttl
        self.tos = tos
        self.udpChecksum = udpChecksum
    }
}
