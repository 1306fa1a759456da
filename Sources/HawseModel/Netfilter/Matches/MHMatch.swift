/// `-m mh` (`ip6t_mh`): Mobile IPv6 message types.
public struct MHMatch: Hashable, Sendable {
    public var types: ValueRange<UInt8>?

    public init(types: ValueRange<UInt8>? = nil) {
        self.types = types
    }
}
