import HawseWire

/// Protocol names as iptables prints them: its own, else those of `/etc/protocols`.
private let protocolNames: [(number: UInt8, name: String)] = [
    (1, "icmp"), (2, "igmp"), (3, "ggp"), (4, "ipencap"), (5, "st"), (6, "tcp"), (8, "egp"), (9, "igp"),
    (12, "pup"), (17, "udp"), (20, "hmp"), (22, "xns-idp"), (27, "rdp"), (29, "iso-tp4"), (33, "dccp"),
    (36, "xtp"), (37, "ddp"), (38, "idpr-cmtp"), (41, "ipv6"), (43, "ipv6-route"), (44, "ipv6-frag"),
    (45, "idrp"), (46, "rsvp"), (47, "gre"), (50, "esp"), (51, "ah"), (57, "skip"), (58, "ipv6-icmp"),
    (59, "ipv6-nonxt"), (60, "ipv6-opts"), (73, "rspf"), (81, "vmtp"), (88, "eigrp"), (89, "ospf"),
    (93, "ax.25"), (94, "ipip"), (97, "etherip"), (98, "encap"), (103, "pim"), (108, "ipcomp"), (112, "vrrp"),
    (115, "l2tp"), (124, "isis"), (132, "sctp"), (133, "fc"), (135, "mobility-header"), (136, "udplite"),
    (137, "mpls-in-ip"), (138, "manet"), (139, "hip"), (140, "shim6"), (141, "wesp"), (142, "rohc"),
    (143, "ethernet"),
]

/// Other words for the same protocols.
private let protocolAliases: [String: UInt8] = [
    "all": 0, "ip": 0, "hopopt": 0, "icmpv6": 58, "ipv6-mh": 135, "mh": 135, "ip-encap": 4, "ospfigp": 89,
]

extension IPProtocol {
    /// The name, or the number when there is none.
    public var text: String {
        protocolNames.first { $0.number == rawValue }?.name ?? String(rawValue)
    }

    /// A name (any case) or a number; `nil` for what is neither.
    public init?(text: String) {
        if let number = parseNumeral(text, max: 255) {
            self.init(rawValue: UInt8(number))
            return
        }
        let lower = text.lowercased()
        guard let number = protocolNames.first(where: { $0.name == lower })?.number ?? protocolAliases[lower]
        else { return nil }
        self.init(rawValue: number)
    }

    static var knownNames: [String] { protocolNames.map(\.name) + protocolAliases.keys.sorted() }
}
