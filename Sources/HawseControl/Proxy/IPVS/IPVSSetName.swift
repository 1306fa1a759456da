import HawseModel
import HawseWire

/// The ipsets of kube-proxy's IPVS mode.
enum IPVSSetName: String, Hashable, Sendable, CaseIterable {
    case loopBack = "KUBE-LOOP-BACK"
    case clusterIP = "KUBE-CLUSTER-IP"
    case externalIP = "KUBE-EXTERNAL-IP"
    case externalIPLocal = "KUBE-EXTERNAL-IP-LOCAL"
    case loadBalancer = "KUBE-LOAD-BALANCER"
    case loadBalancerFirewall = "KUBE-LOAD-BALANCER-FW"
    case loadBalancerLocal = "KUBE-LOAD-BALANCER-LOCAL"
    case loadBalancerSourceIP = "KUBE-LOAD-BALANCER-SOURCE-IP"
    case loadBalancerSourceRange = "KUBE-LOAD-BALANCER-SOURCE-CIDR"
    case nodePortTCP = "KUBE-NODE-PORT-TCP"
    case nodePortLocalTCP = "KUBE-NODE-PORT-LOCAL-TCP"
    case nodePortUDP = "KUBE-NODE-PORT-UDP"
    case nodePortLocalUDP = "KUBE-NODE-PORT-LOCAL-UDP"
    case nodePortSCTP = "KUBE-NODE-PORT-SCTP-HASH"
    case nodePortLocalSCTP = "KUBE-NODE-PORT-LOCAL-SCTP-HASH"
    case healthCheckNodePort = "KUBE-HEALTH-CHECK-NODE-PORT"
    case ipvsIPs = "KUBE-IPVS-IPS"

    /// The set's name: IPv6 sets have `6-` after `KUBE-`, and the kernel takes 31 characters.
    func name(_ family: AddressFamily) -> String {
        guard family == .ipv6 else { return rawValue }
        return String(("KUBE-6-" + rawValue.dropFirst(5)).prefix(31))
    }

    var kind: IPSet.Kind {
        switch self {
        case .loopBack, .loadBalancerSourceIP: .hashIPPortIP
        case .loadBalancerSourceRange: .hashIPPortNet
        case .nodePortTCP, .nodePortLocalTCP, .nodePortUDP, .nodePortLocalUDP, .healthCheckNodePort: .bitmapPort
        case .ipvsIPs: .hashIP
        default: .hashIPPort
        }
    }

    /// The comment of the rule that asks the set.
    var comment: String {
        switch self {
        case .loopBack: "Kubernetes endpoints dst ip:port, source ip for solving hairpin purpose"
        case .clusterIP: "Kubernetes service cluster ip + port for masquerade purpose"
        case .externalIP: "Kubernetes service external ip + port for masquerade and filter purpose"
        case .externalIPLocal: "Kubernetes service external ip + port with externalTrafficPolicy=local"
        case .loadBalancer: "Kubernetes service lb portal"
        case .loadBalancerFirewall: "Kubernetes service load balancer ip + port for load balancer with sourceRange"
        case .loadBalancerLocal: "Kubernetes service load balancer ip + port with externalTrafficPolicy=local"
        case .loadBalancerSourceIP:
            "Kubernetes service load balancer ip + port + source IP for packet filter purpose"
        case .loadBalancerSourceRange:
            "Kubernetes service load balancer ip + port + source cidr for packet filter purpose"
        case .nodePortTCP: "Kubernetes nodeport TCP port for masquerade purpose"
        case .nodePortLocalTCP: "Kubernetes nodeport TCP port with externalTrafficPolicy=local"
        case .nodePortUDP: "Kubernetes nodeport UDP port for masquerade purpose"
        case .nodePortLocalUDP: "Kubernetes nodeport UDP port with externalTrafficPolicy=local"
        case .nodePortSCTP: "Kubernetes nodeport SCTP port for masquerade purpose with type 'hash ip:port'"
        case .nodePortLocalSCTP:
            "Kubernetes nodeport SCTP port with externalTrafficPolicy=local with type 'hash ip:port'"
        case .healthCheckNodePort: "Kubernetes health check node port"
        case .ipvsIPs: ""
        }
    }

    func empty(_ family: AddressFamily) -> IPSet {
        var options = IPSet.Options()
        options.family = family
        if kind == .bitmapPort {
            options.portRange = 0...65535
        } else {
            options.hashSize = 1024
            options.maxElements = 65536
            options.bucketSize = 12
        }
        return IPSet(name: name(family), kind: kind, options: options)
    }

    static func nodePort(_ ipProtocol: IPProtocol, isLocal: Bool) -> IPVSSetName {
        switch ipProtocol {
        case .udp: isLocal ? .nodePortLocalUDP : .nodePortUDP
        case .sctp: isLocal ? .nodePortLocalSCTP : .nodePortSCTP
        default: isLocal ? .nodePortLocalTCP : .nodePortTCP
        }
    }
}
