/// `-m ecn` (`xt_ecn`).
public struct ECNMatch: Hashable, Sendable {
    /// `--ecn-tcp-cwr`; `false` is `! --ecn-tcp-cwr`.
    public var cwr: Bool?
    /// `--ecn-tcp-ece`.
    public var ece: Bool?
    /// `--ecn-ip-ect`: 0…3.
    public var codepoint: Flagged<UInt8>?

    public init(cwr: Bool? = nil, ece: Bool? = nil, codepoint: Flagged<UInt8>? = nil) {
        self.cwr = cwr
        self.ece = ece
        self.codepoint = codepoint
    }
}
