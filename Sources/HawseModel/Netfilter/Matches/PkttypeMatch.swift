/// `-m pkttype` (`xt_pkttype`).
public struct PkttypeMatch: Hashable, Sendable {
    /// As `PACKET_*` of `if_packet.h`.
    public enum Kind: UInt8, Hashable, Sendable {
        case unicast = 0
        case broadcast = 1
        case multicast = 2
        case otherHost = 3
    }

    public var kind: Kind
    public var inverted: Bool

    public init(kind: Kind, inverted: Bool = false) {
        self.kind = kind
        self.inverted = inverted
    }
}
