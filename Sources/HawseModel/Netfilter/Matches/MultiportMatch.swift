/// `-m multiport` (`xt_multiport`).
public struct MultiportMatch: Hashable, Sendable {
    public enum Side: UInt8, Hashable, Sendable {
        case source
        case destination
        /// `--ports`: the source or the destination is in the list.
        case either
    }

    /// `80`, or `80:90` when `isRange`.
    public struct Ports: Hashable, Sendable {
        public var lower: UInt16
        public var upper: UInt16
        public var isRange: Bool

        public init(_ port: UInt16) {
            lower = port
            upper = port
            isRange = false
        }

        public init(_ lower: UInt16, _ upper: UInt16) {
            self.lower = lower
            self.upper = upper
            isRange = true
        }
    }

    public var side: Side
    /// At most 15, a range counting as two.
    public var ports: [Ports]
    public var inverted: Bool

    public init(side: Side, ports: [Ports], inverted: Bool = false) {
        self.side = side
        self.ports = ports
        self.inverted = inverted
    }
}
