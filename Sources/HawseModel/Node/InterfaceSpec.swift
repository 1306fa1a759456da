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
        /// A sub-interface; `InterfaceSpec.vlanProtocol` says with which tags.
        case vlan(id: UInt16, parent: String)
        case ipip(IPIPSpec)
        case tun
    }

    public var name: String
    public var kind: Kind
    public var mac: MACAddress
    /// Bytes of the largest IP packet.
    public var mtu: Int
    public var isUp: Bool
    public var addresses: [IPPrefix]
    /// IPv6 addresses of a device that went down, which it has again when it comes up (`keep_addr_on_down`).
    public var keptAddresses: [IPPrefix] = []
    /// The bridge this interface is a port of.
    public var bridge: String?
    /// A bridge port that may send a frame back where it came from (`hairpin on`).
    public var hairpin: Bool
    /// What the bridge does at this port (`bridge link set`).
    public var port = BridgePort()
    /// Bridges: seconds after which a MAC that was learnt counts for nothing.
    public var ageing = 300.0
    /// `devgroup`.
    public var group: UInt32
    /// VLANs: the protocol of their tags. Bridges: that of the tags they filter by.
    public var vlanProtocol = VLANProtocol.customer
    /// Bridges: `vlan_filtering`.
    public var filtersVLANs = false
    /// Ports of a bridge and bridges: the VLANs they are members of, which count where the bridge filters.
    public var vlans = [BridgeVLAN.initial]
    /// Bridges: which groups 01:80:c2:00:00:00 to 0f are forwarded, a bit each (`group_fwd_mask`).
    public var forwardedGroups: UInt16 = 0
    /// Bridges: `mcast_snooping`, as when there is no querier: groups are flooded, but not what is no whole IP packet.
    public var snoopsMulticast = false

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

/// Switches of a bridge port, as a new port has them.
public struct BridgePort: Hashable, Sendable {
    public var learns = true
    /// Frames to MACs that nobody has been heard from.
    public var floods = true
    public var floodsMulticast = true
    public var floodsBroadcast = true
    /// Isolated ports do not reach each other.
    public var isIsolated = false
    /// Groups 01:80:c2:00:00:00 to 0f that are forwarded when they come in here, a bit each (`group_fwd_mask`).
    public var forwardedGroups: UInt16 = 0

    public init() {}
}

/// An IPv4-in-IPv4 tunnel (`ip link add … type ipip`).
public struct IPIPSpec: Hashable, Sendable {
    /// The outer source; `nil`: what the route says, and packets to any address of the node come in.
    public var local: IPAddress?
    /// The other end; `nil`: the next hop of each packet.
    public var remote: IPAddress?
    /// 0: the inner packet's.
    public var ttl: UInt8
    /// 1 is `inherit`.
    public var tos: UInt8
    /// Outer packets have DF (`pmtudisc`, as `ip link` makes them); else only those whose inner packet has.
    public var discoversPathMTU: Bool

    public init(
        local: IPAddress?, remote: IPAddress? = nil, ttl: UInt8 = 0, tos: UInt8 = 0, discoversPathMTU: Bool = true
    ) {
        self.local = local
        self.remote = remote
        self.ttl = ttl
        self.tos = tos
        self.discoversPathMTU = discoversPathMTU
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
    /// Whether the outer IPv4 header says DF.
    public enum DontFragment: String, Hashable, Sendable, CaseIterable { case unset, set, inherit }
    public var dontFragment = DontFragment.unset
    /// `ttl inherit`.
    public var inheritsTTL = false
    /// Where frames to unknown MACs go: a peer or a group (`remote`, `group`).
    public var remote: IPAddress?
    /// `srcport`; without it `net.ipv4.ip_local_port_range`.
    public var sourcePorts: ClosedRange<UInt16>?
    /// `udp6zerocsumtx`, `udp6zerocsumrx`.
    public var sendsZeroChecksum6 = false
    public var acceptsZeroChecksum6 = false

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
