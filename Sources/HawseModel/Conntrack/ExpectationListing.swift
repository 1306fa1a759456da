import HawseWire

/// A connection that a helper foresees on behalf of another, as `conntrack -L expect` lists it.
public struct ExpectationListing: Hashable, Sendable {
    public var ipProtocol: IPProtocol
    /// Seconds left; `nil` where the text leaves timers out.
    public var timeout: UInt32?
    public var source: IPAddress
    public var destination: IPAddress
    /// 0: any.
    public var sourcePort: UInt16
    public var destinationPort: UInt16
    /// The connection on whose behalf it waits: its original direction.
    public var master: ConnectionListing.Side
    public var helper: String

    public init(
        ipProtocol: IPProtocol, timeout: UInt32?, source: IPAddress, destination: IPAddress, sourcePort: UInt16 = 0,
        destinationPort: UInt16, master: ConnectionListing.Side, helper: String
    ) {
        self.ipProtocol = ipProtocol
        self.timeout = timeout
        self.source = source
        self.destination = destination
        self.sourcePort = sourcePort
        self.destinationPort = destinationPort
        self.master = master
        self.helper = helper
    }
}
