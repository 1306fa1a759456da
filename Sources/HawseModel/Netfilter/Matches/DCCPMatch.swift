/// `-m dccp` (`xt_dccp`).
public struct DCCPMatch: Hashable, Sendable {
    public var sourcePorts: ValueRange<UInt16>?
    public var destinationPorts: ValueRange<UInt16>?
    /// Bit n: packet type n (REQUEST 0, RESPONSE 1 … SYNCACK 9, INVALID 10).
    public var types: Flagged<UInt16>?
    public var option: Flagged<UInt8>?

    public init(
        sourcePorts: ValueRange<UInt16>? = nil, destinationPorts: ValueRange<UInt16>? = nil,
        types: Flagged<UInt16>? = nil, option: Flagged<UInt8>? = nil
    ) {
        self.sourcePorts = sourcePorts
        self.destinationPorts = destinationPorts
        self.types = types
        self.option = option
    }
}
