/// `-m hbh` and `-m dst` (`ip6t_hbh`): options in a hop-by-hop or destination options header.
public struct IPv6OptionsMatch: Hashable, Sendable {
    public struct Option: Hashable, Sendable {
        public var type: UInt8
        /// `nil`: any length.
        public var length: UInt8?

        public init(type: UInt8, length: UInt8? = nil) {
            self.type = type
            self.length = length
        }
    }

    /// The header's length in bytes.
    public var length: Flagged<UInt32>?
    /// In the order in which they must stand in the header, at most 16.
    public var options: [Option]

    public init(length: Flagged<UInt32>? = nil, options: [Option] = []) {
        self.length = length
        self.options = options
    }
}
