import Hawse

/// The nodes that frames are thrown at: a router, one with a bridge and VXLAN, one with virtual servers.
enum FuzzNode {
    static func spec(_ choice: UInt8) -> NodeSpec {
        var spec = NodeSpec(name: "fuzz")
        spec.interfaces = [
            device("eth0", 0x0200_0000_0101, ["192.0.2.1/24", "2001:db8:f::1/64"]),
            device("eth1", 0x0200_0000_0102, ["10.1.0.1/24", "2001:db8:1::1/64"]),
            device("eth2", 0x0200_0000_0103, ["10.3.0.1/24", "2001:db8:3::1/64"]),
        ]
        let place = SourceLocation(file: "fuzz", line: 1, column: 1)
        for line in ["default via 192.0.2.254 dev eth0", "default via 2001:db8:f::fe dev eth0", "prohibit 10.99.0.0/16"] {
            if let route = try? RouteText.parse(line, at: place) { spec.routes.append(route) }
        }
        for (host, name) in [
            ("192.0.2.254", "eth0"), ("192.0.2.20", "eth0"), ("10.1.0.10", "eth1"), ("2001:db8:f::fe", "eth0"),
            ("2001:db8:1::a", "eth1"),
        ] {
            guard let address = IPAddress(host) else { continue }
            spec.neighbors.append(Neighbor(address: address, mac: MACAddress(0x0200_0000_0b14), device: name))
        }
        spec.sysctls = Sysctls([
            "net.ipv4.ip_forward": "1", "net.ipv6.conf.all.forwarding": "1", "net.netfilter.nf_conntrack_acct": "1",
            "net.netfilter.nf_conntrack_max": "64",
        ])
        switch choice & 3 {
        case 1: addTunnel(&spec)
        case 2: addServers(&spec)
        default: break
        }
        if choice & 0x0c != 0x0c {
            spec.iptables = try? IPTablesParser(family: .ipv4).parse(choice & 4 == 0 ? rules(.ipv4) : kubernetes)
            spec.ip6tables = try? IPTablesParser(family: .ipv6).parse(rules(.ipv6))
            spec.sets = (try? IPSetParser().parse(sets)) ?? []
        }
        return spec
    }

    private static func device(_ name: String, _ mac: UInt64, _ addresses: [String]) -> InterfaceSpec {
        InterfaceSpec(name: name, mac: MACAddress(mac), addresses: addresses.compactMap { IPPrefix($0) })
    }

    private static func addTunnel(_ spec: inout NodeSpec) {
        spec.interfaces[1].bridge = "cni0"
        spec.interfaces[2].bridge = "cni0"
        spec.interfaces[1].hairpin = true
        for index in [1, 2] { spec.interfaces[index].addresses = [] }
        var bridge = device("cni0", 0x0200_0000_0109, ["10.1.0.1/24", "2001:db8:1::1/64"])
        bridge.kind = .bridge
        var tunnel = device("flannel.1", 0x0200_0000_0201, ["10.3.0.0/32"])
        tunnel.kind = .vxlan(VXLANSpec(vni: 1, local: IPAddress("192.0.2.1"), device: "eth0"))
        tunnel.mtu = 1450
        spec.interfaces += [bridge, tunnel]
        spec.neighbors = spec.neighbors.filter { $0.device == "eth0" }
        let place = SourceLocation(file: "fuzz", line: 1, column: 1)
        if let route = try? RouteText.parse("10.3.0.0/24 via 10.3.0.0 dev flannel.1 onlink", at: place) {
            spec.routes.append(route)
        }
        spec.neighbors.append(
            Neighbor(address: IPAddress(ipv4: 0x0a03_0000), mac: MACAddress(0x0200_0000_0c01), device: "flannel.1"))
        spec.forwarding.append(
            ForwardingEntry(mac: MACAddress(0x0200_0000_0c01), device: "flannel.1", destination: IPAddress("192.0.2.20")))
    }

    private static func addServers(_ spec: inout NodeSpec) {
        let text = """
            -A -t 192.0.2.1:80 -s rr
            -a -t 192.0.2.1:80 -r 10.1.0.10:8080 -m -w 1
            -a -t 192.0.2.1:80 -r 10.3.0.30:80 -g -w 1
            -A -u 192.0.2.1:53 -s sh -p 300
            -a -u 192.0.2.1:53 -r 10.1.0.10:53 -i -w 1
            -A -t [2001:db8:f::1]:80 -s mh -b mh-port
            -a -t [2001:db8:f::1]:80 -r [2001:db8:1::a]:80 -m -w 1

            """
        spec.ipvs = try? IPVSAdmParser().parse(text)
    }

    private static let sets = """
        create s4 hash:ip,port family inet hashsize 64 maxelem 100
        add s4 10.1.0.10,tcp:80
        create s6 hash:net family inet6 hashsize 64 maxelem 100
        add s6 2001:db8:1::/64

        """

    private static let kubernetes = """
        *nat
        :PREROUTING ACCEPT [0:0]
        :OUTPUT ACCEPT [0:0]
        :POSTROUTING ACCEPT [0:0]
        :SVC - [0:0]
        :SEP1 - [0:0]
        :SEP2 - [0:0]
        -A PREROUTING -d 192.0.2.1/32 -p tcp -m tcp --dport 80 -j SVC
        -A OUTPUT -d 192.0.2.1/32 -p tcp -m tcp --dport 80 -j SVC
        -A POSTROUTING -m mark --mark 0x4000/0x4000 -j MASQUERADE --random-fully
        -A SVC -m statistic --mode random --probability 0.5 -j SEP1
        -A SVC -j SEP2
        -A SEP1 -s 10.1.0.10/32 -j MARK --set-xmark 0x4000/0x4000
        -A SEP1 -p tcp -m recent --set --name a --mask 255.255.255.255 --rsource -m tcp -j DNAT --to-destination 10.1.0.10:8080
        -A SEP2 -p tcp -m tcp -j DNAT --to-destination 10.3.0.30:80
        COMMIT
        *raw
        :PREROUTING ACCEPT [0:0]
        -A PREROUTING -p tcp -m tcp --dport 21 -j CT --helper ftp
        -A PREROUTING -p udp -m udp --dport 69 -j CT --helper tftp
        COMMIT

        """

    /// Every match that reads bytes of the packet, and every target that changes them.
    private static func rules(_ family: AddressFamily) -> String {
        let isIPv4 = family == .ipv4
        let own =
            isIPv4
            ? [
                "-p icmp -m icmp --icmp-type 3/1", "-m ttl --ttl-lt 2", "-f", "-p ah -m ah --ahspi 1:9",
                "-m u32 --u32 \"0>>22&0x3C@12>>26&0x3C@0=1\"",
            ]
            : [
                "-p ipv6-icmp -m icmp6 --icmpv6-type 1/4", "-m hl --hl-lt 2", "-m frag --fragid 1:9",
                "-m rt --rt-type 0 --rt-0-addrs 2001:db8::1", "-m hbh --hbh-opts 5:2", "-m dst --dst-len 8",
                "-m ipv6header --header hop --soft", "-p ipv6-mh -m mh --mh-type 1", "-m srh --srh-next-hdr 6", "-m eui64",
            ]
        let shared = [
            "-p tcp -m tcp --tcp-option 8", "-p tcp -m tcpmss --mss 1:9", "-p sctp -m sctp --chunk-types any INIT:B",
            "-p dccp -m dccp --dccp-option 1",
            "-p dccp -m dccp --dccp-types REQUEST", "-m string --string abc --algo bm --icase",
            "-m string --hex-string |00ff| --algo kmp --from 20",
            "-p esp -m esp --espspi 1", "-m multiport -p udp --ports 1,2:9",
            "-m connbytes --connbytes 1 --connbytes-mode bytes --connbytes-dir both",
            "-m hashlimit --hashlimit-upto 1/hour --hashlimit-mode srcip,dstport --hashlimit-name h",
            "-m recent --update --name r --rttl",
            "-m connlimit --connlimit-above 1", "-m set --match-set s\(isIPv4 ? "4 src,dst" : "6 src")",
            "-m conntrack --ctstate RELATED --ctproto tcp",
            "-m bpf --bytecode \"4,48 0 0 9,21 0 1 6,6 0 0 1,6 0 0 0\"", "-m length --length 1:99",
            "-m addrtype --dst-type LOCAL", "-m socket",
        ]
        let changes = [
            "-p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --set-mss 500", "-p tcp -m tcp -j TCPOPTSTRIP --strip-options 3,8",
            isIPv4 ? "-j TTL --ttl-inc 1" : "-j HL --hl-inc 1", "-j DSCP --set-dscp 0x12", "-j TOS --set-tos 0x10/0x3f",
            isIPv4 ? "-p tcp -j ECN --ecn-tcp-remove" : "-j DNPT --src-pfx 2001:db8:77::/64 --dst-pfx 2001:db8:1::/64",
            "-j HMARK --hmark-tuple src,dst,sport,dport --hmark-mod 3 --hmark-offset 1 --hmark-rnd 1",
            "-j TEE --gateway \(isIPv4 ? "10.1.0.10" : "2001:db8:1::a")",
        ]
        var lines = ["*mangle", ":PREROUTING ACCEPT [0:0]", ":FORWARD ACCEPT [0:0]"]
        lines += (own + shared + changes).map { "-A PREROUTING \($0)" }
        lines += ["COMMIT", "*nat", ":PREROUTING ACCEPT [0:0]", ":POSTROUTING ACCEPT [0:0]"]
        lines += [
            "-A PREROUTING -p udp -m udp --dport 1:1000 -j DNAT --to-destination \(isIPv4 ? "10.1.0.10:53" : "[2001:db8:1::a]:53")",
            "-A PREROUTING -p 253 -j NETMAP --to \(isIPv4 ? "10.3.0.0/24" : "2001:db8:3::/64")", "-A POSTROUTING -j MASQUERADE",
            "COMMIT", "*filter",
            ":INPUT ACCEPT [0:0]", ":FORWARD ACCEPT [0:0]",
            "-A FORWARD -p tcp -m tcp --dport 9 -j REJECT --reject-with tcp-reset",
            "-A FORWARD -p udp -m udp --dport 9 -j REJECT", "-A INPUT -p tcp -m tcp --dport 9 -j REJECT --reject-with tcp-reset",
            "COMMIT", "",
        ]
        return lines.joined(separator: "\n")
    }
}
