/// ECN (`ipt_ECN`): clears bits of TCP and sets those of IP.
public struct ECNTarget: Hashable, Sendable {
    /// `--ecn-tcp-remove`: clears CWR and ECE.
    public var removesTCP: Bool
    /// `--ecn-tcp-cwr 0|1`.
    public var cwr: Bool?
    /// `--ecn-tcp-ece 0|1`.
    public var ece: Bool?
    /// `--ecn-ip-ect 0…3`.
    public var ipCodepoint: UInt8?

    public init(removesTCP: Bool = false, cwr: Bool? = nil, ece: Bool? = nil, ipCodepoint: UInt8? = nil) {
        self.removesTCP = removesTCP
        self.cwr = cwr
        self.ece = ece
        self.ipCodepoint = ipCodepoint
    }
}
