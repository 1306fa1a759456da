/// `-m tcp` (`xt_tcp`).
public struct TCPMatch: Hashable, Sendable {
    public struct Flags: Hashable, Sendable {
        public var mask: UInt8
        public var comparison: UInt8
        public var inverted: Bool

        public init(mask: UInt8, comparison: UInt8, inverted: Bool = false) {
            self.mask = mask
            self.comparison = comparison
            self.inverted = inverted
        }
    }

    public var sourcePorts: ValueRange<UInt16>?
    public var destinationPorts: ValueRange<UInt16>?
    public var flags: Flags?
    public var option: ValueRange<UInt8>?

    public init(
        sourcePorts: ValueRange<UInt16>? = nil, destinationPorts: ValueRange<UInt16>? = nil,
        flags: Flags? = nil, option: ValueRange<UInt8>? = nil
    ) {
        self.sourcePorts = sourcePorts
        self.destinationPorts = destinationPorts
        self.flags = flags
        self.option = option
    }
}
