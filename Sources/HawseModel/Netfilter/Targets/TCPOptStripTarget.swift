/// TCPOPTSTRIP (`xt_TCPOPTSTRIP`): turns options into NOPs.
public struct TCPOptStripTarget: Hashable, Sendable {
    /// TCP option kinds, ascending.
    public var options: [UInt8]

    public init(_ options: [UInt8]) {
        self.options = options
    }
}
