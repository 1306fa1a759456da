import HawseWire

/// A timeout policy (`nfct add timeout`, `struct nf_ct_timeout`): how long connections that a rule with `-j CT --timeout`
/// begins are remembered, by the state that they are in.
public struct TimeoutPolicy: Hashable, Sendable {
    public var name: String
    public var family: AddressFamily
    /// 255 stands for all protocols without a tracker of their own (`nf_conntrack_l4proto_generic`).
    public var ipProtocol: IPProtocol
    /// Seconds, in the order of `states(of:)`.
    public var seconds: [UInt32]

    public init(name: String, family: AddressFamily, ipProtocol: IPProtocol, seconds: [UInt32]) {
        self.name = name
        self.family = family
        self.ipProtocol = ipProtocol
        self.seconds = seconds
    }

    public static let generic = IPProtocol(rawValue: 255)

    /// The protocol whose policies hold for connections of this one (`nf_ct_l4proto_find`).
    public static func tracker(of ipProtocol: IPProtocol) -> IPProtocol {
        states(of: ipProtocol) == nil ? generic : ipProtocol
    }

    /// The states as `nfct list timeout` names them; `nil`: there are no policies for this protocol.
    public static func states(of ipProtocol: IPProtocol) -> [String]? {
        switch ipProtocol {
        case .tcp:
            [
                "SYN_SENT", "SYN_RECV", "ESTABLISHED", "FIN_WAIT", "CLOSE_WAIT", "LAST_ACK", "TIME_WAIT", "CLOSE", "SYN_SENT2",
                "RETRANS", "UNACKNOWLEDGED",
            ]
        case .udp, .udplite, .gre: ["UNREPLIED", "REPLIED"]
        case .sctp:
            [
                "CLOSED", "COOKIE_WAIT", "COOKIE_ECHOED", "ESTABLISHED", "SHUTDOWN_SENT", "SHUTDOWN_RECD", "SHUTDOWN_ACK_SENT",
            ]
        case .icmp, .icmpv6, generic: ["TIMEOUT"]
        default: nil
        }
    }
}
