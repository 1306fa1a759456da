/// REJECT (`ipt_REJECT`, `ip6t_REJECT`): the ICMP error or reset that answers the packet.
public struct RejectTarget: Hashable, Sendable {
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        // IPv4
        case netUnreachable = "icmp-net-unreachable"
        case hostUnreachable = "icmp-host-unreachable"
        case portUnreachable = "icmp-port-unreachable"
        case protocolUnreachable = "icmp-proto-unreachable"
        case netProhibited = "icmp-net-prohibited"
        case hostProhibited = "icmp-host-prohibited"
        case adminProhibited = "icmp-admin-prohibited"
        // IPv6
        case v6NoRoute = "icmp6-no-route"
        case v6AdminProhibited = "icmp6-adm-prohibited"
        case v6AddressUnreachable = "icmp6-addr-unreachable"
        case v6PortUnreachable = "icmp6-port-unreachable"
        case v6PolicyFail = "icmp6-policy-fail"
        case v6RejectRoute = "icmp6-reject-route"
        // both
        case tcpReset = "tcp-reset"
    }

    public var kind: Kind

    public init(_ kind: Kind) { self.kind = kind }
}
