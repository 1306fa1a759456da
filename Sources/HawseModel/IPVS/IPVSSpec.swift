import HawseWire

/// The virtual servers of a node, in the order in which they were added.
public struct IPVSSpec: Hashable, Sendable {
    public var services: [VirtualService]
    /// `ipvsadm --set tcp tcpfin udp`, seconds; 0 leaves one as it is.
    public var timeouts: Timeouts?

    public init(services: [VirtualService] = [], timeouts: Timeouts? = nil) {
        self.services = services
        self.timeouts = timeouts
    }

    public struct Timeouts: Hashable, Sendable {
        public var tcp: UInt32
        public var tcpFin: UInt32
        public var udp: UInt32

        public init(tcp: UInt32, tcpFin: UInt32, udp: UInt32) {
            self.tcp = tcp
            self.tcpFin = tcpFin
            self.udp = udp
        }
    }
}

/// A virtual service (`ipvsadm -A`; `struct ip_vs_service`).
public struct VirtualService: Hashable, Sendable {
    public enum Key: Hashable, Sendable {
        case address(ipProtocol: IPProtocol, address: IPAddress, port: UInt16)
        case mark(UInt32, family: AddressFamily)
    }

    public enum Scheduler: String, Hashable, Sendable, CaseIterable {
        case rr, wrr, lc, wlc, lblc, lblcr, dh, sh, sed, nq, fo, ovf, mh, twos
    }

    public struct Flags: OptionSet, Hashable, Sendable {
        public var rawValue: UInt8
        public init(rawValue: UInt8) { self.rawValue = rawValue }

        public static let persistent = Flags(rawValue: 0x01)
        public static let onePacket = Flags(rawValue: 0x04)
        /// sh-fallback, mh-fallback.
        public static let schedule1 = Flags(rawValue: 0x08)
        /// sh-port, mh-port.
        public static let schedule2 = Flags(rawValue: 0x10)
        public static let schedule3 = Flags(rawValue: 0x20)
    }

    /// What tells the connections of persistent clients apart beside their addresses (`--pe`).
    public enum Engine: String, Hashable, Sendable, CaseIterable {
        /// By SIP's Call-ID.
        case sip
    }

    public var key: Key
    public var scheduler: Scheduler
    public var flags: Flags
    /// Seconds; used with `.persistent`.
    public var persistenceTimeout: UInt32
    /// Prefix length the client's address is masked with.
    public var persistenceMask: Int
    public var engine: Engine?
    public var destinations: [Destination]

    public init(
        key: Key, scheduler: Scheduler = .wlc, flags: Flags = [], persistenceTimeout: UInt32 = 0,
        persistenceMask: Int? = nil, engine: Engine? = nil, destinations: [Destination] = []
    ) {
        self.engine = engine
        self.key = key
        self.scheduler = scheduler
        self.flags = flags
        self.persistenceTimeout = persistenceTimeout
        let family: AddressFamily
        switch key {
        case .address(_, let address, _): family = address.family
        case .mark(_, let f): family = f
        }
        self.persistenceMask = persistenceMask ?? family.bitCount
        self.destinations = destinations
    }
}

/// A real server (`ipvsadm -a`; `struct ip_vs_dest`).
public struct Destination: Hashable, Sendable {
    public enum Forwarding: Hashable, Sendable {
        /// `-m`
        case masquerade
        /// `-g`
        case directRoute
        /// `-i`
        case tunnel(Tunnel)
    }

    public enum Tunnel: Hashable, Sendable {
        case ipip
        case gue(port: UInt16, checksum: Checksum)
        case gre(checksum: Checksum)

        public enum Checksum: Hashable, Sendable { case none, full, remote }
    }

    public var address: IPAddress
    public var port: UInt16
    public var forwarding: Forwarding
    public var weight: Int32
    /// 0: no limit.
    public var upperThreshold: UInt32
    public var lowerThreshold: UInt32

    public init(
        address: IPAddress, port: UInt16, forwarding: Forwarding = .directRoute, weight: Int32 = 1,
        upperThreshold: UInt32 = 0, lowerThreshold: UInt32 = 0
    ) {
        self.address = address
        self.port = port
        self.forwarding = forwarding
        self.weight = weight
        self.upperThreshold = upperThreshold
        self.lowerThreshold = lowerThreshold
    }
}
