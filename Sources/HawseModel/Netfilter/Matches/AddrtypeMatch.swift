/// `-m addrtype` (`xt_addrtype`): how a route would classify an address.
public struct AddrtypeMatch: Hashable, Sendable {
    /// A set of types, bit n standing for `RTN_n` of rtnetlink (UNSPEC 0, UNICAST 1, LOCAL 2, BROADCAST 3 …).
    public struct Types: OptionSet, Hashable, Sendable {
        public var rawValue: UInt16
        public init(rawValue: UInt16) { self.rawValue = rawValue }

        public static let unspec = Types(rawValue: 1 << 0)
        public static let unicast = Types(rawValue: 1 << 1)
        public static let local = Types(rawValue: 1 << 2)
        public static let broadcast = Types(rawValue: 1 << 3)
        public static let anycast = Types(rawValue: 1 << 4)
        public static let multicast = Types(rawValue: 1 << 5)
        public static let blackhole = Types(rawValue: 1 << 6)
        public static let unreachable = Types(rawValue: 1 << 7)
        public static let prohibit = Types(rawValue: 1 << 8)
        public static let `throw` = Types(rawValue: 1 << 9)
        public static let nat = Types(rawValue: 1 << 10)
        public static let xresolve = Types(rawValue: 1 << 11)
    }

    public var source: Types
    public var sourceInverted: Bool
    public var destination: Types
    public var destinationInverted: Bool
    public var limitToInInterface: Bool
    public var limitToOutInterface: Bool

    public init(
        source: Types = [], sourceInverted: Bool = false, destination: Types = [],
        destinationInverted: Bool = false, limitToInInterface: Bool = false, limitToOutInterface: Bool = false
    ) {
        self.source = source
        self.sourceInverted = sourceInverted
        self.destination = destination
        self.destinationInverted = destinationInverted
        self.limitToInInterface = limitToInInterface
        self.limitToOutInterface = limitToOutInterface
    }
}
