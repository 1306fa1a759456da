import HawseWire

/// A route as `ip route add` takes it. Local, broadcast and connected routes follow from the addresses and are not listed.
public struct Route: Hashable, Sendable {
    public enum Kind: String, Hashable, Sendable {
        case unicast, local, broadcast, multicast, unreachable, prohibit, blackhole, `throw`
    }

    public struct NextHop: Hashable, Sendable {
        public var gateway: IPAddress?
        public var device: String?
        public var weight: Int
        public var onlink: Bool
        /// `RTNH_F_DEAD`: not used until its device comes up the next time.
        public var isDead = false

        public init(gateway: IPAddress? = nil, device: String? = nil, weight: Int = 1, onlink: Bool = false) {
            self.gateway = gateway
            self.device = device
            self.weight = weight
            self.onlink = onlink
        }
    }

    public var kind: Kind
    public var destination: IPPrefix
    /// One for a plain route, several for multipath, none for unreachable and its like.
    public var nextHops: [NextHop]
    /// 254 main, 255 local, 253 default.
    public var table: UInt32
    public var metric: UInt32
    public var preferredSource: IPAddress?
    /// Bytes; 0: the device's.
    public var mtu: Int
    /// `mtu lock`: path MTU discovery does not change it.
    public var isMTULocked = false
    public var tos: UInt8
    public var realm: UInt32

    /// Every next hop is behind a gateway.
    public var hasGateways: Bool { !nextHops.isEmpty && nextHops.allSatisfy { $0.gateway != nil } }

    public init(
        kind: Kind = .unicast, destination: IPPrefix, nextHops: [NextHop] = [], table: UInt32 = 254,
        metric: UInt32 = 0, preferredSource: IPAddress? = nil, mtu: Int = 0, tos: UInt8 = 0, realm: UInt32 = 0
    ) {
        self.kind = kind
        self.destination = destination
        self.nextHops = nextHops
        self.table = table
        self.metric = metric
        self.preferredSource = preferredSource
        self.mtu = mtu
        self.tos = tos
        self.realm = realm
    }
}

/// `ip rule`: which table a packet's route is sought in.
public struct RoutingRule: Hashable, Sendable {
    public enum Action: Hashable, Sendable {
        case lookup(table: UInt32)
        case unreachable, prohibit, blackhole
        case goto(priority: UInt32)
        case nop
    }

    /// `nil`: for both families.
    public var family: AddressFamily?
    public var priority: UInt32
    public var isInverted: Bool
    public var from: IPPrefix?
    public var to: IPPrefix?
    public var mark: MaskedValue?
    public var inInterface: String?
    public var outInterface: String?
    public var tos: UInt8
    public var ipProtocol: IPProtocol?
    public var sourcePorts: ClosedRange<UInt16>?
    public var destinationPorts: ClosedRange<UInt16>?
    /// A route of at most this prefix length does not count (`suppress_prefixlength`).
    public var suppressedLength: Int?
    /// A route by a device of this group does not count (`suppress_ifgroup`).
    public var suppressedGroup: UInt32?
    public var action: Action

    public init(
        family: AddressFamily? = nil, priority: UInt32, isInverted: Bool = false, from: IPPrefix? = nil,
        to: IPPrefix? = nil, mark: MaskedValue? = nil, inInterface: String? = nil, outInterface: String? = nil,
        tos: UInt8 = 0, action: Action
    ) {
        self.family = family
        self.priority = priority
        self.isInverted = isInverted
        self.from = from
        self.to = to
        self.mark = mark
        self.inInterface = inInterface
        self.outInterface = outInterface
        self.tos = tos
        self.action = action
    }

    /// 0: local, 32766: main, 32767: default.
    public static let defaults = [
        RoutingRule(priority: 0, action: .lookup(table: 255)),
        RoutingRule(priority: 32766, action: .lookup(table: 254)),
        RoutingRule(priority: 32767, action: .lookup(table: 253)),
    ]
}
