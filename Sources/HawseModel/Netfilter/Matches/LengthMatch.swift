/// `-m length` (`xt_length`): bytes of the IP packet.
public struct LengthMatch: Hashable, Sendable {
    public var length: ValueRange<UInt16>

    public init(_ length: ValueRange<UInt16>) {
        self.length = length
    }
}
