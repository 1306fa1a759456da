import HawseModel

/// The words of case.json and what stands behind them, so that a mistyped one does not pass for one left out.
enum CaseKeys {
    /// What a value has to be.
    enum Shape: String {
        case text = "a text"
        case number = "a number"
        case flag = "true or false"
        case texts = "a list of texts"
        case objects = "a list of objects"
        case object = "an object"
        /// Looked at where it is read.
        case any

        func fits(_ node: ManifestNode) -> Bool {
            switch self {
            case .text: node.text != nil
            // Nothing here is counted beyond what a Double has exactly.
            case .number: node.decimal.map { abs($0) < 0x1p53 } ?? false
            // Dumps have 0 and 1, too.
            case .flag: node.flag != nil || node.int == 0 || node.int == 1
            case .texts: node.items?.allSatisfy { $0.text != nil } ?? false
            case .objects: node.items?.allSatisfy { $0.entries != nil } ?? false
            case .object: node.entries != nil
            case .any: true
            }
        }
    }

    private static let whole: [String: Shape] = [
        "name": .text, "suite": .text, "about": .text, "kernel": .text, "timed": .flag, "family": .number, "interfaces": .objects,
        "routes": .texts, "rules": .texts, "default_rules": .flag, "neighbors": .texts, "fdb": .texts, "listeners": .objects,
        "sysctls": .object, "events": .objects, "free": .objects, "notes": .any, "conntrack": .any,
    ]
    private static let interface: [String: Shape] = [
        "name": .text, "mac": .text, "mtu": .number, "up": .flag, "group": .number, "addresses": .texts, "kind": .text, "vxlan": .object,
        "vlan": .number, "parent": .text, "local": .text, "remote": .text, "ttl": .any, "tos": .any, "pmtudisc": .flag,
        "bridge_ports": .texts, "hairpin": .texts, "ports": .object, "ageing": .number, "protocol": .text, "reorder_hdr": .flag,
        "vlan_filtering": .flag, "vlan_protocol": .text, "vlans": .texts, "vlan_default_pvid": .number, "group_fwd_mask": .number,
        "stp_state": .flag, "mcast_snooping": .flag, "mcast_querier": .flag, "mcast_vlan_snooping": .flag, "no_linklocal_learn": .flag,
    ]
    private static let vxlan: [String: Shape] = [
        "vni": .number, "local": .text, "dev": .text, "port": .number, "learning": .flag, "remote": .text, "group": .text, "ttl": .any,
        "tos": .any, "df": .text, "srcport": .any, "gbp": .flag, "udpcsum": .flag, "udp6zerocsumtx": .flag, "udp6zerocsumrx": .flag,
        "external": .flag, "proxy": .flag, "rsc": .flag, "gpe": .flag, "remcsumtx": .flag, "remcsumrx": .flag, "vnifilter": .flag,
        "mcroute": .flag, "flowlabel": .number,
    ]
    private static let port: [String: Shape] = [
        "learning": .flag, "flood": .flag, "mcast_flood": .flag, "bcast_flood": .flag, "isolated": .flag, "vlans": .texts,
        "group_fwd_mask": .number, "neigh_suppress": .flag, "proxy_arp": .flag, "proxy_arp_wifi": .flag, "vlan_tunnel": .flag,
        "mcast_to_unicast": .flag, "locked": .flag, "mab": .flag,
    ]
    private static let listener: [String: Shape] = [
        "proto": .text, "port": .number, "address": .text, "family": .number, "transparent": .flag,
    ]

    /// Refuses values of another kind than their word's.
    static func check(_ root: JSONFile) throws(FormatError) {
        for (object, known) in parts(of: root) {
            for key in object.keys {
                guard let shape = known[key], let wrong = object.misfit(key, shape) else { continue }
                throw object.error("\"\(key)\" is \(shape.rawValue), not \(wrong)", at: key)
            }
        }
    }

    /// One sentence for each unknown word, with its place.
    static func unknown(in root: JSONFile) -> [String] {
        parts(of: root).flatMap { object, known in
            object.keys.filter { known[$0] == nil }.map { key in
                let error = FormatError(
                    object.place(ofKey: key), "\"\(key)\" says nothing here", suggestion: nearestWord(key, among: known.keys.sorted()))
                return "\(error)"
            }
        }
    }

    private static func parts(of root: JSONFile) -> [(JSONFile, [String: Shape])] {
        var parts = [(root, whole)]
        for item in root.objects("interfaces") {
            parts.append((item, interface))
            if let options = item.object("vxlan") { parts.append((options, vxlan)) }
            if let ports = item.object("ports") { parts += ports.keys.compactMap { ports.object($0) }.map { ($0, port) } }
        }
        return parts + root.objects("listeners").map { ($0, listener) }
    }
}
