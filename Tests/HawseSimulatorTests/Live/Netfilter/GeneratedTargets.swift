/// Targets by chance.
enum GeneratedTargets {
    private static func within(_ tables: String...) -> @Sendable (RuleContext) -> Bool { { tables.contains($0.table) } }

    /// The packet goes on to the next rule.
    static let continuing: [RuleWords] = [
        RuleWords(name: "MARK", weight: 12) { draw, _ in
            "-j MARK \(draw.pick(["--set-mark 1", "--set-xmark 0x2/0x3", "--or-mark 0x4", "--and-mark 0xfffffffe", "--xor-mark 0x1", "--set-mark 0x10/0xf0"]))"
        },
        RuleWords(name: "CONNMARK", weight: 8) { draw, _ in
            "-j CONNMARK \(draw.pick(["--save-mark", "--restore-mark", "--set-mark 1", "--set-xmark 0x2/0x3", "--save-mark --nfmask 0x3 --ctmask 0x3", "--restore-mark --mask 0x1", "--or-mark 4", "--left-shift-mark 1 --set-mark 0x4/0xff"].dropLast()))"
        },
        RuleWords(name: "NFLOG", weight: 1) { draw, _ in
            "-j NFLOG --nflog-group \(1 + draw.below(3)) --nflog-prefix \"a b\"\(draw.oneIn(2) ? " --nflog-threshold 2" : "")\(draw.oneIn(2) ? " --nflog-size 64" : "")"
        },
        RuleWords(name: "LOG", weight: 1) { draw, _ in
            "-j LOG --log-prefix \"x: \" --log-level \(draw.pick(["4", "debug", "info"]))\(draw.oneIn(2) ? " --log-tcp-options --log-ip-options --log-uid" : "")"
        },
        RuleWords(name: "AUDIT", weight: 1) { draw, _ in "-j AUDIT --type \(draw.pick(["accept", "drop", "reject"]))" },
        RuleWords(name: "SET", weight: 10, fits: { !$0.sets.names.isEmpty }) { draw, context in
            let set = draw.pick(context.sets.names)
            let flags = (0..<set.dimension).map { _ in draw.pick(["src", "dst"]) }.joined(separator: ",")
            switch draw.below(context.table == "mangle" ? 5 : 4) {
            case 0: return "-j SET --del-set \(set.name) \(flags)"
            case 1: return "-j SET --add-set \(set.name) \(flags) --exist"
            case 4:
                let more = context.knowsOutput ? " --map-prio" : ""
                return "-j SET --map-set \(set.name) \(flags) --map-mark\(more)"
            default: return "-j SET --add-set \(set.name) \(flags)"
            }
        },
        RuleWords(name: "CLASSIFY", weight: 1, fits: { $0.knowsOutput }) { draw, _ in
            "-j CLASSIFY --set-class \(draw.pick(["1:10", "0:1", "ffff:2"]))"
        },
        RuleWords(name: "HMARK", weight: 3) { draw, context in
            let fields = draw.pick(["src,dst", "src,dst,sport,dport,proto", "dst", "ct", "sport,dport"])
            let prefix = draw.oneIn(3) && fields.contains("src") ? " --hmark-src-prefix \(context.isIPv6 ? 64 : 24)" : ""
            return
                "-j HMARK --hmark-tuple \(fields) --hmark-mod \(2 + draw.below(9)) --hmark-offset \(draw.below(5)) --hmark-rnd 0x\(draw.pick(["cafe", "1", "12345678"]))\(prefix)"
        },
        RuleWords(name: "IDLETIMER", weight: 1) { draw, context in "-j IDLETIMER --timeout 600 --label t\(context.number)" },
        RuleWords(name: "RATEEST", weight: 1) { _, context in
            "-j RATEEST --rateest-name e\(context.number) --rateest-interval 250ms --rateest-ewmalog 500ms"
        },
        RuleWords(name: "CONNSECMARK", weight: 1, fits: { $0.table == "mangle" && false }) { draw, _ in
            "-j CONNSECMARK --\(draw.pick(["save", "restore"]))"
        },
        RuleWords(name: "TOS", weight: 4, fits: within("mangle")) { draw, _ in
            "-j TOS \(draw.pick(["--set-tos 0x10", "--set-tos 0x20/0xe0", "--or-tos 0x04", "--and-tos 0x0f", "--xor-tos 0x08", "--set-tos Minimize-Cost"]))"
        },
        RuleWords(name: "DSCP", weight: 4, fits: within("mangle")) { draw, _ in
            draw.oneIn(2)
                ? "-j DSCP --set-dscp \(draw.pick(["0x12", "46", "0"]))"
                : "-j DSCP --set-dscp-class \(draw.pick(["EF", "AF21", "BE"]))"
        },
        RuleWords(name: "TTL", weight: 5, fits: { $0.table == "mangle" && !$0.isIPv6 }) { draw, _ in
            "-j TTL --ttl-\(draw.pick(["set 64", "set 1", "inc 2", "dec 1", "dec 62", "inc 200"]))"
        },
        RuleWords(name: "HL", weight: 5, fits: { $0.table == "mangle" && $0.isIPv6 }) { draw, _ in
            "-j HL --hl-\(draw.pick(["set 64", "set 1", "inc 2", "dec 1", "dec 62", "inc 200"]))"
        },
        RuleWords(name: "ECN", weight: 9, fits: { $0.table == "mangle" && !$0.isIPv6 }) { draw, context in
            context.isOneOf(["tcp"]) && draw.oneIn(2)
                ? "-j ECN \(draw.pick(["--ecn-tcp-remove", "--ecn-tcp-cwr 1", "--ecn-tcp-ece 0", "--ecn-tcp-cwr 1 --ecn-tcp-ece 1", "--ecn-tcp-ece 1 --ecn-ip-ect 2"]))"
                : "-j ECN --ecn-ip-ect \(draw.below(4))"
        },
        RuleWords(name: "TCPMSS", weight: 12, fits: { $0.isOneOf(["tcp"]) }) { draw, context in
            "--tcp-flags SYN,RST SYN -j TCPMSS \(context.knowsOutput && draw.oneIn(2) ? "--clamp-mss-to-pmtu" : "--set-mss \(draw.pick([500, 1200, 1400]))")"
        },
        RuleWords(name: "TCPOPTSTRIP", weight: 6, fits: { $0.table == "mangle" && $0.isOneOf(["tcp"]) }) { draw, _ in
            "-j TCPOPTSTRIP --strip-options \(draw.pick(["timestamp", "3,8", "sack-permitted", "mss,wscale"]))"
        },
        // Where a copy's frame header should be the kernel reads what memory holds.
        RuleWords(name: "TEE", weight: 3, fits: { !$0.sets.hasMACs }) { draw, context in
            "-j TEE --gateway \(draw.pick(context.node.hosts.filter { !context.node.remotes.contains($0.address) }).address)\(draw.oneIn(3) ? " --oif \(draw.pick(context.node.hasBridge ? ["br0", "eth0"] : ["eth1", "eth2"]))" : "")"
        },
        RuleWords(name: "CHECKSUM", weight: 1, fits: within("mangle")) { _, _ in "-j CHECKSUM --checksum-fill" },
        RuleWords(name: "CT", weight: 14, fits: within("raw")) { draw, _ in
            draw.pick([
                "-j CT --notrack", "-j NOTRACK", "-j CT --zone 5", "-j CT --zone-orig 6", "-j CT --zone-reply 7",
                "-j CT --zone mark", "-j CT", "-j CT --ctevents new,destroy", "-j CT --zone-orig mark --expevents new",
            ])
        },
        RuleWords(name: "TRACE", weight: 1, fits: within("raw")) { _, _ in "-j TRACE" },
        RuleWords(name: "SNPT", weight: 3, fits: { $0.isIPv6 && $0.table == "mangle" && $0.isWithin([.input, .postrouting]) }) {
            draw, _ in
            "-j SNPT --src-pfx 2001:db8:1::/64 --dst-pfx 2001:db8:\(draw.pick(["77::/64", "78::/48", "1::/64"]))"
        },
        RuleWords(name: "DNPT", weight: 3, fits: { $0.isIPv6 && $0.table == "mangle" && $0.isWithin($0.node.hasBridge ? .output : [.prerouting, .output]) }) {
            draw, _ in
            // On a bridge it would change the bytes of clones too, which are on their way out of other ports (`ip6t_dnpt_tg`).
            "-j DNPT --src-pfx 2001:db8:77::/64 --dst-pfx 2001:db8:\(draw.pick(["1::/64", "3::/64"]))"
        },
    ]

    /// The packet's way through the table ends.
    static let ending: [RuleWords] = [
        RuleWords(name: "ACCEPT", weight: 10) { _, _ in "-j ACCEPT" },
        RuleWords(name: "DROP", weight: 3, fits: { $0.table != "nat" }) { _, _ in "-j DROP" },
        RuleWords(name: "RETURN", weight: 4) { _, _ in "-j RETURN" },
        RuleWords(name: "NFQUEUE", weight: 2, fits: { $0.table != "nat" }) { draw, _ in
            "-j NFQUEUE --queue-num 3\(draw.percent(70) ? " --queue-bypass" : "")"
        },
        RuleWords(
            name: "TPROXY", weight: 14, fits: { $0.table == "mangle" && $0.hooks == .prerouting && $0.isOneOf(["tcp", "udp"]) }
        ) { draw, context in
            "-j TPROXY --on-port \(draw.pick([53, 1000, 99]))\(draw.oneIn(2) ? " --on-ip \(draw.pick(context.node.routerAddresses))" : "") --tproxy-mark 0x1/0x1"
        },
        RuleWords(name: "REJECT", weight: 12, fits: { $0.table == "filter" && $0.isWithin([.input, .forward, .output]) }) {
            draw, context in
            if context.isOneOf(["tcp"]), draw.oneIn(2) { return "-j REJECT --reject-with tcp-reset" }
            let v4 = [
                "icmp-port-unreachable", "icmp-host-unreachable", "icmp-net-unreachable", "icmp-proto-unreachable",
                "icmp-net-prohibited", "icmp-host-prohibited", "icmp-admin-prohibited",
            ]
            let v6 = [
                "icmp6-port-unreachable", "icmp6-no-route", "icmp6-adm-prohibited", "icmp6-addr-unreachable", "icmp6-policy-fail",
                "icmp6-reject-route",
            ]
            return draw.oneIn(6) ? "-j REJECT" : "-j REJECT --reject-with \(draw.pick(context.isIPv6 ? v6 : v4))"
        },
    ]

    /// How an address or a port is chosen.
    private static let choices = ["", "", "", "", "", " --persistent", " --persistent", " --random"]

    /// Of the nat table.
    static let translating: [RuleWords] = [
        RuleWords(name: "DNAT", weight: 10, fits: { $0.isWithin([.prerouting, .output]) }) { draw, context in
            let node = context.node
            let first = node.isIPv6 ? "2001:db8:\(draw.pick(["1::a", "3::1e"]))" : draw.pick(["10.1.0.10", "10.3.0.30"])
            let address =
                draw.oneIn(3)
                ? "\(first)-\(node.isIPv6 ? String(first.dropLast()) + (first.hasSuffix("a") ? "d" : "f") : first.dropLast() + "3")"
                : draw.pick(node.hosts).address
            let hasPorts = context.isOneOf(["tcp", "udp", "sctp", "udplite"]) && draw.oneIn(2)
            let bare = hasPorts && draw.oneIn(5)
            let port = hasPorts ? ":\(draw.pick(["80", "8080", "53", "6000-6005"]))" : ""
            let to = bare ? port : node.isIPv6 && hasPorts ? "[\(address)]\(port)" : address + port
            return "-j DNAT --to-destination \(to)\(draw.pick(choices))"
        },
        RuleWords(name: "REDIRECT", weight: 4, fits: { $0.isWithin([.prerouting, .output]) }) { draw, context in
            "-j REDIRECT"
                + (context.isOneOf(["tcp", "udp"]) && draw.oneIn(2) ? " --to-ports \(draw.pick(["53", "1000", "99"]))" : "")
        },
        RuleWords(name: "MASQUERADE", weight: 10, fits: { $0.isWithin([.postrouting]) }) { _, _ in "-j MASQUERADE" },
        RuleWords(name: "SNAT", weight: 10, fits: { $0.isWithin([.postrouting, .input]) }) { draw, context in
            let v4 = ["192.0.2.1", "10.1.0.77", "10.3.0.1", "198.18.0.1-198.18.0.4", "198.18.1.0-198.18.1.255"]
            let v6 = ["2001:db8:f::1", "2001:db8:1::77", "2001:db8:18::1-2001:db8:18::4", "2001:db8:18::-2001:db8:18::ffff"]
            let address = draw.pick(context.isIPv6 ? v6 : v4)
            let hasPorts = context.isOneOf(["tcp", "udp", "sctp"]) && draw.oneIn(3)
            let ports = draw.pick([":30000-30010", ":5000", ":40000-49999"])
            let to = !hasPorts ? address : context.isIPv6 ? "[\(address)]\(ports)" : address + ports
            return "-j SNAT --to-source \(to)\(draw.pick(choices + [" --random-fully"]))"
        },
        RuleWords(name: "NETMAP", weight: 3) { draw, context in
            "-j NETMAP --to \(context.isIPv6 ? draw.pick(["2001:db8:3::/64", "2001:db8:1::/120"]) : draw.pick(["10.3.0.0/24", "10.1.0.8/29"]))"
        },
        RuleWords(name: "ACCEPT", weight: 3) { _, _ in "-j ACCEPT" },
        RuleWords(name: "RETURN", weight: 2) { _, _ in "-j RETURN" },
    ]
}
