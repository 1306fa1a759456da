import HawseModel

/// Sysctls, read once when the node is made or changed, in the form the walk wants.
struct NodeSettings {
    var ipv4Forward: Bool
    var ipv6Forward: Bool
    var bridgeCallIPTables: Bool
    var bridgeCallIP6Tables: Bool
    let bridgeCallARPTables: Bool
    /// `bridge-nf-filter-vlan-tagged`, `…-pppoe-tagged`: netfilter looks behind tags and into PPPoE sessions.
    let bridgeFiltersVLAN: Bool
    let bridgeFiltersPPPoE: Bool
    /// `bridge-nf-pass-vlan-input-dev`: rules see a tagged frame come in on the bridge's VLAN device, where there is one.
    let bridgePassesVLANDevice: Bool
    var defaultTTL: UInt8
    /// `net.ipv6.conf.all.hop_limit`: of what no device has a say in, as SYNPROXY's answers.
    var hopLimit: UInt8
    var localPortRange: ClosedRange<UInt16>
    var ipNoPathMTUDiscovery: Bool
    var echoIgnoreAll: Bool
    var echoIgnoreBroadcasts: Bool
    var echoIgnoreAll6: Bool
    var echoIgnoreMulticast6: Bool
    /// `net.ipv6.conf.all.proxy_ndp`, the switch that forwarding looks at.
    var proxyNDP: Bool
    var forwardUsesPathMTU: Bool
    /// `icmp_errors_use_inbound_ifaddr`.
    var errorsFromInbound: Bool
    /// `fib_multipath_use_neigh`.
    var multipathUsesNeighbours: Bool
    /// Bytes (`min_pmtu`).
    var minimumPathMTU: UInt32
    /// How long a path MTU counts, in nanoseconds.
    var pathMTUExpiry: Int64
    var pathMTUExpiry6: Int64
    /// `ip_no_pmtu_disc`.
    var pathMTUMode: Int
    /// `flowlabel_reflect`: bits for established flows, resets, echo replies.
    var flowLabelReflect: Int
    var echoIgnoreAnycast6: Bool
    var anycastEchoReply: Bool
    /// `error_anycast_as_unicast`.
    var errorsToAnycast: Bool
    var autoFlowLabels: Bool
    /// `max_hbh_length`, `max_hbh_opts_number`, and those of destination options: bytes of the header, options besides padding,
    /// which a negative number allows only where they are known.
    var largestHopByHop: Int
    var mostHopByHop: Int
    var largestDestinationOptions: Int
    var mostDestinationOptions: Int
    var all: Sysctls

    init(_ sysctls: Sysctls) {
        all = sysctls
        ipv4Forward = sysctls.isOn("net.ipv4.ip_forward", default: false)
            || sysctls.isOn("net.ipv4.conf.all.forwarding", default: false)
        ipv6Forward = sysctls.isOn("net.ipv6.conf.all.forwarding", default: false)
        bridgeCallIPTables = sysctls.isOn("net.bridge.bridge-nf-call-iptables", default: true)
        bridgeCallARPTables = sysctls.isOn("net.bridge.bridge-nf-call-arptables", default: true)
        bridgeFiltersVLAN = sysctls.isOn("net.bridge.bridge-nf-filter-vlan-tagged", default: false)
        bridgeFiltersPPPoE = sysctls.isOn("net.bridge.bridge-nf-filter-pppoe-tagged", default: false)
        bridgePassesVLANDevice = sysctls.isOn("net.bridge.bridge-nf-pass-vlan-input-dev", default: false)
        bridgeCallIP6Tables = sysctls.isOn("net.bridge.bridge-nf-call-ip6tables", default: true)
        defaultTTL = UInt8(clamping: sysctls.integer("net.ipv4.ip_default_ttl", default: 64))
        hopLimit = UInt8(clamping: sysctls.integer("net.ipv6.conf.all.hop_limit", default: 64))
        ipNoPathMTUDiscovery = sysctls.isOn("net.ipv4.ip_no_pmtu_disc", default: false)
        echoIgnoreAll = sysctls.isOn("net.ipv4.icmp_echo_ignore_all", default: false)
        echoIgnoreBroadcasts = sysctls.isOn("net.ipv4.icmp_echo_ignore_broadcasts", default: true)
        echoIgnoreAll6 = sysctls.isOn("net.ipv6.icmp.echo_ignore_all", default: false)
        echoIgnoreMulticast6 = sysctls.isOn("net.ipv6.icmp.echo_ignore_multicast", default: false)
        proxyNDP = sysctls.isOn("net.ipv6.conf.all.proxy_ndp", default: false)
        forwardUsesPathMTU = sysctls.isOn("net.ipv4.ip_forward_use_pmtu", default: false)
        errorsFromInbound = sysctls.isOn("net.ipv4.icmp_errors_use_inbound_ifaddr", default: false)
        multipathUsesNeighbours = sysctls.isOn("net.ipv4.fib_multipath_use_neigh", default: false)
        minimumPathMTU = UInt32(clamping: sysctls.integer("net.ipv4.route.min_pmtu", default: 552))
        func seconds(_ key: String) -> Int64 { .seconds(Int64(clamping: min(sysctls.integer(key, default: 600), 1 << 30))) }
        pathMTUExpiry = seconds("net.ipv4.route.mtu_expires")
        pathMTUExpiry6 = seconds("net.ipv6.route.mtu_expires")
        pathMTUMode = sysctls.integer("net.ipv4.ip_no_pmtu_disc", default: 0)
        flowLabelReflect = sysctls.integer("net.ipv6.flowlabel_reflect", default: 0)
        echoIgnoreAnycast6 = sysctls.isOn("net.ipv6.icmp.echo_ignore_anycast", default: false)
        anycastEchoReply = sysctls.isOn("net.ipv6.anycast_src_echo_reply", default: false)
        errorsToAnycast = sysctls.isOn("net.ipv6.icmp.error_anycast_as_unicast", default: false)
        largestHopByHop = sysctls.integer("net.ipv6.max_hbh_length", default: Int(Int32.max))
        mostHopByHop = sysctls.integer("net.ipv6.max_hbh_opts_number", default: 8)
        largestDestinationOptions = sysctls.integer("net.ipv6.max_dst_opts_length", default: Int(Int32.max))
        mostDestinationOptions = sysctls.integer("net.ipv6.max_dst_opts_number", default: 8)
        autoFlowLabels = sysctls.isOn("net.ipv6.auto_flowlabels", default: true)
        let range = (sysctls["net.ipv4.ip_local_port_range"] ?? "32768 60999").split { $0 == " " || $0 == "\t" }
            .compactMap { UInt16($0) }
        localPortRange = range.count == 2 && range[0] <= range[1] ? range[0]...range[1] : 32768...60999
    }
}
