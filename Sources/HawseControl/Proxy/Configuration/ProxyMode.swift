/// What a kube-proxy writes its rules with.
public enum ProxyMode: String, Hashable, Sendable, CaseIterable {
    case iptables, ipvs, nftables, userspace
}
