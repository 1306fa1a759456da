import HawseWire

/// One tracked connection as `conntrack -L -o extended` shows it.
public struct ConnectionListing: Hashable, Sendable {
    /// One direction: addresses, and what names the connection in its protocol.
    public struct Side: Hashable, Sendable {
        public var source: IPAddress
        public var destination: IPAddress
        public var ports: Ports
        /// `zone-orig` or `zone-reply`: a zone that counts in this direction only.
        public var zone: UInt16?
        /// With `nf_conntrack_acct`: packets and bytes.
        public var counters: Counters?

        public init(
            source: IPAddress, destination: IPAddress, ports: Ports = .none, zone: UInt16? = nil,
            counters: Counters? = nil
        ) {
            self.source = source
            self.destination = destination
            self.ports = ports
            self.zone = zone
            self.counters = counters
        }
    }

    public enum Ports: Hashable, Sendable {
        case none
        case ports(source: UInt16, destination: UInt16)
        case icmp(type: UInt8, code: UInt8, identifier: UInt16)
        case gre(sourceKey: UInt16, destinationKey: UInt16)
    }

    public var family: AddressFamily
    public var ipProtocol: IPProtocol
    /// Seconds left; `nil` where the text leaves timers out.
    public var timeout: UInt32?
    /// TCP and SCTP: `ESTABLISHED` and so on.
    public var state: String?
    public var original: Side
    public var reply: Side
    /// Not `[UNREPLIED]`.
    public var isReplied: Bool
    public var isAssured: Bool
    public var mark: UInt32?
    /// A zone that counts in both directions.
    public var zone: UInt16?
    public var helper: String?
    /// Packets and tables that hold it, as `use=` says.
    public var uses: UInt32?

    public init(
        family: AddressFamily, ipProtocol: IPProtocol, timeout: UInt32? = nil, state: String? = nil, original: Side,
        reply: Side, isReplied: Bool = false, isAssured: Bool = false, mark: UInt32? = 0, zone: UInt16? = nil,
        helper: String? = nil, uses: UInt32? = nil
    ) {
        self.family = family
        self.ipProtocol = ipProtocol
        self.timeout = timeout
        self.state = state
        self.original = original
        self.reply = reply
        self.isReplied = isReplied
        self.isAssured = isAssured
        self.mark = mark
        self.zone = zone
        self.helper = helper
        self.uses = uses
    }
}
