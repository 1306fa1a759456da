/// `-m string` (`xt_string`): bytes anywhere in a part of the packet, counted from the IP header.
public struct StringMatch: Hashable, Sendable {
    public enum Algorithm: String, Hashable, Sendable, CaseIterable {
        case bm, kmp, fsm
    }

    /// 1…128 bytes.
    public var pattern: [UInt8]
    public var algorithm: Algorithm
    public var from: UInt16
    public var to: UInt16
    public var ignoresCase: Bool
    public var inverted: Bool

    public init(
        pattern: [UInt8], algorithm: Algorithm, from: UInt16 = 0, to: UInt16 = 65535,
        ignoresCase: Bool = false, inverted: Bool = false
    ) {
        self.pattern = pattern
        self.algorithm = algorithm
        self.from = from
        self.to = to
        self.ignoresCase = ignoresCase
        self.inverted = inverted
    }
}
