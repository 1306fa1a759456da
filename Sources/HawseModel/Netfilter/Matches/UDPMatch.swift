/// `-m udp` (`xt_udp`).
public struct UDPMatch: Hashable, Sendable {
    public var sourcePorts: ValueRange<UInt16>?
    public var destinationPorts: ValueRange<UInt16>?

    public init(sourcePorts: ValueRange<UInt16>? = nil, destinationPorts: ValueRange<UInt16>? = nil) {
        self.sourcePorts = sourcePorts
        self.destinationPorts = destinationPorts
    }
}
