import Foundation

extension StackNode {
    private func gateway(_ draw: Draw, _ isIPv6: Bool) -> (via: String, device: String) {
        let host = draw.pick(hosts)
        return (host.address(isIPv6), host.device)
    }

    mutating func addRoutes(_ draw: Draw) {
        for isIPv6 in [false, true] {
            let name = Self.names[0]
            if !draw.oneIn(8) { setup.routes.append("default via \(isIPv6 ? name.v6 + "fe" : name.v4 + "254") dev eth0") }
            addSubnets(draw, isIPv6)
            addKinds(draw, isIPv6)
            if draw.oneIn(3) { addMultipath(draw, isIPv6) }
        }
    }

    /// Routes of one network at several lengths, by gateways and devices, with what they may say besides.
    private mutating func addSubnets(_ draw: Draw, _ isIPv6: Bool) {
        let lengths =
            isIPv6
            ? ["2001:db8:cafe::/48", "2001:db8:cafe::/64", "2001:db8:cafe::7/128", "2001:db8:cafe:1::/64"]
            : ["198.51.100.0/24", "198.51.100.0/28", "198.51.100.7/32", "203.0.113.0/24"]
        for subnet in lengths where draw.oneIn(2) {
            let (via, device) = gateway(draw, isIPv6)
            var line = draw.oneIn(8) ? "\(subnet) dev \(device)" : "\(subnet) via \(via) dev \(device)"
            if draw.oneIn(6) { line += " metric \(draw.pick([10, 100, 2000]))" }
            if draw.oneIn(6), let net = net(device) { line += " src \((isIPv6 ? net.v6 : net.v4))1" }
            if draw.oneIn(6) { line += " mtu \(draw.oneIn(3) ? "lock " : "")\(draw.pick([1300, 1400, isIPv6 ? 1280 : 600]))" }
            if draw.oneIn(8), line.contains(" via ") { line += " onlink" }
            if !isIPv6, draw.oneIn(8) { line += " tos \(draw.pick(["0x10", "0x08"]))" }
            setup.routes.append(line)
            if draw.oneIn(5) {
                let (other, otherDevice) = gateway(draw, isIPv6)
                setup.routes.append("\(subnet) via \(other) dev \(otherDevice) metric \(draw.pick([5, 500, 3000]))")
            }
        }
        // A gateway that lies in no subnet.
        if draw.oneIn(4) {
            let (via, device) = isIPv6 ? ("2001:db8:ff::1", "eth0") : ("100.64.0.1", "eth0")
            setup.routes.append("\(isIPv6 ? "2001:db8:fe::/64" : "100.65.0.0/16") via \(via) dev \(device) onlink")
            if draw.oneIn(2) { setup.neighbors.append("\(via) lladdr 02:00:00:00:0b:fe dev eth0") }
            targets.append(isIPv6 ? "2001:db8:fe::1" : "100.65.1.1")
        }
        // A gateway of the other family.
        if !isIPv6, draw.oneIn(5) {
            let host = draw.pick(hosts)
            setup.routes.append("100.66.0.0/16 via inet6 \(host.v6) dev \(host.device)")
            targets.append("100.66.0.1")
        }
    }

    private mutating func addKinds(_ draw: Draw, _ isIPv6: Bool) {
        for (number, kind) in ["unreachable", "blackhole", "prohibit", "throw"].enumerated() where draw.oneIn(3) {
            setup.routes.append(isIPv6 ? "\(kind) 2001:db8:99:\(number)::/64" : "\(kind) 10.99.\(number).0/24")
            targets.append(isIPv6 ? "2001:db8:99:\(number)::1" : "10.99.\(number).1")
        }
        if draw.oneIn(5) {
            setup.routes.append(isIPv6 ? "local 2001:db8:55::/64 dev lo" : "local 10.55.0.0/16 dev lo")
            targets.append(isIPv6 ? "2001:db8:55::5" : "10.55.0.5")
        }
        if draw.oneIn(4) {
            // A hole in what is routed.
            let (via, device) = gateway(draw, isIPv6)
            setup.routes.append(isIPv6 ? "2001:db8:98::/48 via \(via) dev \(device)" : "10.98.0.0/16 via \(via) dev \(device)")
            setup.routes.append(isIPv6 ? "unreachable 2001:db8:98:1::/64" : "unreachable 10.98.1.0/24")
            targets += isIPv6 ? ["2001:db8:98::1", "2001:db8:98:1::1"] : ["10.98.0.1", "10.98.1.1"]
        }
    }

    private mutating func addMultipath(_ draw: Draw, _ isIPv6: Bool) {
        let (first, second) = (gateway(draw, isIPv6), gateway(draw, isIPv6))
        guard first.via != second.via else { return }
        let weight = draw.oneIn(3) ? " weight \(draw.pick([2, 3, 10]))" : ""
        setup.routes.append(
            (isIPv6 ? "2001:db8:97::/64" : "10.97.0.0/16")
                + " nexthop via \(first.via) dev \(first.device)\(weight) nexthop via \(second.via) dev \(second.device)")
        targets += isIPv6 ? ["2001:db8:97::1", "2001:db8:97::2"] : ["10.97.0.1", "10.97.0.2", "10.97.0.3"]
    }

    mutating func addRules(_ draw: Draw) {
        guard draw.oneIn(3) else { return }
        let isIPv6 = setup.family == 6
        let host = draw.pick(hosts)
        let (via, device) = gateway(draw, isIPv6)
        let tables = [
            "default via \(via) dev \(device) table 100",
            (isIPv6 ? "2001:db8:cafe::/48" : "198.51.100.0/24") + " via \(via) dev \(device) table 100",
            isIPv6 ? "unreachable default metric 4 table 100" : "unreachable default table 100",
            isIPv6 ? "throw 2001:db8::/32 table 100" : "throw 198.51.0.0/16 table 100",
        ]
        setup.routes.append(isIPv6 ? draw.pick([tables[0], tables[1]]) : draw.pick(tables))
        if draw.oneIn(3) { setup.routes.append(tables[isIPv6 ? 1 : 3]) }
        let selectors = [
            "from \(host.address(isIPv6))", "to \(isIPv6 ? "2001:db8:cafe::/48" : "198.51.100.0/24")", "iif \(host.device)",
            "tos 0x10", "ipproto udp dport 53", "ipproto icmp", "from all", "not from \(host.address(isIPv6))", "oif \(device)",
            "dport 1000-2000", "ipproto tcp sport 1-30000", "iif lo",
        ]
        for priority in 1...draw.between(1...3) {
            let action = draw.pick([
                "lookup 100", "lookup 100", "lookup 100", "unreachable", "prohibit", "blackhole",
                "lookup main suppress_prefixlength 0", "lookup main suppress_prefixlength 24", "goto 32766",
            ])
            setup.rules.append("\(draw.pick(selectors)) priority \(priority * 100) \(action)")
        }
    }

    // MARK: settings

    static let commonSettings: [(String, [String])] = [
        ("net.ipv4.ip_forward", ["0"]), ("net.ipv6.conf.all.forwarding", ["0"]), ("net.ipv4.ip_forward_use_pmtu", ["1"]),
        ("net.ipv4.icmp_echo_ignore_broadcasts", ["0"]), ("net.ipv4.icmp_echo_ignore_all", ["1"]),
        ("net.ipv6.icmp.echo_ignore_all", ["1"]), ("net.ipv6.icmp.echo_ignore_multicast", ["1"]),
        ("net.ipv6.icmp.echo_ignore_anycast", ["1"]), ("net.ipv4.icmp_errors_use_inbound_ifaddr", ["1"]),
        ("net.ipv4.fib_multipath_hash_policy", ["1", "2"]), ("net.ipv6.fib_multipath_hash_policy", ["1", "2"]),
        ("net.ipv4.ip_no_pmtu_disc", ["1", "2", "3"]), ("net.ipv4.ip_default_ttl", ["32", "255"]),
        ("net.ipv6.conf.all.hop_limit", ["32"]), ("net.ipv4.conf.all.rp_filter", ["1", "2"]),
        ("net.ipv4.conf.all.arp_ignore", ["1", "2", "3", "8"]), ("net.ipv4.conf.all.arp_announce", ["1", "2"]),
        ("net.ipv4.conf.all.arp_accept", ["1"]), ("net.ipv4.conf.all.accept_redirects", ["1"]),
        ("net.ipv4.conf.all.send_redirects", ["1"]), ("net.ipv4.conf.all.shared_media", ["0"]),
        ("net.ipv4.conf.all.proxy_arp", ["1"]),
        ("net.ipv6.conf.all.proxy_ndp", ["1"]), ("net.ipv4.conf.all.bc_forwarding", ["1"]),
        ("net.ipv4.icmp_ratemask", ["0"]), ("net.ipv6.flowlabel_reflect", ["7"]), ("net.ipv4.conf.all.route_localnet", ["1"]),
        ("net.ipv4.conf.all.promote_secondaries", ["1"]), ("net.ipv4.fib_multipath_use_neigh", ["1"]),
        ("net.ipv6.max_hbh_opts_number", ["0", "1", "-1"]), ("net.ipv6.max_dst_opts_number", ["0", "1", "-1"]),
        ("net.ipv6.max_hbh_length", ["8", "0"]), ("net.ipv6.max_dst_opts_length", ["8", "0"]), ("net.ipv6.conf.all.keep_addr_on_down", ["1"]),
        ("net.ipv4.conf.all.arp_notify", ["1"]), ("net.ipv4.conf.all.medium_id", ["3"]), ("net.ipv6.anycast_src_echo_reply", ["1"]),
        ("net.ipv6.icmp.error_anycast_as_unicast", ["1"]), ("net.ipv4.conf.all.secure_redirects", ["0"]),
        ("net.ipv6.conf.all.ndisc_notify", ["1"]), ("net.ipv4.conf.all.drop_gratuitous_arp", ["1"]), ("net.ipv4.conf.all.arp_filter", ["1"]),
    ]
    static let deviceSettings: [(String, [String])] = [
        ("ipv4.conf.%.rp_filter", ["1", "2"]), ("ipv4.conf.%.arp_ignore", ["1", "2", "8"]),
        ("ipv4.conf.%.arp_announce", ["1", "2"]),
        ("ipv4.conf.%.arp_accept", ["1", "2"]), ("ipv4.conf.%.arp_filter", ["1"]), ("ipv4.conf.%.proxy_arp", ["1"]),
        ("ipv4.conf.%.proxy_arp_pvlan", ["1"]), ("ipv4.conf.%.send_redirects", ["1"]),
        ("ipv4.conf.%.accept_redirects", ["1"]),
        ("ipv4.conf.%.secure_redirects", ["0"]), ("ipv4.conf.%.shared_media", ["0"]), ("ipv4.conf.%.route_localnet", ["1"]),
        ("ipv4.conf.%.forwarding", ["0"]), ("ipv6.conf.%.forwarding", ["0"]), ("ipv4.conf.%.accept_local", ["1"]),
        ("ipv4.conf.%.src_valid_mark", ["1"]), ("ipv4.conf.%.bc_forwarding", ["1"]),
        ("ipv4.conf.%.drop_gratuitous_arp", ["1"]),
        ("ipv4.conf.%.drop_unicast_in_l2_multicast", ["1"]), ("ipv6.conf.%.drop_unicast_in_l2_multicast", ["1"]),
        ("ipv6.conf.%.drop_unsolicited_na", ["1"]), ("ipv6.conf.%.accept_untracked_na", ["1"]),
        ("ipv6.conf.%.proxy_ndp", ["1"]),
        ("ipv6.conf.%.accept_redirects", ["1"]), ("ipv6.conf.%.hop_limit", ["33"]), ("ipv6.conf.%.mtu", ["1300"]),
        ("ipv6.conf.%.suppress_frag_ndisc", ["0"]), ("ipv6.conf.%.accept_source_route", ["1"]),
        ("ipv4.conf.%.accept_source_route", ["1"]), ("ipv4.conf.%.log_martians", ["1"]), ("ipv4.conf.%.arp_notify", ["1"]),
        ("ipv6.conf.%.ndisc_notify", ["1"]), ("ipv4.conf.%.promote_secondaries", ["1"]), ("ipv6.conf.%.keep_addr_on_down", ["1"]),
        ("ipv6.conf.%.force_tllao", ["1"]), ("ipv6.conf.%.ndisc_tclass", ["8", "192"]), ("ipv6.conf.%.force_forwarding", ["1"]),
        ("ipv4.conf.%.medium_id", ["1", "2", "-1"]), ("ipv4.neigh.%.unres_qlen", ["1", "3"]), ("ipv4.neigh.%.locktime", ["0"]),
        ("ipv6.neigh.%.app_solicit", ["1"]), ("ipv4.neigh.%.mcast_solicit", ["0", "1"]), ("ipv4.neigh.%.ucast_solicit", ["0"]),
        ("ipv6.neigh.%.unres_qlen", ["2"]), ("ipv4.neigh.%.unres_qlen_bytes", ["2000"]),
    ]

    mutating func addSettings(_ draw: Draw) {
        var sysctls = [
            "net.ipv4.ip_forward": "1", "net.ipv6.conf.all.forwarding": "1", "net.ipv6.conf.default.forwarding": "1",
            "net.ipv4.conf.all.rp_filter": "0", "net.ipv4.conf.default.rp_filter": "0", "net.ipv4.conf.all.send_redirects": "0",
            "net.ipv4.conf.default.send_redirects": "0", "net.ipv4.conf.all.accept_redirects": "0",
            "net.ipv4.conf.default.accept_redirects": "0", "net.ipv6.conf.default.accept_redirects": "0",
            "net.ipv4.icmp_ratelimit": "0", "net.ipv6.icmp.ratelimit": "0", "net.ipv4.icmp_msgs_per_sec": "100000",
            "net.ipv4.icmp_msgs_burst": "100000", "net.ipv6.icmp.ratemask": "0", "net.ipv6.auto_flowlabels": "0",
            "net.ipv4.fib_multipath_hash_seed": "\(1 + draw.below(100000))",
        ]
        let devices = setup.interfaces.map(\.name)
        for device in devices {
            for family in ["ipv4", "ipv6"] {
                sysctls["net.\(family).neigh.\(device).proxy_delay"] = "0"
                // Longer than a run.
                sysctls["net.\(family).neigh.\(device).delay_first_probe_time"] = "60"
                sysctls["net.\(family).neigh.\(device).retrans_time_ms"] = "30000"
            }
            sysctls["net.ipv4.neigh.\(device).locktime"] = "6000"
        }
        for (key, values) in Self.commonSettings where draw.oneIn(14) { sysctls[key] = draw.pick(values) }
        sysctls["net.ipv6.conf.default.forwarding"] = sysctls["net.ipv6.conf.all.forwarding"]
        for (key, values) in Self.deviceSettings where draw.oneIn(12) {
            sysctls["net." + key.replacingOccurrences(of: "%", with: draw.pick(devices))] = draw.pick(values)
        }
        if sysctls.keys.contains(where: { $0.hasSuffix("proxy_ndp") }) {
            setup.neighbors.append("proxy \(draw.pick(hosts).v6) dev \(draw.pick(nets).device)")
        }
        if draw.oneIn(4) {
            setup.neighbors.append(
                "proxy \(draw.pick(["10.1.0.77", "198.51.100.7", "192.0.2.77"])) dev \(draw.pick(nets).device)")
        }
        setup.sysctls = sysctls
        setup.free = ["ip-id", "vxlan-source-port", "ipv6-flow-label"].map {
            LiveSetup.Free(field: $0, of: $0 == "ip-id" ? "ICMP messages of the node" : nil)
        }
        if let ports = overlay?.vxlan?.srcport {
            setup.free = setup.free.map {
                $0.field == "vxlan-source-port" ? LiveSetup.Free(field: $0.field, range: [ports[0], ports[1]]) : $0
            }
        }
        if kind == .overlay { setup.free.append(LiveSetup.Free(field: "inner.ip-id")) }
        if draw.oneIn(2) {
            setup.listeners = [4, 6].flatMap { family in
                listenerPorts.map { LiveSetup.Socket(proto: "udp", port: $0, family: family) }
            }
        }
    }
}
