import HawseWire

/// A small world by chance: a router with three wires, hosts behind them, and the words that rules use for them.
struct GeneratedNode {
    struct Host {
        var device: String
        var address: String
        var mac: String
        /// The VLAN that it is in, on its device.
        var vlan: UInt16?
    }

    let family: Int
    var setup: LiveSetup
    /// With a neighbour entry each; what is behind the gateway has its MAC.
    var hosts: [Host] = []
    var routerAddresses: [String] = []
    var routerMAC: [String: String] = [:]
    let hasBridge: Bool
    /// The node is in a VLAN of its bridge.
    private(set) var hasVLAN = false
    let hasSynproxy: Bool
    let ports: [UInt16] = [5, 7, 53, 80, 443, 1000, 8080]
    let listenerPorts: [UInt16] = [53, 1000]
    /// Protocols with a timeout policy for CT.
    static let timeouts = ["tcp", "udp", "sctp", "icmp", "icmpv6", "gre"]

    static let nets: [(device: String, v4: String, v6: String, first: Int, lower: String)] = [
        ("eth0", "192.0.2.", "2001:db8:f::", 20, "0b"), ("eth1", "10.1.0.", "2001:db8:1::", 10, "0a"),
        ("eth2", "10.3.0.", "2001:db8:3::", 30, "0d"),
    ]

    /// Whether the kernel has VLAN devices; without them tagged frames are bridged all the same.
    private static let hasVLANs = LiveNamespaces.canMake("vlan", ["link", "below", "id", "5"])

    var isIPv6: Bool { family == 6 }
    var remotes: [String] { isIPv6 ? ["2001:db8:cafe::7", "2001:db8:cafe::9"] : ["198.51.100.7", "203.0.113.9"] }
    /// Routes that end here.
    var refused: [String] {
        isIPv6 ? ["2001:db8:99:1::1", "2001:db8:99:2::1", "2001:db8:99:3::1"] : ["10.99.1.1", "10.99.2.1", "10.99.3.1"]
    }
    /// On a wire, but nobody answers for it.
    var absent: String { isIPv6 ? "2001:db8:1::99" : "10.1.0.99" }
    /// Nobody's: what destination translation starts from.
    var virtuals: [String] { isIPv6 ? ["2001:db8:96::1", "2001:db8:96::2"] : ["10.96.0.1", "10.96.0.2"] }
    var networks: [String] {
        isIPv6
            ? ["2001:db8:1::/64", "2001:db8:3::/64", "2001:db8:f::/64", "2001:db8::/32", "2001:db8:cafe::/48"]
            : ["10.1.0.0/24", "10.3.0.0/24", "192.0.2.0/24", "10.0.0.0/8", "198.51.100.0/24"]
    }

    init(_ draw: Draw, seed: UInt64) {
        family = draw.percent(40) ? 6 : 4
        hasSynproxy = draw.percent(6)
        hasBridge = draw.percent(20) && !hasSynproxy
        setup = LiveSetup(
            name: "live-\(seed)", about: "random rules over many matches and targets, random packets", family: family,
            interfaces: [], routes: [], neighbors: [], sysctls: [:])
        addInterfaces(draw)
        addHosts()
        addRoutes(draw)
        addSettings(draw)
    }

    /// A node that something else has drawn.
    init(_ setup: LiveSetup, hosts: [Host], routerAddresses: [String], routerMAC: [String: String]) {
        family = setup.family
        (hasBridge, hasSynproxy) = (false, false)
        (self.setup, self.hosts, self.routerAddresses, self.routerMAC) = (setup, hosts, routerAddresses, routerMAC)
    }

    private mutating func addInterfaces(_ draw: Draw) {
        for (index, net) in Self.nets.enumerated() {
            let mac = "02:00:00:00:01:0\(index + 1)"
            let isPort = hasBridge && net.device != "eth0"
            var addresses: [String] = []
            if !isPort {
                addresses = isIPv6 ? ["\(net.v6)1/64"] : ["\(net.v4)1/24"]
                if draw.oneIn(4) { addresses.append(isIPv6 ? "\(net.v6)2/64" : "\(net.v4)2/24") }
            }
            setup.interfaces.append(
                LiveSetup.Interface(name: net.device, mac: mac, addresses: addresses, group: draw.oneIn(4) ? index + 4 : 0))
            routerMAC[net.device] = mac
            routerAddresses += addresses.map { String($0.split(separator: "/")[0]) }
        }
        guard hasBridge else { return }
        hasVLAN = draw.oneIn(2) && Self.hasVLANs
        let addresses = isIPv6 ? ["2001:db8:1::1/64", "2001:db8:3::1/64"] : ["10.1.0.1/24", "10.3.0.1/24"]
        setup.interfaces.append(
            LiveSetup.Interface(
                name: "br0", mac: "02:00:00:00:01:09", addresses: addresses, kind: "bridge", bridge_ports: ["eth1", "eth2"]))
        routerAddresses += addresses.map { String($0.split(separator: "/")[0]) }
        routerMAC["eth1"] = "02:00:00:00:01:09"
        routerMAC["eth2"] = "02:00:00:00:01:09"
        guard hasVLAN else { return }
        let own = isIPv6 ? "2001:db8:5::1" : "10.5.0.1"
        setup.interfaces.append(
            LiveSetup.Interface(
                name: "br0.10", mac: "02:00:00:00:01:09", addresses: [own + (isIPv6 ? "/64" : "/24")], kind: "vlan", vlan: 10,
                parent: "br0"))
        routerAddresses.append(own)
    }

    private mutating func addHosts() {
        for net in Self.nets {
            let device = hasBridge && net.device != "eth0" ? "br0" : net.device
            for host in net.first..<net.first + 4 {
                let number = String(host, radix: 16)
                let address = isIPv6 ? net.v6 + number : net.v4 + "\(host)"
                let mac = "02:00:00:00:\(net.lower):\(number.count < 2 ? "0" : "")\(number)"
                hosts.append(Host(device: net.device, address: address, mac: mac))
                setup.neighbors.append("\(address) lladdr \(mac) dev \(device)")
            }
        }
        for number in hasVLAN ? [10, 11] : [] {
            let device = number == 10 ? "eth1" : "eth2"
            let host = Host(
                device: device, address: isIPv6 ? "2001:db8:5::\(number)" : "10.5.0.\(number)", mac: "02:00:00:00:05:\(number)", vlan: 10)
            hosts.append(host)
            setup.neighbors.append("\(host.address) lladdr \(host.mac) dev br0.10")
        }
        let gateway = isIPv6 ? "2001:db8:f::fe" : "192.0.2.254"
        setup.neighbors.append("\(gateway) lladdr 02:00:00:00:0b:fe dev eth0")
        hosts.append(Host(device: "eth0", address: gateway, mac: "02:00:00:00:0b:fe"))
        for remote in remotes { hosts.append(Host(device: "eth0", address: remote, mac: "02:00:00:00:0b:fe")) }
    }

    private mutating func addRoutes(_ draw: Draw) {
        let gateway = isIPv6 ? "2001:db8:f::fe" : "192.0.2.254"
        let second = isIPv6 ? "2001:db8:3::21" : "10.3.0.33"
        let device = hasBridge ? "br0" : "eth2"
        let length = isIPv6 ? "/64" : "/24"
        setup.routes = ["default via \(gateway) dev eth0"]
        for (kind, address) in zip(["unreachable", "blackhole", "prohibit"], refused) {
            setup.routes.append("\(kind) \(isIPv6 ? String(address.dropLast()) : String(address.dropLast()) + "0")\(length)")
        }
        if !isIPv6, draw.oneIn(3) { setup.routes.append("203.0.113.0/24 via \(second) dev \(device) realm 5") }
        if draw.oneIn(2) {
            setup.routes.append("default via \(second) dev \(device) table 100")
            setup.rules.append("fwmark 0x1/0x1 lookup 100")
        }
    }

    private mutating func addSettings(_ draw: Draw) {
        var sysctls = [
            "net.ipv4.ip_forward": "1", "net.ipv6.conf.all.forwarding": "1", "net.ipv4.conf.all.rp_filter": "0",
            "net.ipv4.conf.default.rp_filter": "0", "net.ipv4.conf.all.send_redirects": "0",
            "net.ipv4.conf.default.send_redirects": "0", "net.ipv4.conf.all.accept_redirects": "0",
            "net.ipv4.icmp_ratelimit": "0", "net.ipv6.icmp.ratelimit": "0", "net.ipv4.icmp_msgs_per_sec": "100000",
            // Without it errors empty the bucket that redirects are taken from, at the kernel's next tick.
            "net.ipv6.icmp.ratemask": "0",
            // Errors quote resets of the node's own, and there a label that the kernel drew cannot be told from others.
            "net.ipv6.auto_flowlabels": "0",
            "net.ipv4.icmp_msgs_burst": "100000", "net.netfilter.nf_conntrack_acct": "1",
        ]
        let rare: [(String, String)] = [
            ("net.netfilter.nf_conntrack_tcp_loose", "0"), ("net.netfilter.nf_conntrack_tcp_be_liberal", "1"),
            ("net.netfilter.nf_conntrack_checksum", "0"), ("net.netfilter.nf_conntrack_acct", "0"),
            ("net.netfilter.nf_conntrack_tcp_ignore_invalid_rst", "1"), ("net.ipv4.conf.all.rp_filter", "1"),
            ("net.netfilter.nf_conntrack_tcp_no_window_check", "1"), ("net.ipv4.conf.default.rp_filter", "2"),
            ("net.ipv4.fwmark_reflect", "1"), ("net.ipv6.fwmark_reflect", "1"), ("net.ipv4.ip_forward", "0"),
            ("net.ipv4.ip_forward_use_pmtu", "1"), ("net.ipv4.icmp_echo_ignore_broadcasts", "0"),
            ("net.netfilter.nf_conntrack_dccp_loose", "0"), ("net.ipv4.tcp_ecn", "1"),
            ("net.netfilter.nf_conntrack_tcp_max_retrans", "1"), ("net.netfilter.nf_conntrack_timestamp", "1"),
            ("net.netfilter.nf_conntrack_log_invalid", "255"), ("net.netfilter.nf_conntrack_events", "0"),
            ("net.netfilter.nf_conntrack_udp_timeout", "12"), ("net.netfilter.nf_conntrack_icmp_timeout", "150"),
            ("net.netfilter.nf_conntrack_icmpv6_timeout", "9"), ("net.netfilter.nf_conntrack_generic_timeout", "14"),
            ("net.netfilter.nf_conntrack_tcp_timeout_syn_sent", "13"), ("net.netfilter.nf_conntrack_tcp_timeout_established", "90"),
            ("net.netfilter.nf_conntrack_tcp_timeout_unacknowledged", "40"), ("net.netfilter.nf_conntrack_tcp_timeout_max_retrans", "50"),
            ("net.netfilter.nf_conntrack_tcp_timeout_close", "100"), ("net.netfilter.nf_conntrack_tcp_timeout_time_wait", "11"),
            ("net.netfilter.nf_conntrack_sctp_timeout_cookie_wait", "80"), ("net.netfilter.nf_conntrack_gre_timeout", "95"),
            ("net.ipv4.conf.all.src_valid_mark", "1"), ("net.ipv4.conf.all.accept_local", "1"), ("net.ipv4.ip_default_ttl", "77"),
            ("net.ipv6.conf.all.hop_limit", "33"), ("net.ipv4.conf.all.route_localnet", "1"), ("net.ipv4.ip_no_pmtu_disc", "1"),
            ("net.ipv4.conf.all.accept_source_route", "1"), ("net.ipv4.conf.default.accept_source_route", "0"),
        ]
        for (key, value) in rare where draw.oneIn(14) { sysctls[key] = value }
        // Nobody asks twice for a neighbour: when he would hangs on the kernel's ticks.
        for device in setup.interfaces.map(\.name) where !device.contains(".") {
            sysctls["net.ipv\(family).neigh.\(device).retrans_time_ms"] = "60000"
        }
        if hasBridge {
            for name in ["filter-vlan-tagged", "filter-pppoe-tagged", "pass-vlan-input-dev"] {
                sysctls["net.bridge.bridge-nf-\(name)"] = draw.oneIn(2) ? "1" : "0"
            }
            for name in ["iptables", "ip6tables"] { sysctls["net.bridge.bridge-nf-call-\(name)"] = draw.oneIn(4) ? "0" : "1" }
        }
        setup.sysctls = sysctls
        setup.free =
            isIPv6
            ? [LiveSetup.Free(field: "ip-id"), LiveSetup.Free(field: "ipv6-flow-label")]
            : [LiveSetup.Free(field: "ip-id", of: "ICMP messages of the node")]
        if hasSynproxy {
            setup.free.append(LiveSetup.Free(field: "syn-cookie"))
            setup.sysctls["net.netfilter.nf_conntrack_tcp_loose"] = "0"
        }
        if draw.oneIn(2) {
            setup.listeners = listenerPorts.map { LiveSetup.Socket(proto: "udp", port: $0, family: family) }
        }
    }

    // MARK: words for rules

    func anyAddress(_ draw: Draw) -> String {
        switch draw.below(20) {
        case 0: draw.pick(routerAddresses)
        case 1: draw.pick(virtuals)
        case 2: draw.pick(refused)
        default: draw.pick(hosts).address
        }
    }

    func addressOrNetwork(_ draw: Draw) -> String {
        switch draw.below(6) {
        case 0, 1: draw.pick(networks)
        case 2:
            draw.pick(hosts).address
                + (isIPv6 ? draw.pick(["/127", "/126", "/120", "/0"]) : draw.pick(["/31", "/30", "/28", "/0", "/255.0.0.255"]))
        default: anyAddress(draw)
        }
    }

    func device(_ draw: Draw) -> String {
        draw.pick(hasBridge ? ["eth0", "br0", "br0", "eth+", "lo", "+", "br0.10", "br+"] : ["eth0", "eth1", "eth2", "eth+", "lo", "+", "veth9"])
    }
    func port(_ draw: Draw) -> UInt16 { draw.pick(ports) }

    func portRange(_ draw: Draw) -> String {
        let first = port(draw)
        switch draw.below(4) {
        case 0: return "\(first):\(max(first, port(draw)))"
        case 1: return draw.pick([":\(first)", "\(first):", "1024:65535", "0:1023"])
        default: return "\(first)"
        }
    }
}
