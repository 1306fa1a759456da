/// A director by chance: clients behind `eth0`, real servers behind `eth1`, virtual addresses on a dummy that is down, as
/// kube-proxy leaves it. Both families have addresses, one of them has the traffic.
struct GeneratedDirector {
    let isIPv6: Bool
    /// Servers of the other family are for directors that do not tell each other.
    var isAlone = true
    var setup: LiveSetup
    var hosts: [GeneratedNode.Host] = []
    /// Behind the gateway; any number of clients is.
    let gatewayMAC = "02:00:00:00:fe:fe"

    var virtuals: [String] { isIPv6 ? ["2001:db8:f::10", "2001:db8:f::11"] : ["203.0.113.10", "203.0.113.11"] }
    /// What firewall marks are set on: local by a route.
    var markedNetwork: String { isIPv6 ? "2001:db8:aaaa::/64" : "192.168.7.0/24" }
    var servers: [String] { isIPv6 ? Self.servers6 : Self.servers4 }
    /// The node's own, as real servers.
    var locals: [String] { isIPv6 ? ["2001:db8:2::1", "2001:db8:1::1"] : ["10.1.0.1", "192.0.2.1"] }
    static let servers4 = (10..<16).map { "10.1.0.\($0)" } + ["10.7.0.5"]
    static let servers6 = (10..<16).map { "2001:db8:2::\($0)" } + ["2001:db8:7::5"]
    /// The node's processes speak UDP from here.
    static let localPorts: [UInt16] = [1053, 1054]

    init(_ draw: Draw, seed: UInt64) {
        isIPv6 = draw.percent(30)
        setup = LiveSetup(
            name: "live-\(seed)", suite: "ipvs-live", about: "virtual servers, changes and packets by chance",
            family: isIPv6 ? 6 : 4, interfaces: [], routes: [], neighbors: [], sysctls: [:])
        addInterfaces(draw)
        addHosts()
        addRoutes(draw)
        addSettings(draw)
    }

    /// For the traffic, which speaks of hosts and a router.
    var node: GeneratedNode {
        GeneratedNode(
            setup, hosts: hosts, routerAddresses: locals + [virtuals[0]],
            routerMAC: ["eth0": "02:00:00:00:01:01", "eth1": "02:00:00:00:01:02"])
    }

    private mutating func addInterfaces(_ draw: Draw) {
        typealias Interface = LiveSetup.Interface
        setup.interfaces = [
            Interface(name: "lo", mac: "00:00:00:00:00:00", mtu: 65536, addresses: ["127.0.0.1/8", "::1/128"], kind: "loopback"),
            Interface(
                name: "eth0", mac: "02:00:00:00:01:01", mtu: draw.oneIn(8) ? 1400 : 1500,
                addresses: ["192.0.2.1/24", "2001:db8:1::1/64"]),
            Interface(
                name: "eth1", mac: "02:00:00:00:01:02", mtu: draw.oneIn(4) ? draw.pick([1400, 1450, 1300]) : 1500,
                addresses: ["10.1.0.1/24", "2001:db8:2::1/64"]),
            Interface(
                name: "kube-ipvs0", mac: "02:00:00:00:0d:01", addresses: virtuals.map { $0 + (isIPv6 ? "/128" : "/32") },
                kind: "dummy", up: false),
        ]
    }

    /// One more, for what directors tell each other.
    mutating func addDevice(_ name: String) {
        setup.interfaces.append(
            LiveSetup.Interface(name: name, mac: "02:00:00:00:01:03", addresses: ["10.9.0.1/24", "2001:db8:9::1/64"]))
    }

    private mutating func addHosts() {
        func add(_ address: String, _ mac: String, _ device: String) {
            setup.neighbors.append("\(address) lladdr \(mac) dev \(device)")
            guard address.contains(":") == isIPv6 else { return }
            hosts.append(GeneratedNode.Host(device: device, address: address, mac: mac))
        }
        for number in 20..<24 {
            add("192.0.2.\(number)", "02:00:00:00:c0:\(number)", "eth0")
            add("2001:db8:1::\(number)", "02:00:00:00:c6:\(number)", "eth0")
        }
        for number in 10..<16 {
            add("10.1.0.\(number)", "02:00:00:00:a0:\(number)", "eth1")
            add("2001:db8:2::\(number)", "02:00:00:00:a6:\(number)", "eth1")
        }
        add("10.1.0.250", "02:00:00:00:a0:fe", "eth1")
        add("2001:db8:2::fe", "02:00:00:00:a0:fe", "eth1")
        add("192.0.2.254", gatewayMAC, "eth0")
        add("2001:db8:1::fe", gatewayMAC, "eth0")
        let remotes = isIPv6 ? (1...6).map { "2001:db8:cafe::\($0)" } : (1...6).map { "198.51.100.\($0)" }
        for remote in remotes { hosts.append(GeneratedNode.Host(device: "eth0", address: remote, mac: gatewayMAC)) }
        let far = isIPv6 ? Self.servers6 : Self.servers4
        hosts.append(GeneratedNode.Host(device: "eth1", address: far[6], mac: "02:00:00:00:a0:fe"))
    }

    /// A client: one of those that come often, or any.
    func client(_ draw: Draw) -> GeneratedNode.Host {
        if draw.percent(45) {
            let address = isIPv6 ? "2001:db8:cafe::\(draw.hex(draw.below(65536)).dropFirst(2))" : "198.51.100.\(draw.between(1...254))"
            return GeneratedNode.Host(device: "eth0", address: address, mac: gatewayMAC)
        }
        return draw.pick(draw.oneIn(12) ? hosts : hosts.filter { $0.device == "eth0" })
    }

    /// An address that a firewall mark is set on.
    func marked(_ draw: Draw) -> String {
        isIPv6 ? "2001:db8:aaaa::\(draw.between(1...9))" : "192.168.7.\(draw.between(1...9))"
    }

    private mutating func addRoutes(_ draw: Draw) {
        setup.routes = [
            "default via 192.0.2.254 dev eth0", "default via 2001:db8:1::fe dev eth0", "10.7.0.0/16 via 10.1.0.250 dev eth1",
            "2001:db8:7::/48 via 2001:db8:2::fe dev eth1",
        ]
        if isIPv6 || draw.oneIn(2) {
            setup.routes.append("local \(markedNetwork) dev lo")
        } else {
            // Local only for what is marked: to all others the network lies behind the gateway.
            setup.routes.append("local default dev lo table 100")
            setup.rules.append("fwmark 0x5 lookup 100")
        }
    }

    private mutating func addSettings(_ draw: Draw) {
        setup.sysctls = [
            "net.ipv4.ip_forward": "1", "net.ipv4.conf.all.rp_filter": "0", "net.ipv4.conf.default.rp_filter": "0",
            "net.ipv4.conf.all.send_redirects": "0", "net.ipv4.conf.default.send_redirects": "0", "net.ipv4.icmp_ratelimit": "0",
            "net.ipv4.icmp_msgs_per_sec": "100000", "net.ipv4.icmp_msgs_burst": "100000", "net.ipv6.conf.all.forwarding": "1",
            "net.ipv6.icmp.ratelimit": "0", "net.ipv6.icmp.ratemask": "0", "net.ipv6.auto_flowlabels": "0",
        ]
        for (key, value) in Self.settings(draw) where draw.oneIn(5) { setup.sysctls["net.ipv4.vs." + key] = value }
        for (key, value) in [("drop_packet", "3"), ("secure_tcp", "3"), ("run_estimation", "0")] where draw.oneIn(12) {
            setup.sysctls["net.ipv4.vs." + key] = value
        }
        if draw.oneIn(10) {
            // Short of memory always, or never.
            setup.sysctls["net.ipv4.vs.amemthresh"] = draw.pick(["0", "1000000000"])
            for key in ["secure_tcp", "drop_packet"] where draw.oneIn(key == "secure_tcp" ? 2 : 6) {
                setup.sysctls["net.ipv4.vs." + key] = draw.pick(["1", "2"])
            }
        }
        if setup.sysctls["net.ipv4.vs.drop_packet"] != nil {
            setup.sysctls["net.ipv4.vs.am_droprate"] = "\(draw.between(2...10))"
        }
        setup.free =
            isIPv6
            ? [LiveSetup.Free(field: "ip-id"), LiveSetup.Free(field: "ipv6-flow-label")]
            : [LiveSetup.Free(field: "ip-id", of: "ICMP messages of the node, outer headers of tunnels")]
        setup.listeners = Self.localPorts.map { LiveSetup.Socket(proto: "udp", port: $0, family: isIPv6 ? 6 : 4) }
    }

    /// Those that may also be changed while packets flow.
    static func settings(_ draw: Draw) -> [(String, String)] {
        [
            ("conntrack", draw.pick(["0", "1", "1"])), ("expire_nodest_conn", draw.pick(["0", "1", "1"])),
            ("expire_quiescent_template", draw.pick(["0", "1", "1"])), ("conn_reuse_mode", "\(draw.below(4))"),
            ("sloppy_tcp", draw.pick(["0", "1"])), ("sloppy_sctp", draw.pick(["0", "1"])),
            ("nat_icmp_send", draw.pick(["0", "1", "1"])), ("schedule_icmp", draw.pick(["0", "1", "1"])),
            ("cache_bypass", draw.pick(["0", "1"])), ("snat_reroute", draw.pick(["0", "1"])),
            ("ignore_tunneled", draw.pick(["0", "1"])), ("pmtu_disc", draw.pick(["0", "1"])),
        ]
    }
}
