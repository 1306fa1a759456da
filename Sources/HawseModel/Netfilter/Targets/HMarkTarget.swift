import HawseWire

/// HMARK (`xt_HMARK`): mark from a hash of the flow.
public struct HMarkTarget: Hashable, Sendable {
    /// `--hmark-tuple ct`.
    public var usesConnection: Bool
    public var sourceMask: AddressBits
    public var destinationMask: AddressBits
    public var sourcePortMask: UInt16
    public var destinationPortMask: UInt16
    public var spiMask: UInt32?
    /// OR-ed in.
    public var sourcePortSet: UInt16
    /// OR-ed in.
    public var destinationPortSet: UInt16
    public var spiSet: UInt32?
    public var protocolMask: UInt16
    public var random: UInt32
    public var modulus: UInt32
    public var offset: UInt32
    /// Bit n: `XT_HMARK_*` n, the options that were given.
    public var flags: UInt32

    public init(
        usesConnection: Bool = false, sourceMask: AddressBits, destinationMask: AddressBits,
        sourcePortMask: UInt16 = 0, destinationPortMask: UInt16 = 0, spiMask: UInt32? = nil,
        sourcePortSet: UInt16 = 0, destinationPortSet: UInt16 = 0, spiSet: UInt32? = nil,
        protocolMask: UInt16 = 0, random: UInt32 = 0, modulus: UInt32, offset: UInt32 = 0, flags: UInt32 = 0
    ) {
        self.usesConnection = usesConnection
        self.sourceMask = sourceMask
        self.destinationMask = destinationMask
        self.sourcePortMask = sourcePortMask
        self.destinationPortMask = destinationPortMask
        self.spiMask = spiMask
        self.sourcePortSet = sourcePortSet
        self.destinationPortSet = destinationPortSet
        self.spiSet = spiSet
        self.protocolMask = protocolMask
        self.random = random
        self.modulus = modulus
        self.offset = offset
        self.flags = flags
    }
}
