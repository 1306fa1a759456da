import HawseWire

/// NETMAP (`xt_NETMAP`): maps a whole network, keeping the host bits.
public struct NetmapTarget: Hashable, Sendable {
    public var network: IPAddress
    public var mask: AddressBits

    public init(network: IPAddress, mask: AddressBits) {
        self.network = network
        self.mask = mask
    }
}
