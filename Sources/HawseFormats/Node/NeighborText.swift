import HawseModel
import HawseWire

/// `ip neigh add …` lines: `192.0.2.254 lladdr 02:… dev eth0`, `proxy 10.0.0.1 dev eth1`.
public enum NeighborText {
    public static func parse(
        _ line: String, at location: SourceLocation = SourceLocation(file: "neighbor", line: 1, column: 1)
    ) throws(FormatError) -> Neighbor {
        var words = try IPRouteWords(line, at: location)
        let isProxy = words.accept("proxy")
        var entry = Neighbor(address: try words.address("neigh"), mac: nil, device: "", isProxy: isProxy)
        while let word = words.take() {
            switch word {
            case "lladdr":
                let text = try words.argument(of: word)
                guard let mac = MACAddress(text) else { throw words.error("`\(text)' is no MAC address") }
                entry.mac = mac
            case "dev": entry.device = try words.argument(of: word)
            case "nud": _ = try words.argument(of: word)
            case "permanent", "router": break
            default: throw words.unknown(word, ["lladdr", "dev", "nud", "proxy", "router"])
            }
        }
        guard !entry.device.isEmpty else { throw words.error("a neighbour needs `dev'") }
        guard isProxy || entry.mac != nil else { throw words.error("a neighbour needs `lladdr'") }
        return entry
    }
}

/// `bridge fdb append …` lines: `aa:bb:cc:00:00:01 dev flannel.1 dst 192.0.2.2`.
public enum ForwardingEntryText {
    public static func parse(
        _ line: String, at location: SourceLocation = SourceLocation(file: "fdb", line: 1, column: 1)
    ) throws(FormatError) -> ForwardingEntry {
        var words = try IPRouteWords(line, at: location)
        let text = words.take() ?? ""
        guard let mac = MACAddress(text) else { throw words.error("`\(text)' is no MAC address") }
        var entry = ForwardingEntry(mac: mac, device: "")
        while let word = words.take() {
            switch word {
            case "dev": entry.device = try words.argument(of: word)
            case "dst": entry.destination = try words.address(word)
            case "port": entry.port = try words.number(word)
            case "vni": entry.vni = try words.number(word)
            case "vlan":
                let id: UInt16 = try words.number(word)
                guard (1...4094).contains(id) else { throw words.error("a VLAN is a number from 1 to 4094") }
                entry.vlan = id
            case "master": entry.isMaster = true
            case "self": entry.isMaster = false
            case "local": entry.isLocal = true
            case "via": entry.via = try words.argument(of: word)
            case "permanent", "static", "dynamic": break
            default:
                throw words.unknown(
                    word, ["dev", "dst", "via", "port", "vni", "vlan", "master", "self", "local", "permanent", "static"])
            }
        }
        guard !entry.device.isEmpty else { throw words.error("a forwarding entry needs `dev'") }
        return entry
    }
}
