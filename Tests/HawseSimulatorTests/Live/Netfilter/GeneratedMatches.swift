/// Matches by chance. Each gives words that iptables 1.8.9 takes.
enum GeneratedMatches {
    /// Of the transport protocol that the rule names.
    static let transport: [RuleWords] = [
        RuleWords(name: "tcp", weight: 20, fits: { $0.isOneOf(["tcp"]) }) { draw, context in
            let flags = [
                "SYN,ACK SYN", "FIN,SYN,RST,ACK SYN", "RST RST", "FIN FIN", "ALL NONE", "SYN,FIN SYN,FIN", "ACK,PSH ACK",
                "URG URG",
            ]
            return switch draw.below(7) {
            case 0: "\(draw.not)--syn"
            case 1: "\(draw.not)--tcp-flags \(draw.pick(flags))"
            case 2: "\(draw.not)--tcp-option \(draw.pick([2, 3, 4, 8, 1, 253]))"
            case 3: "\(draw.not)--sport \(context.node.portRange(draw))"
            case 4: "\(draw.not)--dport \(context.node.portRange(draw)) --tcp-flags \(draw.pick(flags))"
            default: "\(draw.not)--dport \(context.node.portRange(draw))"
            }
        },
        RuleWords(name: "ports", weight: 20, fits: { $0.isOneOf(["udp", "sctp", "dccp"]) }) { draw, context in
            "\(draw.not)--\(draw.pick(["dport", "dport", "sport"])) \(context.node.portRange(draw))"
        },
        RuleWords(name: "sctp", weight: 20, fits: { $0.isOneOf(["sctp"]) }) { draw, _ in
            let types = [
                "INIT", "DATA", "DATA:Be", "DATA:bE", "INIT_ACK,SACK", "COOKIE_ECHO", "ABORT:T", "SHUTDOWN,DATA", "ALL", "NONE",
            ]
            return "-m sctp \(draw.not)--chunk-types \(draw.pick(["all", "any", "only"])) \(draw.pick(types))"
        },
        RuleWords(name: "dccp", weight: 20, fits: { $0.isOneOf(["dccp"]) }) { draw, _ in
            draw.oneIn(2)
                ? "-m dccp \(draw.not)--dccp-types \(draw.pick(["REQUEST", "RESPONSE,DATA", "ACK,DATAACK,RESET", "INVALID,CLOSE"]))"
                : "-m dccp \(draw.not)--dccp-option \(draw.pick([1, 2, 32, 44]))"
        },
        RuleWords(name: "icmp", weight: 20, fits: { $0.isOneOf(["icmp"]) }) { draw, _ in
            "\(draw.not)--icmp-type \(draw.pick(["any", "echo-request", "0", "3", "3/1", "port-unreachable", "time-exceeded", "13", "fragmentation-needed"]))"
        },
        RuleWords(name: "icmp6", weight: 20, fits: { $0.isOneOf(["icmpv6"]) }) { draw, _ in
            "\(draw.not)--icmpv6-type \(draw.pick(["echo-request", "echo-reply", "1", "1/4", "packet-too-big", "ttl-exceeded", "135", "128/1"]))"
        },
        RuleWords(name: "multiport", weight: 12, fits: { $0.isOneOf(["tcp", "udp", "udplite", "sctp", "dccp"]) }) {
            draw, context in
            let list = (0..<1 + draw.below(4)).map { _ in
                draw.oneIn(3) ? "\(draw.pick([1, 80, 440])):\(draw.pick([500, 1000, 9000]))" : "\(context.node.port(draw))"
            }
            return "-m multiport \(draw.not)--\(draw.pick(["sports", "dports", "ports"])) \(list.joined(separator: ","))"
        },
        RuleWords(name: "ecn-tcp", fits: { $0.isOneOf(["tcp"]) }) { draw, _ in
            "-m ecn \(draw.not)--ecn-tcp-\(draw.pick(["cwr", "ece"]))"
        },
        RuleWords(name: "tcpmss", fits: { $0.isOneOf(["tcp"]) }) { draw, _ in
            "--syn -m tcpmss \(draw.not)--mss \(draw.pick(["1460", "0:1000", "1220:1500"]))"
        },
        RuleWords(name: "esp", weight: 20, fits: { $0.isOneOf(["esp"]) }) { draw, _ in
            "-m esp \(draw.not)--espspi \(draw.pick(["256", "0:255", "256:1000"]))"
        },
        RuleWords(name: "ah", weight: 20, fits: { $0.isOneOf(["ah"]) }) { draw, context in
            let extra = context.isIPv6 ? draw.pick(["", " --ahres", " ! --ahlen 16", " --ahlen 24"]) : ""
            return "-m ah \(draw.not)--ahspi \(draw.pick(["256", "0:255", "256:1000"]))\(extra)"
        },
        RuleWords(name: "ipcomp", weight: 20, fits: { $0.isOneOf(["ipcomp"]) }) { draw, _ in
            "-m ipcomp \(draw.not)--ipcompspi \(draw.pick(["2", "0:1", "2:9"]))"
        },
        RuleWords(name: "mh", weight: 20, fits: { $0.isOneOf(["mh"]) }) { draw, _ in
            "-m mh \(draw.not)--mh-type \(draw.pick(["0", "1:3", "binding-refresh-request"]))"
        },
    ]

    /// Of the packet's header, way and surroundings.
    static let plain: [RuleWords] = [
        RuleWords(name: "mark", weight: 8) { draw, _ in
            "-m mark \(draw.not)--mark \(draw.pick(["0", "0x1", "0x1/0x3", "2/2", "0xf0/0xff", "0x4000/0x4000"]))"
        },
        RuleWords(name: "length") { draw, _ in
            "-m length \(draw.not)--length \(draw.pick(["0:60", "60:100", "84", "40:", ":200", "1000:2000"]))"
        },
        RuleWords(name: "ttl", fits: { !$0.isIPv6 }) { draw, _ in
            draw.oneIn(2)
                ? "-m ttl \(draw.not)--ttl-eq \(draw.pick([1, 63, 64]))"
                : "-m ttl --ttl-\(draw.pick(["lt", "gt"])) \(draw.pick([2, 63, 64]))"
        },
        RuleWords(name: "hl", fits: { $0.isIPv6 }) { draw, _ in
            draw.oneIn(2)
                ? "-m hl \(draw.not)--hl-eq \(draw.pick([1, 63, 64]))"
                : "-m hl --hl-\(draw.pick(["lt", "gt"])) \(draw.pick([2, 63, 64]))"
        },
        RuleWords(name: "tos") { draw, _ in
            "-m tos \(draw.not)--tos \(draw.pick(["0x10", "0x10/0x3f", "0/0xfc", "Maximize-Throughput", "0xb8/0xff"]))"
        },
        RuleWords(name: "dscp") { draw, _ in
            draw.oneIn(2)
                ? "-m dscp \(draw.not)--dscp \(draw.pick([0, 2, 8, 46]))"
                : "-m dscp \(draw.not)--dscp-class \(draw.pick(["EF", "BE", "AF11", "CS1"]))"
        },
        RuleWords(name: "ecn") { draw, _ in "-m ecn \(draw.not)--ecn-ip-ect \(draw.below(4))" },
        RuleWords(name: "iprange") { draw, context in
            let (low, high) = draw.pick(
                context.isIPv6
                    ? [("2001:db8:1::a", "2001:db8:1::b"), ("2001:db8:3::", "2001:db8:3::ff"), ("::", "2001:db8:1::ff")]
                    : [("10.1.0.10", "10.1.0.11"), ("10.3.0.0", "10.3.0.255"), ("0.0.0.0", "10.1.0.255")])
            return "-m iprange \(draw.not)--\(draw.pick(["src", "dst"]))-range \(low)-\(high)"
        },
        RuleWords(name: "pkttype") { draw, _ in
            "-m pkttype \(draw.not)--pkt-type \(draw.pick(["unicast", "broadcast", "multicast", "otherhost"]))"
        },
        RuleWords(name: "mac", fits: { $0.knowsInput }) { draw, context in
            "-m mac \(draw.not)--mac-source \(draw.pick(context.node.hosts).mac)"
        },
        RuleWords(name: "addrtype") { draw, context in
            var types = ["LOCAL", "UNICAST", "LOCAL,MULTICAST", "UNREACHABLE", "MULTICAST"]
            if !context.isIPv6 {
                types += ["BROADCAST", "BLACKHOLE,PROHIBIT", "BROADCAST,LOCAL"]
            } else {
                types += ["ANYCAST", "UNREACHABLE,LOCAL"]
            }
            let limit =
                draw.oneIn(4) ? (context.knowsInput ? " --limit-iface-in" : context.knowsOutput ? " --limit-iface-out" : "") : ""
            return "-m addrtype \(draw.not)--\(draw.pick(["src", "dst"]))-type \(draw.pick(types))\(limit)"
        },
        RuleWords(name: "u32") { draw, context in
            let v4 = [
                "0>>22&0x3C@0>>16=53,80,443", "6&0xFF=1,6", "0>>22&0x3C@12>>26&0x3C@0=0x61626364", "4&0x3FFF=0", "12&0xFF=10:11",
                "0&0xFFFF=0:60",
            ]
            let v6 = ["4>>8&0xFF=6,17", "8&0xFFFFFFFF=0x20010db8", "40&0xFFFF=53,80,443", "4&0xFF=64", "44=0x61626364"]
            return "-m u32 \(draw.not)--u32 \"\(draw.pick(context.isIPv6 ? v6 : v4))\""
        },
        // The identification and its checksum, the flow label: what the kernel draws is not looked at.
        RuleWords(name: "string") { draw, context in
            let needle =
                draw.oneIn(3)
                ? "--hex-string \"|\(draw.pick(["6162", "00 00", "ff"]))|\""
                : "--string \"\(draw.pick(["ab", "abc", "GET /", "xyz"]))\""
            let from = " --from \(draw.oneIn(3) ? draw.pick([20, 28, 40]) : context.isIPv6 ? 4 : 12)"
            let to = draw.oneIn(3) ? " --to \(draw.pick([50, 60, 90]))" : ""
            return
                "-m string \(draw.not)\(needle) --algo \(draw.pick(["bm", "kmp"]))\(from)\(to)\(draw.oneIn(3) ? " --icase" : "")"
        },
        RuleWords(name: "bpf") { draw, context in
            let v4 = [
                "4,48 0 0 9,21 0 1 6,6 0 0 1,6 0 0 0", "4,48 0 0 8,53 0 1 64,6 0 0 1,6 0 0 0",
                "6,40 0 0 6,69 2 0 8191,177 0 0 0,72 0 0 2,21 1 0 80,6 0 0 0", "3,128 0 0 0,36 0 0 2,22 0 0 0",
            ]
            let v6 = ["4,48 0 0 6,21 0 1 6,6 0 0 1,6 0 0 0", "4,40 0 0 42,37 0 1 100,6 0 0 1,6 0 0 0"]
            let programs = (context.isIPv6 ? v6 : v4).filter { !$0.hasPrefix("6,40") }
            return "-m bpf --bytecode \"\(draw.pick(programs))\""
        },
        RuleWords(name: "quota") { draw, _ in "-m quota \(draw.not)--quota \(draw.pick([100, 500, 2000]))" },
        RuleWords(name: "nth") { draw, _ in
            let every = 1 + draw.below(4)
            return "-m statistic --mode nth \(draw.not)--every \(every) --packet \(draw.below(every))"
        },
        RuleWords(name: "random", weight: 1) { draw, _ in
            "-m statistic --mode random \(draw.not)--probability \(draw.pick(["0.0", "1.0"]))"
        },
        RuleWords(name: "comment", weight: 1) { draw, _ in
            "-m comment --comment \(draw.pick(["plain", "\"two words\"", "\"with \\\"quotes\\\"\"", "\"it's\"", "a-b_c", "\"\"", "\"back\\\\slash\""]))"
        },
        RuleWords(name: "devgroup", fits: { $0.knowsInput || $0.knowsOutput }) { draw, context in
            "-m devgroup \(draw.not)--\(context.knowsInput && (draw.oneIn(2) || !context.knowsOutput) ? "src" : "dst")-group \(draw.pick(["0", "4", "0x5", "6", "4/0xc"]))"
        },
        RuleWords(name: "realm", weight: 2, fits: { !$0.isIPv6 && !$0.hooks.contains(.prerouting) }) { draw, _ in
            "-m realm \(draw.not)--realm \(draw.pick(["5", "0", "0x4/0x4"]))"
        },
        RuleWords(name: "cpu", weight: 1) { draw, _ in "-m cpu \(draw.not)--cpu \(draw.pick([0, 0, 1]))" },
        RuleWords(name: "time", weight: 1) { draw, _ in
            draw.pick([
                "-m time --datestart 2020-01-01 --datestop 2037-01-01", "-m time --datestart 2037-01-01T00:00:01",
                "-m time --weekdays Mon,Tue,Wed,Thu,Fri,Sat,Sun",
                "-m time --timestart 00:00 --timestop 23:59:59",
                "-m time ! --monthdays 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31",
            ])
        },
        RuleWords(name: "policy", weight: 1) { draw, context in
            context.isWithin([.prerouting, .input, .forward])
                ? "-m policy --dir in --pol \(draw.pick(["none", "ipsec"]))"
                : context.isWithin([.forward, .output, .postrouting])
                    ? "-m policy --dir out --pol \(draw.pick(["none", "ipsec"]))" : "-m mark --mark 0"
        },
        RuleWords(name: "physdev", weight: 3) { draw, context in
            let names = context.node.hasBridge ? ["eth1", "eth2", "eth+"] : ["eth1"]
            return switch draw.below(5) {
            case 0: "-m physdev \(draw.not)--physdev-in \(draw.pick(names))"
            case 1 where context.isWithin([.forward, .postrouting]):
                "-m physdev \(draw.not)--physdev-out \(draw.pick(names)) --physdev-is-bridged"
            case 2: "-m physdev \(draw.not)--physdev-is-bridged"
            case 3: "-m physdev \(draw.not)--physdev-is-in"
            default: "-m physdev \(draw.not)--physdev-is-out"
            }
        },
        RuleWords(name: "rpfilter", weight: 6, fits: { $0.hooks == .prerouting && ["raw", "mangle"].contains($0.table) }) {
            draw, _ in
            "-m rpfilter\(draw.oneIn(3) ? " --loose" : "")\(draw.oneIn(3) ? " --validmark" : "")\(draw.oneIn(3) ? " --accept-local" : "")\(draw.oneIn(3) ? " --invert" : "")"
        },
        RuleWords(name: "socket", weight: 3, fits: { $0.isWithin([.prerouting, .input]) }) { draw, _ in
            "-m socket\(draw.oneIn(2) ? " --nowildcard" : "")\(draw.oneIn(4) ? " --transparent" : "")"
        },
        RuleWords(name: "owner", weight: 3, fits: { $0.isWithin([.output, .postrouting]) }) { draw, _ in
            draw.pick([
                "-m owner \(draw.not)--uid-owner 0", "-m owner --gid-owner 0", "-m owner \(draw.not)--socket-exists",
                "-m owner \(draw.not)--uid-owner 1-1000",
            ])
        },
        RuleWords(name: "frag", weight: 4, fits: { $0.isIPv6 }) { draw, _ in
            "-m frag \(draw.pick(["--fragfirst", "--fragmore", "--fraglast", "--fragres", "! --fragid 7", "--fragid 0:4294967295", "--fraglen 8"]))"
        },
        RuleWords(name: "ipv6header", weight: 4, fits: { $0.isIPv6 }) { draw, _ in
            "-m ipv6header \(draw.not)--header \(draw.pick(["hop", "dst", "frag", "route,dst", "prot", "none", "hop,prot"]))\(draw.oneIn(2) ? " --soft" : "")"
        },
        RuleWords(name: "hbh", weight: 4, fits: { $0.isIPv6 }) { draw, _ in
            "-m \(draw.pick(["hbh --hbh", "dst --dst"]))-\(draw.pick(["len 8", "opts 5:2", "opts 1", "opts 1:4", "opts 5:2,1:0", "len 16"]))"
        },
        RuleWords(name: "rt", weight: 4, fits: { $0.isIPv6 }) { draw, _ in
            "-m rt \(draw.pick(["--rt-type 2", "! --rt-type 0", "--rt-segsleft 0:1", "--rt-type 0 --rt-0-res", "--rt-type 0 --rt-0-addrs 2001:db8:3::1e", "--rt-len 24", "--rt-type 0 --rt-0-addrs 2001:db8:3::1e --rt-0-not-strict"]))"
        },
        RuleWords(name: "srh", weight: 2, fits: { $0.isIPv6 }) { draw, _ in
            "-m srh \(draw.pick(["--srh-next-hdr 6", "! --srh-next-hdr 17", "--srh-segs-left-eq 1", "--srh-last-entry-gt 0", "--srh-tag 5", "! --srh-tag 0", "--srh-hdr-len-eq 2", "--srh-hdr-len-gt 1", "! --srh-hdr-len-lt 4", "--srh-segs-left-gt 0", "--srh-segs-left-lt 1", "--srh-last-entry-eq 0", "--srh-last-entry-lt 2", "--srh-psid 2001:db8::/32", "--srh-nsid 2001:db8::/32", "! --srh-lsid 2001:db8:3::/64"]))"
        },
        RuleWords(name: "eui64", weight: 2, fits: { $0.isIPv6 && $0.knowsInput }) { draw, _ in "-m eui64" },
    ]

    /// With connection tracking.
    static let tracked: [RuleWords] = [
        RuleWords(name: "ctstate", weight: 10) { draw, _ in
            "-m conntrack \(draw.not)--ctstate \(draw.pick(["NEW", "ESTABLISHED", "RELATED,ESTABLISHED", "INVALID", "UNTRACKED", "NEW,RELATED", "DNAT", "SNAT", "SNAT,DNAT,NEW"]))"
        },
        RuleWords(name: "state", weight: 3) { draw, _ in
            "-m state \(draw.not)--state \(draw.pick(["NEW", "ESTABLISHED", "INVALID", "UNTRACKED", "RELATED,NEW"]))"
        },
        RuleWords(name: "conntrack", weight: 10) { draw, context in
            let node = context.node
            let address = draw.oneIn(2) ? draw.pick(node.networks) : node.anyAddress(draw)
            return switch draw.below(8) {
            case 0: "-m conntrack \(draw.not)--ctorigsrc \(address)"
            case 1: "-m conntrack \(draw.not)--ctrepldst \(address) --ctdir \(draw.pick(["ORIGINAL", "REPLY"]))"
            case 2: "-m conntrack \(draw.not)--ctorigdst \(address)"
            case 3:
                "-m conntrack --ctproto \(draw.pick(["tcp", "udp"])) \(draw.not)--\(draw.pick(["ctorigdstport", "ctreplsrcport", "ctorigsrcport", "ctrepldstport"])) \(draw.pick(["53", "80", "1:1000", "443"]))"
            case 4:
                "-m conntrack \(draw.not)--ctstatus \(draw.pick(["NONE", "SEEN_REPLY", "ASSURED", "CONFIRMED", "EXPECTED", "SEEN_REPLY,ASSURED"]))"
            case 5: "-m conntrack \(draw.not)--ctproto \(draw.pick(["tcp", "udp", "sctp", context.isIPv6 ? "icmpv6" : "icmp"]))"
            case 6: "-m conntrack \(draw.not)--ctexpire \(draw.pick(["0:15", "16:100", "200:500000", "0"]))"
            default: "-m conntrack \(draw.not)--ctreplsrc \(address) --ctstate \(draw.pick(["NEW", "ESTABLISHED"]))"
            }
        },
        RuleWords(name: "connmark", weight: 5) { draw, _ in
            "-m connmark \(draw.not)--mark \(draw.pick(["0", "1", "0x1/0x3", "2/2", "0xf0/0xff"]))"
        },
        RuleWords(name: "connbytes") { draw, _ in
            "-m connbytes \(draw.not)--connbytes \(draw.pick(["2:", "0:3", "60:500", "40"])) --connbytes-dir \(draw.pick(["original", "reply", "both"])) --connbytes-mode \(draw.pick(["packets", "bytes", "avgpkt"]))"
        },
        RuleWords(name: "connlimit") { draw, context in
            "-m connlimit --connlimit-\(draw.pick(["upto", "above"])) \(draw.below(4)) --connlimit-mask \(context.isIPv6 ? draw.pick([64, 128, 0]) : draw.pick([24, 32, 0])) --connlimit-\(draw.pick(["saddr", "daddr"]))"
        },
        RuleWords(name: "connlabel", weight: 2) { draw, _ in
            "-m connlabel \(draw.not)--label \(draw.pick([0, 1, 7]))\(draw.oneIn(2) ? " --set" : "")"
        },
        RuleWords(name: "helper", weight: 1) { draw, _ in "-m helper \(draw.not)--helper \(draw.pick(["ftp", "tftp"]))" },
        RuleWords(name: "cluster", weight: 2) { draw, _ in
            "-m cluster --cluster-total-nodes \(draw.pick([2, 3])) \(draw.not)--cluster-local-node\(draw.pick([" 1", " 2", "mask 1", "mask 0x3"])) --cluster-hash-seed \(draw.pick(["1", "0xdeadbeef"]))"
        },
    ]

    /// With state of their own, and sets.
    static let stateful: [RuleWords] = [
        RuleWords(name: "limit") { draw, _ in
            "-m limit --limit \(draw.pick(["2/hour", "6/min", "1/hour"])) --limit-burst \(1 + draw.below(6))"
        },
        RuleWords(name: "hashlimit", weight: 6) { draw, context in
            let mode = draw.pick(["srcip", "dstip", "srcip,dstip", "srcip,srcport,dstip,dstport", "dstport"])
            let isIP = mode.contains("srcip")
            let mask =
                isIP && draw.oneIn(2) ? " --hashlimit-srcmask \(context.isIPv6 ? draw.pick([64, 120]) : draw.pick([24, 30]))" : ""
            let rate = draw.pick(["10/day", "1/hour", "3/min"])
            return
                "-m hashlimit --hashlimit-\(draw.pick(["upto", "above"])) \(rate) --hashlimit-burst \(1 + draw.below(5)) --hashlimit-mode \(mode) --hashlimit-name h\(context.number)\(mask)"
        },
        RuleWords(name: "recent", weight: 6) { draw, context in
            let list = "--name r\(1 + draw.below(2)) --\(draw.pick(["rsource", "rsource", "rdest"]))"
            let mask = !context.isIPv6 && draw.oneIn(4) ? " --mask 255.255.255.0" : ""
            return switch draw.below(5) {
            case 0, 1: "-m recent --set \(list)\(mask)"
            case 2:
                "-m recent \(draw.not)--rcheck \(draw.pick(["", "--seconds 600 ", "--hitcount 2 ", "--seconds 600 --hitcount 2 ", "--rttl "]))\(list)\(mask)"
            case 3:
                "-m recent \(draw.not)--update \(draw.pick(["", "--seconds 600 ", "--seconds 600 --hitcount 3 ", "--seconds 600 --reap "]))\(list)\(mask)"
            default: "-m recent \(draw.not)--remove \(list)\(mask)"
            }
        },
        RuleWords(name: "set", weight: 14, fits: { !$0.sets.names.isEmpty }) { draw, context in
            let set = draw.pick(context.sets.names)
            let flags = (0..<set.dimension).map { _ in draw.pick(["src", "dst"]) }.joined(separator: ",")
            var words = "-m set \(draw.not)--match-set \(set.name) \(flags)"
            if draw.oneIn(6) { words += " --return-nomatch" }
            if set.hasCounters, draw.oneIn(4) { words += " ! --update-counters" }
            if set.hasCounters, draw.oneIn(4) {
                words += draw.pick([" --packets-gt 1", " --packets-lt 3", " ! --packets-eq 2", " --bytes-gt 100"])
            }
            return words
        },
    ]

    static let all = plain + tracked + stateful + rare
}
