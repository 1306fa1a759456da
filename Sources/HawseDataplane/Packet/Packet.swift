import HawseModel
import HawseWire

/// A packet on its way, the counterpart of `struct sk_buff`: one buffer with room in front, and what the stack
/// has learnt about it. Trivial, so that the pool hands it out without reference counting.
struct Packet {
    /// Start of the allocation; every offset below counts from here.
    var buffer: UnsafeMutableRawPointer
    var capacity: Int32
    /// Offset of the Ethernet header; -1 when the packet has none (yet).
    var mac: Int32 = -1
    /// Offset of the IP (or ARP) header.
    var network: Int32 = 0
    /// Offset of the transport header: behind IPv4 options or all IPv6 extension headers.
    var transport: Int32 = 0
    /// One past the last byte.
    var end: Int32 = 0

    var etherType = EtherType(rawValue: 0)
    /// 4 or 6; 0 when it is not IP.
    var version: UInt8 = 0
    /// The upper protocol, behind IPv6 extension headers.
    var ipProtocol: IPProtocol = .unspecified
    /// In bytes; non-zero on every fragment but the first.
    var fragmentOffset: UInt16 = 0
    var packetType: PacketType = .host
    var stage: Stage = .receive
    var flags: Flags = []

    /// Interface indices (`ifindex`); 0 is none. `in` and `out` are what rules see as `-i` and `-o`.
    var inInterface: UInt16 = 0
    var outInterface: UInt16 = 0
    /// Bridge ports of a bridged frame (`nf_bridge_info`).
    var physIn: UInt16 = 0
    var physOut: UInt16 = 0

    /// `IP6CB(skb)->iif`: the device that counts as the one it came in on, for redirects and errors.
    var arrival: UInt16 = 0
    /// `skb->dev` of a packet of the node's own at `ip_output`, which POSTROUTING takes for the device it came in on: neighbour
    /// discovery and TEE set it.
    var ownDevice: UInt16 = 0
    var mark: UInt32 = 0
    var priority: UInt32 = 0
    /// The VLAN tag (TPID, TCI) that a copy of a bridged frame has beside it until it gets a frame of its own
    /// (`skb->vlan_tci`); 0 is none.
    var tag: UInt32 = 0
    var secmark: UInt32 = 0
    /// Handle into the connection table; 0 is none. See `ConnectionTable`.
    var connection: UInt32 = 0
    var connectionInfo: ConnectionInfo = .none
    /// What a CT target has set for the connection that is yet to be looked up.
    var connectionTemplate: ConnectionTemplate = .none
    /// Largest fragment of a reassembled packet (`IPCB(skb)->frag_max_size`), IP bytes; 0: was never in pieces.
    var fragmentMaxSize: UInt16 = 0
    /// Where the part that was in pieces begins in a reassembled IPv6 packet, behind the IP header's start.
    var wholeFrom: UInt16 = 0
    /// Handle of the sizes the packet arrived in, see `Reassembly`; 0 is none.
    var fragmentGeometry: UInt32 = 0
    /// Handle of the IPVS connection that owns the packet; 0 is none.
    var virtualConnection: UInt32 = 0

    var route = RouteResult()
    /// What targets have added to the IPv6 header as a sum of words: it is not in the checksum that conntrack has added up
    /// over the whole packet (`skb->csum`).
    var headerSum: UInt16 = 0
    /// IPv4 options, as far as somebody looked at them.
    var options = IPOptionMarks()

    /// Socket owner of a locally sent packet (`-m owner`); -1: no socket; -2: a socket of the kernel's own.
    var uid: Int32 = -1
    var gid: Int32 = -1
    /// The local socket (listener index + 1) that TPROXY assigned; 0 is none.
    var socket: UInt16 = 0
    /// How many packets that the node made for itself lie between this one and a frame from outside.
    var generation: UInt8 = 0
    /// Outcome, once `stage` is `.done`.
    var disposition: Disposition = .pending
    /// Ordinal of the frame from outside that caused this packet.
    var cause: UInt64 = 0

    /// `uid` of a packet from one of the kernel's control sockets.
    static let kernelSocket: Int32 = -2
}

/// `PACKET_*` of if_packet.h.
enum PacketType: UInt8 {
    case host = 0
    case broadcast = 1
    case multicast = 2
    case otherHost = 3
    case outgoing = 4
    case loopback = 5

    /// To a MAC that is not one device's.
    @inline(__always) var isGroup: Bool { self == .broadcast || self == .multicast }
}

/// `enum ip_conntrack_info`, with "no connection" and "untracked" made explicit.
enum ConnectionInfo: UInt8 {
    case established = 0
    case related = 1
    case new = 2
    case establishedReply = 3
    case relatedReply = 4
    /// `IP_CT_UNTRACKED`: NOTRACK, or neighbour discovery.
    case untracked = 7
    /// No connection: INVALID to the matches.
    case none = 8

    @inline(__always) var isReply: Bool { self == .establishedReply || self == .relatedReply }
}

/// What a route lookup says (`struct rtable`, `struct rt6_info`).
struct RouteResult {
    enum Kind: UInt8 {
        case none = 0
        case unicast, local, broadcast, multicast, unreachable, prohibit, blackhole
        /// The source or destination address may not be routed at all.
        case martian
        /// No route matched.
        case noRoute
        /// An IPv6 subnet-router address (only `addressKind` tells it from `.local`).
        case anycast
    }

    // 48 bytes without holes: copied as three whole vectors, at the same places when stored and when read again.
    var kind: Kind = .none
    /// `rt_gw_family`: 0 when the destination is on the link itself.
    var gatewayVersion: UInt8 = 0
    var outInterface: UInt16 = 0
    /// Bytes; 0: the device's.
    var mtu: UInt32 = 0
    var realm: UInt32 = 0
    private var bits: UInt32 = 0
    var gateway: AddressBits = .zero
    /// `RTA_PREFSRC` or what `inet_select_addr` chose.
    var source: AddressBits = .zero

    init(kind: Kind = .none) { self.kind = kind }

    /// IPv4 `rt_flags & RTCF_DOREDIRECT`: sent out where it came in, to a neighbour on the sender's net.
    @inline(__always) var redirects: Bool {
        get { bits & 1 != 0 }
        set { bits = bits & ~1 | (newValue ? 1 : 0) }
    }
    @inline(__always) var isOnlink: Bool {
        get { bits & 2 != 0 }
        set { bits = bits & ~2 | (newValue ? 2 : 0) }
    }
    /// `mtu lock`: path MTU discovery does not change it.
    @inline(__always) var hasLockedMTU: Bool {
        get { bits & 16 != 0 }
        set { bits = bits & ~16 | (newValue ? 16 : 0) }
    }
    /// `RTF_ANYCAST`: what leads to the node as a subnet-router address.
    @inline(__always) var isAnycast: Bool {
        get { bits & 32 != 0 }
        set { bits = bits & ~32 | (newValue ? 32 : 0) }
    }
    /// IPv6: the destination is the first address of the prefix that the route is for.
    @inline(__always) var namesNetwork: Bool {
        get { bits & 64 != 0 }
        set { bits = bits & ~64 | (newValue ? 64 : 0) }
    }
    /// `ipv6_anycast_destination`.
    @inline(__always) var isTakenForAnycast: Bool { bits & 96 != 0 }
    /// `RTA_PREFSRC` was given.
    @inline(__always) var hasPreferredSource: Bool {
        get { bits & 4 != 0 }
        set { bits = bits & ~4 | (newValue ? 4 : 0) }
    }
}

typealias PacketRef = UnsafeMutablePointer<Packet>

extension UnsafeMutablePointer where Pointee == Packet {
    @inline(__always) var networkPointer: UnsafeMutableRawPointer { pointee.buffer + Int(pointee.network) }
    @inline(__always) var transportPointer: UnsafeMutableRawPointer { pointee.buffer + Int(pointee.transport) }
    @inline(__always) var ethernet: EthernetHeader { EthernetHeader(pointee.buffer + Int(pointee.mac)) }
    @inline(__always) var ipv4: IPv4Header { IPv4Header(networkPointer) }
    @inline(__always) var ipv6: IPv6Header { IPv6Header(networkPointer) }
    @inline(__always) var tcp: TCPHeader { TCPHeader(transportPointer) }
    @inline(__always) var udp: UDPHeader { UDPHeader(transportPointer) }
    @inline(__always) var icmp: ICMPHeader { ICMPHeader(transportPointer) }

    @inline(__always) var isIPv4: Bool { pointee.version == 4 }
    @inline(__always) var isIPv6: Bool { pointee.version == 6 }
    @inline(__always) var family: AddressFamily { pointee.version == 6 ? .ipv6 : .ipv4 }

    /// Bytes from the IP header to the end: what rule counters add (`skb->len` at a hook).
    @inline(__always) var length: Int { Int(pointee.end &- pointee.network) }
    /// Bytes from the transport header to the end.
    @inline(__always) var transportLength: Int { Int(pointee.end &- pointee.transport) }
    /// Free bytes before the network header.
    @inline(__always) var headroom: Int { Int(pointee.network) }

    @inline(__always) var sourceBits: AddressBits { isIPv4 ? ipv4.sourceBits : ipv6.source }
    @inline(__always) var destinationBits: AddressBits { isIPv4 ? ipv4.destinationBits : ipv6.destination }
    /// A later fragment: it has no transport header.
    @inline(__always) var isLaterFragment: Bool { pointee.fragmentOffset != 0 }
}
