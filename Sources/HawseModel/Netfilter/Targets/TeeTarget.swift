import HawseWire

/// TEE (`xt_TEE`): sends a copy to a neighbour.
public struct TeeTarget: Hashable, Sendable {
    public var gateway: IPAddress
    public var outInterface: String?

    public init(gateway: IPAddress, outInterface: String? = nil) {
        self.gateway = gateway
        self.outInterface = outInterface
    }
}
