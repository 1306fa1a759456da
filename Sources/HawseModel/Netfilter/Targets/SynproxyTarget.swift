/// SYNPROXY (`ipt_SYNPROXY`, `ip6t_SYNPROXY`).
public struct SynproxyTarget: Hashable, Sendable {
    public var sackPermitted: Bool
    public var timestamp: Bool
    public var windowScale: UInt8?
    public var mss: UInt16?
    public var ecn: Bool

    public init(
        sackPermitted: Bool = false, timestamp: Bool = false, windowScale: UInt8? = nil, mss: UInt16? = nil,
        ecn: Bool = false
    ) {
        self.sackPermitted = sackPermitted
        self.timestamp = timestamp
        self.windowScale = windowScale
        self.mss = mss
        self.ecn = ecn
    }
}
