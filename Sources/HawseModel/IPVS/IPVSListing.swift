import HawseWire

/// The virtual servers as they are at a moment, with all their counters: what `ipvsadm -L` prints from.
public struct IPVSListing: Hashable, Sendable {
    /// Buckets of the connection table as the kernel reports them (`size=4096`).
    public var tableSize: Int
    /// In the order of the kernel's tables.
    public var services: [Service]
    /// Newest first.
    public var connections: [Connection]
    public var timeouts: IPVSSpec.Timeouts
    public var daemons: [IPVSSyncDaemon]

    public init(
        tableSize: Int = 4096, services: [Service] = [], connections: [Connection] = [],
        timeouts: IPVSSpec.Timeouts = IPVSSpec.Timeouts(tcp: 900, tcpFin: 120, udp: 300),
        daemons: [IPVSSyncDaemon] = []
    ) {
        self.tableSize = tableSize
        self.services = services
        self.connections = connections
        self.timeouts = timeouts
        self.daemons = daemons
    }

    /// Services and destinations alone, the destination added last first: what `ipvsadm --save` prints from.
    public var spec: IPVSSpec {
        IPVSSpec(
            services: services.map { entry in
                var service = entry.service
                service.destinations = entry.destinations.map(\.destination)
                return service
            })
    }

    /// `struct ip_vs_kstats`; bytes are IP lengths.
    public struct Counters: Hashable, Sendable {
        public var connections: UInt64 = 0
        public var incomingPackets: UInt64 = 0
        public var outgoingPackets: UInt64 = 0
        public var incomingBytes: UInt64 = 0
        public var outgoingBytes: UInt64 = 0

        public init() {}
    }

    /// Per second, as `--rate` prints them.
    public typealias Rates = Counters

    public struct Service: Hashable, Sendable {
        /// Without its destinations.
        public var service: VirtualService
        public var counters: Counters
        public var rates: Rates
        /// In the order in which the scheduler walks them: the one added last is first.
        public var destinations: [Server]

        public init(
            service: VirtualService, counters: Counters = Counters(), rates: Rates = Rates(),
            destinations: [Server] = []
        ) {
            self.service = service
            self.counters = counters
            self.rates = rates
            self.destinations = destinations
        }
    }

    public struct Server: Hashable, Sendable {
        public var destination: Destination
        public var activeConnections: Int
        public var inactiveConnections: Int
        public var persistentConnections: Int
        public var counters: Counters
        public var rates: Rates

        public init(
            destination: Destination, activeConnections: Int = 0, inactiveConnections: Int = 0,
            persistentConnections: Int = 0, counters: Counters = Counters(), rates: Rates = Rates()
        ) {
            self.destination = destination
            self.activeConnections = activeConnections
            self.inactiveConnections = inactiveConnections
            self.persistentConnections = persistentConnections
            self.counters = counters
            self.rates = rates
        }
    }

    /// A line of `ipvsadm -Lnc`, in the order of its columns.
    public struct Connection: Hashable, Sendable {
        /// `IPPROTO_IP` (0) for the template of a firewall-mark service.
        public var ipProtocol: IPProtocol
        /// Seconds until the timer is due.
        public var expires: Int
        /// `NONE`, `ESTABLISHED`, …; `UDP`; templates: `NONE` or `ASSURED`.
        public var state: String
        public var client: IPAddress
        public var clientPort: UInt16
        /// Of a firewall-mark template: the mark as an address.
        public var virtual: IPAddress
        public var virtualPort: UInt16
        public var destination: IPAddress
        public var destinationPort: UInt16
        /// Of a template that a persistence engine made: what it is known by, as text.
        public var engineData: String?

        public init(
            ipProtocol: IPProtocol, expires: Int, state: String, client: IPAddress, clientPort: UInt16,
            virtual: IPAddress, virtualPort: UInt16, destination: IPAddress, destinationPort: UInt16,
            engineData: String? = nil
        ) {
            self.engineData = engineData
            self.ipProtocol = ipProtocol
            self.expires = expires
            self.state = state
            self.client = client
            self.clientPort = clientPort
            self.virtual = virtual
            self.virtualPort = virtualPort
            self.destination = destination
            self.destinationPort = destinationPort
        }
    }
}
