import HawseWire

/// DNAT (`--to-destination`) and SNAT (`--to-source`) of `xt_nat`: where the connection is sent or comes from.
public struct NATTarget: Hashable, Sendable {
    /// `nil`: only ports are given.
    public var addresses: ClosedRange<IPAddress>?
    /// Ports (or ICMP identifiers), inclusive.
    public var ports: ClosedRange<UInt16>?
    /// DNAT's shifted range: `6000-6010/5000`.
    public var basePort: UInt16?
    public var random: Bool
    /// SNAT and MASQUERADE only.
    public var randomFully: Bool
    public var persistent: Bool

    public init(
        addresses: ClosedRange<IPAddress>? = nil, ports: ClosedRange<UInt16>? = nil, basePort: UInt16? = nil,
        random: Bool = false, randomFully: Bool = false, persistent: Bool = false
    ) {
        self.addresses = addresses
        self.ports = ports
        self.basePort = basePort
        self.random = random
        self.randomFully = randomFully
        self.persistent = persistent
    }

    public init(address: IPAddress, port: UInt16? = nil) {
        self.init(addresses: address...address, ports: port.map { $0...$0 })
    }
}
