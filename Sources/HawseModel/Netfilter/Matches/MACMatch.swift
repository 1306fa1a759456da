import HawseWire

/// `-m mac` (`xt_mac`): the frame's source.
public struct MACMatch: Hashable, Sendable {
    public var source: MACAddress
    public var inverted: Bool

    public init(source: MACAddress, inverted: Bool = false) {
        self.source = source
        self.inverted = inverted
    }
}
