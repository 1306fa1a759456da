import HawseModel

/// The words of case.json, so that a mistyped one does not pass for one left out.
enum CaseKeys {
    private static let whole = [
        "name", "suite", "about", "kernel", "timed", "family", "interfaces", "routes", "rules", "default_rules", "neighbors", "fdb",
        "listeners", "sysctls", "events", "free", "notes", "conntrack",
    ]
    private static let interface = [
        "name", "mac", "mtu", "up", "group", "addresses", "kind", "vxlan", "vlan", "parent", "local", "remote", "ttl", "tos",
        "pmtudisc", "bridge_ports", "hairpin", "ports", "ageing", "protocol", "reorder_hdr", "vlan_filtering", "vlan_protocol", "vlans",
        "vlan_default_pvid", "group_fwd_mask",
    ]
    private static let vxlan = [
        "vni", "local", "dev", "port", "learning", "remote", "group", "ttl", "tos", "df", "srcport", "gbp", "udpcsum",
        "udp6zerocsumtx", "udp6zerocsumrx", "external", "proxy", "rsc", "gpe", "remcsumtx", "remcsumrx", "vnifilter",
        "mcroute", "flowlabel",
    ]
    private static let port = [
        "learning", "flood", "mcast_flood", "bcast_flood", "isolated", "vlans", "group_fwd_mask", "neigh_suppress", "proxy_arp",
        "proxy_arp_wifi", "vlan_tunnel", "mcast_to_unicast", "locked", "mab",
    ]
    private static let listener = ["proto", "port", "address", "family", "transparent"]

    /// One sentence for each unknown word, with its place.
    static func unknown(in root: JSONFile) -> [String] {
        var notes = notes(root, whole)
        for item in root.objects("interfaces") {
            notes += self.notes(item, interface)
            if let options = item.object("vxlan") { notes += self.notes(options, vxlan) }
            if let ports = item.object("ports") {
                for name in ports.keys { notes += ports.object(name).map { self.notes($0, port) } ?? [] }
            }
        }
        for item in root.objects("listeners") { notes += self.notes(item, listener) }
        return notes
    }

    private static func notes(_ object: JSONFile, _ known: [String]) -> [String] {
        object.keys.filter { !known.contains($0) }.map { key in
            let error = FormatError(object.place(of: key), "\"\(key)\" says nothing here", suggestion: nearestWord(key, among: known))
            return "\(error)"
        }
    }
}
