/// `-m tos` (`xt_dscp`): type of service or traffic class under a mask.
public struct TOSMatch: Hashable, Sendable {
    public var value: UInt8
    public var mask: UInt8
    public var inverted: Bool

    public init(value: UInt8, mask: UInt8 = 0xff, inverted: Bool = false) {
        self.value = value
        self.mask = mask
        self.inverted = inverted
    }
}
