/// `-m tcpmss` (`xt_tcpmss`).
public struct TCPMSSMatch: Hashable, Sendable {
    public var mss: ValueRange<UInt16>

    public init(_ mss: ValueRange<UInt16>) {
        self.mss = mss
    }
}
