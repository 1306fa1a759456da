/// TOS (`xt_DSCP` revision 1): tos = (tos & ~mask) ^ value.
public struct TOSTarget: Hashable, Sendable {
    public var value: UInt8
    public var mask: UInt8

    public init(value: UInt8, mask: UInt8) {
        self.value = value
        self.mask = mask
    }
}
