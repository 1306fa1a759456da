import HawseWire

/// `-m policy` (`xt_policy`): the IPsec transformations of a packet.
public struct PolicyMatch: Hashable, Sendable {
    public struct Element: Hashable, Sendable {
        public enum Mode: UInt8, Hashable, Sendable {
            case transport = 0
            case tunnel = 1
        }

        public var requestID: Flagged<UInt32>?
        public var spi: Flagged<UInt32>?
        public var ipProtocol: ProtocolMatch?
        public var mode: Flagged<Mode>?
        public var tunnelSource: AddressMatch?
        public var tunnelDestination: AddressMatch?

        public init() {}
    }

    /// `--dir out`.
    public var isOutgoing: Bool
    /// `--pol none`.
    public var isNone: Bool
    public var isStrict: Bool
    /// At most four.
    public var elements: [Element]

    public init(isOutgoing: Bool, isNone: Bool, isStrict: Bool = false, elements: [Element] = []) {
        self.isOutgoing = isOutgoing
        self.isNone = isNone
        self.isStrict = isStrict
        self.elements = elements
    }
}
