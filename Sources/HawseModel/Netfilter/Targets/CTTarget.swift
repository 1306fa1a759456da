/// CT and NOTRACK (`xt_CT` revision 2): the template of the packet's connection.
public struct CTTarget: Hashable, Sendable {
    public enum Zone: Hashable, Sendable {
        case id(UInt16)
        /// The packet's mark.
        case mark
    }

    public enum ZoneDirection: UInt8, Hashable, Sendable { case both, original, reply }

    public static let notrack = CTTarget(noTrack: true, isNotrackAlias: true)

    public var noTrack: Bool
    /// Written `-j NOTRACK`.
    public var isNotrackAlias: Bool
    public var helper: String?
    /// A timeout policy's name.
    public var timeout: String?
    /// Bit n: `IPCT_*` n (new 0, related 1, destroy 2, reply 3, assured 4, protoinfo 5, helper 6, mark 7, natseqinfo 8, secmark 9).
    public var events: UInt16
    /// Bit 0: new.
    public var expectationEvents: UInt16
    public var zone: Zone?
    public var zoneDirection: ZoneDirection

    public init(
        noTrack: Bool = false, isNotrackAlias: Bool = false, helper: String? = nil, timeout: String? = nil,
        events: UInt16 = 0, expectationEvents: UInt16 = 0, zone: Zone? = nil,
        zoneDirection: ZoneDirection = .both
    ) {
        self.noTrack = noTrack
        self.isNotrackAlias = isNotrackAlias
        self.helper = helper
        self.timeout = timeout
        self.events = events
        self.expectationEvents = expectationEvents
        self.zone = zone
        self.zoneDirection = zoneDirection
    }
}
