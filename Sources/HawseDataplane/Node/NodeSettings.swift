import HawseModel

/// Sysctls, read once when the node is made or changed, in the form the walk wants.
struct NodeSettings {
    var ipv4Forward: Bool
    var ipv6Forward: Bool
    var bridgeCallIPTables: Bool
    var bridgeCallIP6Tables: Bool
    var defaultTTL: UInt8
    var localPortRange: ClosedRange<UInt16>
    var ipNoPathMTUDiscovery: Bool
    var echoIgnoreAll: Bool
    var echoIgnoreBroadcasts: Bool
    var echoIgnoreAll6: Bool
    var echoIgnoreMulticast6: Bool
    /// `net.ipv6.conf.all.proxy_ndp`, the switch that forwarding looks at.
    var proxyNDP: Bool
    /// `net.ipv6.conf.default.hop_limit`: of packets that the node itself makes.
    var hopLimit: UInt8
    var autoFlowLabels: Bool
    var all: Sysctls

    init(_ sysctls: Sysctls) {
        all = sysctls
        ipv4Forward = sysctls.isOn("net.ipv4.ip_forward", default: false)
            || sysctls.isOn("net.ipv4.conf.all.forwarding", default: false)
        ipv6Forward = sysctls.isOn("net.ipv6.conf.all.forwarding", default: false)
        bridgeCallIPTables = sysctls.isOn("net.bridge.bridge-nf-call-iptables", default: true)
        bridgeCallIP6Tables = sysctls.isOn("net.bridge.bridge-nf-call-ip6tables", default: true)
        defaultTTL = UInt8(clamping: sysctls.integer("net.ipv4.ip_default_ttl", default: 64))
        ipNoPathMTUDiscovery = sysctls.isOn("net.ipv4.ip_no_pmtu_disc", default: false)
        echoIgnoreAll = sysctls.isOn("net.ipv4.icmp_echo_ignore_all", default: false)
        echoIgnoreBroadcasts = sysctls.isOn("net.ipv4.icmp_echo_ignore_broadcasts", default: true)
        echoIgnoreAll6 = sysctls.isOn("net.ipv6.icmp.echo_ignore_all", default: false)
        echoIgnoreMulticast6 = sysctls.isOn("net.ipv6.icmp.echo_ignore_multicast", default: false)
        proxyNDP = sysctls.isOn("net.ipv6.conf.all.proxy_ndp", default: false)
        hopLimit = UInt8(clamping: sysctls.integer("net.ipv6.conf.default.hop_limit", default: 64))
        autoFlowLabels = sysctls.isOn("net.ipv6.auto_flowlabels", default: true)
        let range = (sysctls["net.ipv4.ip_local_port_range"] ?? "32768 60999").split { $0 == " " || $0 == "\t" }
            .compactMap { UInt16($0) }
        localPortRange = range.count == 2 && range[0] <= range[1] ? range[0]...range[1] : 32768...60999
    }
}
