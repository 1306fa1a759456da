/// `-m conntrack` (`xt_conntrack`); `-m state` is the same match with only `states`.
public struct ConntrackMatch: Hashable, Sendable {
    /// Bits as `XT_CONNTRACK_STATE_*`: INVALID 1, then 1 << (ctinfo + 1), SNAT, DNAT, UNTRACKED.
    public struct States: OptionSet, Hashable, Sendable {
        public var rawValue: UInt16
        public init(rawValue: UInt16) { self.rawValue = rawValue }

        public static let invalid = States(rawValue: 1 << 0)
        public static let established = States(rawValue: 1 << 1)
        public static let related = States(rawValue: 1 << 2)
        public static let new = States(rawValue: 1 << 3)
        public static let snat = States(rawValue: 1 << 6)
        public static let dnat = States(rawValue: 1 << 7)
        public static let untracked = States(rawValue: 1 << 8)
    }

    /// `--ctstatus`: NONE, or bits as `IPS_*`.
    public struct Status: OptionSet, Hashable, Sendable {
        public var rawValue: UInt16
        public init(rawValue: UInt16) { self.rawValue = rawValue }

        public static let expected = Status(rawValue: 1 << 0)
        public static let seenReply = Status(rawValue: 1 << 1)
        public static let assured = Status(rawValue: 1 << 2)
        public static let confirmed = Status(rawValue: 1 << 3)
    }

    public typealias Direction = ConnectionDirection

    /// Written as `-m state --state …` when set.
    public var isStateAlias: Bool
    public var states: Flagged<States>?
    public var ipProtocol: ProtocolMatch?
    public var originalSource: AddressMatch?
    public var originalDestination: AddressMatch?
    public var replySource: AddressMatch?
    public var replyDestination: AddressMatch?
    public var originalSourcePorts: ValueRange<UInt16>?
    public var originalDestinationPorts: ValueRange<UInt16>?
    public var replySourcePorts: ValueRange<UInt16>?
    public var replyDestinationPorts: ValueRange<UInt16>?
    /// An empty set is `--ctstatus NONE`.
    public var status: Flagged<Status>?
    /// Seconds left.
    public var expiry: ValueRange<UInt32>?
    public var direction: Direction?

    public init(states: States, inverted: Bool = false, isStateAlias: Bool = false) {
        self.isStateAlias = isStateAlias
        self.states = Flagged(states, inverted: inverted)
    }

    public init() { isStateAlias = false }
}
