import HawseWire

/// `-m iprange` (`xt_iprange`).
public struct IPRangeMatch: Hashable, Sendable {
    public var source: ValueRange<IPAddress>?
    public var destination: ValueRange<IPAddress>?

    public init(source: ValueRange<IPAddress>? = nil, destination: ValueRange<IPAddress>? = nil) {
        self.source = source
        self.destination = destination
    }
}
