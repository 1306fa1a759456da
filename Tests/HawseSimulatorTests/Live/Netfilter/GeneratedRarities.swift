/// Options that few rules have: beside `GeneratedMatches` and `GeneratedTargets`, with as much weight all together as a few of
/// their kinds.
///
/// What this kernel has not got is not drawn: the match `ipvs`, the targets LED and ULOG, pinned programs and paths of
/// control groups, contexts for SECMARK (no security module is loaded). What `rateest` finds hangs on the kernel's timers; sets with
/// timeouts are left out, as a listing tells their seconds.
extension GeneratedMatches {
    static let rare: [RuleWords] = [
        RuleWords(name: "compres", weight: 8, fits: { $0.isOneOf(["ipcomp"]) }) { draw, _ in
            "-m ipcomp \(draw.not)--ipcompspi \(draw.pick(["2", "0:9"])) --compres"
        },
        RuleWords(name: "osf", weight: 3, fits: { !$0.isIPv6 && $0.isOneOf(["tcp"]) && $0.isWithin([.prerouting, .input, .forward]) }) {
            draw, _ in "-m osf \(draw.not)--genre \(draw.pick(["Linux", "Windows"])) --ttl \(draw.below(3)) --log \(draw.below(3))"
        },
        RuleWords(name: "zones of time", weight: 1) { draw, _ in
            draw.pick([
                "-m time --datestart 2020-01-01 --datestop 2037-01-01 --utc",
                "-m time --timestart 00:00 --timestop 23:59:59 --kerneltz", "-m time --weekdays 1,2,3,4,5,6,7 --kerneltz",
                "-m time --timestart 12:00 --timestop 11:59:59 --contiguous", "-m time --timestart 00:00 --localtz",
            ])
        },
        RuleWords(name: "policy elements", weight: 1, fits: { !$0.isWithin([.forward]) && ($0.knowsInput || $0.isWithin([.output, .postrouting])) }) {
            draw, context in
            let (own, peer) = context.isIPv6 ? ("2001:db8:1::/64", "2001:db8:3::1") : ("10.1.0.0/24", "10.3.0.1")
            let direction = context.isWithin([.prerouting, .input]) ? "in" : "out"
            return "-m policy --dir \(direction) --pol ipsec --strict \(draw.not)--reqid \(1 + draw.below(3)) --spi 256 --proto esp --mode tunnel --tunnel-src \(own) \(draw.not)--tunnel-dst \(peer) --next --proto \(draw.pick(["ah", "ipcomp"])) --mode transport"
        },
        RuleWords(name: "groups of owners", weight: 2, fits: { $0.isWithin([.output, .postrouting]) }) { draw, _ in
            "-m owner \(draw.not)--gid-owner \(draw.pick(["0", "1-1000"])) --suppl-groups"
        },
        RuleWords(name: "mark of sockets", weight: 2, fits: { $0.isWithin([.prerouting, .input]) }) { draw, _ in
            "-m socket\(draw.oneIn(2) ? " --nowildcard" : "") --restore-skmark"
        },
        RuleWords(name: "cgroup", weight: 1, fits: { $0.isWithin([.output, .postrouting]) }) { draw, _ in
            "-m cgroup \(draw.not)--cgroup \(draw.pick([0, 1, 65537]))"
        },
        RuleWords(name: "hashlimit's table", weight: 3) { draw, context in
            let mask = context.isIPv6 ? draw.pick([64, 120]) : draw.pick([24, 30])
            let rate = draw.oneIn(2) ? "10/day --hashlimit-burst 3" : "1mb/s --hashlimit-rate-match --hashlimit-rate-interval 3600"
            return "-m hashlimit --hashlimit-\(draw.pick(["upto", "above"])) \(rate) --hashlimit-mode dstip --hashlimit-dstmask \(mask) --hashlimit-htable-size 64 --hashlimit-htable-max 500 --hashlimit-htable-gcinterval 60000 --hashlimit-htable-expire 100000 --hashlimit-name g\(context.number)"
        },
        RuleWords(name: "counters of elements", weight: 4, fits: { $0.sets.names.contains(where: \.hasCounters) }) { draw, context in
            let set = draw.pick(context.sets.names.filter(\.hasCounters))
            let flags = (0..<set.dimension).map { _ in draw.pick(["src", "dst"]) }.joined(separator: ",")
            let more = draw.pick(["! --update-subcounters", "--bytes-eq 84", "! --bytes-eq 84", "--bytes-lt 500", "--packets-eq 1", "--packets-gt 0 --bytes-lt 900"])
            return "-m set \(draw.not)--match-set \(set.name) \(flags) \(more)"
        },
        RuleWords(name: "nfacct", weight: 1) { _, context in "-m nfacct --nfacct-name n\(context.number)" },
    ]
}

extension GeneratedTargets {
    static let rare: [RuleWords] = [
        RuleWords(name: "CONNMARK", weight: 5) { draw, _ in
            "-j CONNMARK \(draw.pick(["--and-mark 0xf", "--xor-mark 3", "--set-xmark 0x4/0xff", "--restore-mark --left-shift-mark 2", "--save-mark --right-shift-mark 1", "--save-mark --mask 0x7", "--set-mark 0x3 --left-shift-mark 1"]))"
        },
        RuleWords(name: "HMARK", weight: 12) { draw, context in
            // `--hmark-tuple` says which fields count; masks of one's own stand alone.
            let alone = [
                "--hmark-src-prefix \(context.isIPv6 ? 64 : 24) --hmark-dst-prefix \(context.isIPv6 ? 126 : 13)",
                "--hmark-sport-mask 0xff00 --hmark-dport-mask 0x00ff --hmark-src-prefix 8", "--hmark-dst-prefix 0 --hmark-proto-mask 0x0f",
                "--hmark-spi-mask 0xffff00ff --hmark-dst-prefix 30", "--hmark-sport-mask 0xfff0",
            ]
            let masks = alone + [
                "--hmark-tuple src,dst,sport,dport --hmark-sport-mask 0xff00 --hmark-dport-mask 0x00ff",
                "--hmark-tuple dport --hmark-dport 80", "--hmark-tuple src,sport --hmark-sport 53",
                "--hmark-tuple src,dst,spi --hmark-spi-mask 0xffff0000", "--hmark-tuple spi --hmark-spi 0xcafe",
                "--hmark-tuple src,dst,proto --hmark-proto-mask 0x0f",
                "--hmark-tuple src,dst --hmark-dst-prefix \(context.isIPv6 ? draw.pick([64, 33, 0]) : draw.pick([24, 13, 0]))",
                "--hmark-tuple src,dst,sport --hmark-src-prefix \(context.isIPv6 ? 126 : 30) --hmark-dst-prefix 8",
                "--hmark-tuple ct,src,dst,sport,dport --hmark-src-prefix \(context.isIPv6 ? 120 : 24) --hmark-sport-mask 0xf000",
            ]
            let offset = draw.oneIn(2) ? " --hmark-offset \(draw.pick(["1", "0x10", "4294967290"]))" : ""
            return "-j HMARK \(draw.pick(masks)) --hmark-mod \(draw.pick([1, 2, 7, 100, 65536]))\(offset) --hmark-rnd 0x\(draw.pick(["cafe", "1", "ffffffff"]))"
        },
        RuleWords(name: "IDLETIMER", weight: 1) { _, context in "-j IDLETIMER --timeout 600 --label a\(context.number) --alarm" },
        RuleWords(name: "LOG", weight: 1) { draw, _ in
            "-j LOG --log-level 7\(draw.oneIn(2) ? " --log-tcp-sequence" : "")\(draw.oneIn(2) ? " --log-macdecode" : "")"
        },
        RuleWords(name: "NFLOG", weight: 1) { _, _ in "-j NFLOG --nflog-group 1 --nflog-range 32" },
        RuleWords(name: "CONNSECMARK", weight: 1, fits: { ["mangle", "security"].contains($0.table) }) { draw, _ in
            "-j CONNSECMARK --\(draw.pick(["save", "restore"]))"
        },
        RuleWords(name: "CT", weight: 9, fits: { $0.table == "raw" }) { draw, context in
            if context.isOneOf(["tcp"]), draw.oneIn(2) { return "-j CT --helper ftp" }
            if context.isOneOf(["udp"]), draw.oneIn(2) { return "-j CT --helper tftp" }
            if let known = GeneratedNode.timeouts.first(where: { context.isOneOf([$0]) }) {
                return "-j CT --timeout live-\(known)\(context.isIPv6 ? "6" : "4")"
            }
            return draw.pick(["-j CT --timeout none", "-j CT --expevents new --ctevents new"])
        },
        RuleWords(name: "SET", weight: 3, fits: { !$0.sets.names.isEmpty && $0.table == "mangle" }) { draw, context in
            let set = draw.pick(context.sets.names)
            let flags = (0..<set.dimension).map { _ in draw.pick(["src", "dst"]) }.joined(separator: ",")
            return draw.oneIn(2)
                ? "-j SET --map-set \(set.name) \(flags) --map-queue" : "-j SET --add-set \(set.name) \(flags) --exist --timeout 60"
        },
    ]

    static let rareEnding: [RuleWords] = [
        RuleWords(name: "NFQUEUE", weight: 1, fits: { $0.table != "nat" }) { draw, _ in
            "-j NFQUEUE --queue-balance 0:3 --queue-bypass\(draw.oneIn(2) ? " --queue-cpu-fanout" : "")"
        }
    ]

    /// The kernel draws ports here.
    static let rareTranslating: [RuleWords] = [
        RuleWords(name: "MASQUERADE", weight: 9, fits: { $0.isWithin([.postrouting]) && $0.isOneOf(["tcp", "udp", "sctp", "dccp"]) }) { draw, _ in
            "-j MASQUERADE\(draw.pick([" --to-ports 20000-20999", " --to-ports 1000", " --random", " --random-fully", " --to-ports 20000-20100 --random"]))"
        },
        RuleWords(name: "MASQUERADE of anything", weight: 3, fits: { $0.isWithin([.postrouting]) }) { draw, _ in
            "-j MASQUERADE --random\(draw.pick(["", "-fully"]))"
        },
        RuleWords(name: "REDIRECT", weight: 6, fits: { $0.isWithin([.prerouting, .output]) && $0.isOneOf(["tcp", "udp"]) }) { draw, _ in
            "-j REDIRECT --to-ports \(draw.pick(["1000-1001", "53"])) --random"
        },
    ]
}
