import Foundation
import HawseModel
import HawseWire

/// case.json: what the node looked like (CASE-FORMAT). Only this file knows of JSON.
public struct CaseFile: Sendable {
    /// A command run in the node between packets.
    public struct Event: Hashable, Sendable {
        public var time: Instant
        public var command: String
    }

    /// A field that the kernel chose; see `FreeField` of the verification.
    public struct Free: Hashable, Sendable {
        public var field: String
        public var interface: String?
        public var frames: [Int]?
        public var range: ClosedRange<Int>?
        public var of: String
    }

    public var name = ""
    public var suite = ""
    public var about = ""
    public var kernel = ""
    public var isTimed = false
    public var family: AddressFamily?
    public var spec = NodeSpec()
    public var events: [Event] = []
    public var free: [Free] = []
    /// Words of the file that mean nothing, with their places.
    public var notes: [String] = []

    public init(contentsOf path: String) throws(FormatError) {
        let root = try JSONFile(path: path)
        try CaseKeys.check(root)
        notes = CaseKeys.unknown(in: root)
        name = root.string("name") ?? ""
        suite = root.string("suite") ?? ""
        about = root.string("about") ?? ""
        kernel = root.string("kernel") ?? ""
        isTimed = root.bool("timed") ?? false
        family = root.integer("family").flatMap { UInt8(exactly: $0) }.flatMap(AddressFamily.init(rawValue:))
        spec.name = name.isEmpty ? "node" : name
        try readInterfaces(root)
        try readLines(root)
        try readSysctls(root)
        if let (key, why) = spec.sysctls.unmodelled().first {
            throw FormatError(
                root.place(ofKey: key, in: "sysctls"), "`\(key)' = \(spec.sysctls[key] ?? "") (\(why)) is not modelled")
        }
        for item in root.objects("listeners") { try readListener(item) }
        for item in root.objects("events") {
            guard let at = item.number("at"), let command = item.string("cmd") else {
                throw item.error("an event needs `at' and `cmd'")
            }
            events.append(Event(time: Instant(captureSeconds: at), command: command))
        }
        for item in root.objects("free") {
            let range = item.integers("range")
            free.append(
                Free(
                    field: item.string("field") ?? "", interface: item.string("iface"),
                    frames: item.integers("frames"),
                    range: range.flatMap { $0.count == 2 && $0[0] <= $0[1] ? $0[0]...$0[1] : nil },
                    of: item.string("of") ?? ""))
        }
    }

    private mutating func readSysctls(_ root: JSONFile) throws(FormatError) {
        for (key, value) in root.strings(in: "sysctls") {
            if let objection = Sysctls.objection(to: key, value: value) {
                throw FormatError(root.place(ofKey: key, in: "sysctls"), objection.message, suggestion: objection.suggestion)
            }
            if let device = Sysctls.device(in: key), device != "lo", !spec.interfaces.contains(where: { $0.name == device }) {
                notes.append("\(root.place(ofKey: key, in: "sysctls")): the node has no device `\(device)': left out")
            }
            spec.sysctls[key] = value
        }
    }

    private mutating func readInterfaces(_ root: JSONFile) throws(FormatError) {
        let items = root.objects("interfaces")
        for item in items {
            guard let name = item.string("name") else { throw item.error("an interface needs a name") }
            if spec.interfaces.contains(where: { $0.name == name }) { throw item.error("there are two interfaces `\(name)'") }
            var interface = InterfaceSpec(name: name)
            if let text = item.string("mac") {
                guard let mac = MACAddress(text) else {
                    throw item.error("interface \(name): `\(text)' is no MAC address", at: "mac")
                }
                interface.mac = mac
            }
            interface.mtu = item.integer("mtu") ?? 1500
            // A loopback's is 65536; the kernel's bound for devices that have none of their own.
            guard (0...Int(Int32.max)).contains(interface.mtu) else {
                throw item.error("interface \(name): \(interface.mtu) is no MTU", at: "mtu")
            }
            interface.isUp = item.bool("up") ?? true
            interface.group = UInt32(clamping: item.integer("group") ?? 0)
            for text in item.list("addresses") {
                guard let prefix = IPPrefix(text) else {
                    throw item.error("interface \(name): `\(text)' is no address", at: "addresses")
                }
                interface.addresses.append(prefix)
            }
            interface.kind = try kind(item, name)
            interface.snoopsMulticast = interface.kind == .bridge && item.bool("mcast_snooping") ?? false
            for (option, why) in Self.otherBridge where item.bool(option) == true || item.integer(option) ?? 0 != 0 {
                throw item.error("interface \(name): `\(option)' (\(why)) is not modelled")
            }
            try VLANText.read(item, into: &interface)
            spec.interfaces.append(interface)
        }
        for item in items {
            let hairpin = Set(item.list("hairpin"))
            let switches = item.object("ports")
            if let seconds = item.number("ageing"), let index = spec.interfaces.firstIndex(where: { $0.name == item.string("name") }) {
                spec.interfaces[index].ageing = max(seconds, 0)
            }
            for port in item.list("bridge_ports") {
                guard let index = spec.interfaces.firstIndex(where: { $0.name == port }) else {
                    throw item.error("bridge port `\(port)' is no interface of this node", at: "bridge_ports")
                }
                spec.interfaces[index].bridge = item.string("name")
                spec.interfaces[index].hairpin = hairpin.contains(port)
                let own = switches?.object(port)
                if let own { spec.interfaces[index].port = try Self.bridgePort(own, port) }
                spec.interfaces[index].vlans = try VLANText.members(own, of: port, or: item)
            }
        }
    }

    private static func bridgePort(_ item: JSONFile, _ name: String) throws(FormatError) -> BridgePort {
        for (option, why) in otherPort.sorted(by: { $0.key < $1.key }) where item.bool(option) == true {
            throw item.error("bridge port \(name): `\(option)' (\(why)) is not modelled")
        }
        var port = BridgePort()
        port.forwardedGroups = UInt16(clamping: item.integer("group_fwd_mask") ?? 0)
        port.learns = item.bool("learning") ?? true
        port.floods = item.bool("flood") ?? true
        port.floodsMulticast = item.bool("mcast_flood") ?? true
        port.floodsBroadcast = item.bool("bcast_flood") ?? true
        port.isIsolated = item.bool("isolated") ?? false
        return port
    }

    /// Options of a bridge port that make it behave otherwise than is modelled.
    private static let otherPort = [
        "neigh_suppress": "it answers ARP by itself", "proxy_arp": "it answers ARP by itself", "proxy_arp_wifi": "it answers ARP by itself",
        "vlan_tunnel": "VLANs become tunnels", "mcast_to_unicast": "groups become stations", "locked": "it asks for authentication",
        "mab": "it asks for authentication",
    ]

    /// Options of a bridge that make it behave otherwise than is modelled. `mcast_snooping` may be on: without a querier the
    /// kernel floods groups all the same.
    private static let otherBridge = [
        ("stp_state", "ports that spanning tree blocks"), ("mcast_querier", "groups that only their members get"),
        ("mcast_vlan_snooping", "groups by VLAN"), ("no_linklocal_learn", "reserved groups teach nothing"),
    ]

    private func kind(_ item: JSONFile, _ name: String) throws(FormatError) -> InterfaceSpec.Kind {
        let kinds = ["ether", "veth", "bridge", "vxlan", "dummy", "loopback", "tun", "vlan", "ipip"]
        switch item.string("kind") ?? "ether" {
        case "ether": return .ether
        case "veth": return .veth
        case "bridge": return .bridge
        case "dummy": return .dummy
        case "loopback": return .loopback
        case "tun": return .tun
        case "vlan":
            guard let id = item.integer("vlan"), let parent = item.string("parent"),
                let tag = UInt16(exactly: id), tag < 4096
            else { throw item.error("interface \(name): a vlan needs `vlan' (1-4094) and `parent'") }
            return .vlan(id: tag, parent: parent)
        case "ipip":
            return .ipip(try ipip(item, name))
        case "vxlan":
            guard let options = item.object("vxlan"),
                let vni = options.integer("vni").flatMap({ UInt32(exactly: $0) })
            else {
                throw item.error("interface \(name): a vxlan needs `vxlan' with `vni'")
            }
            return .vxlan(try vxlan(options, vni, name))
        case let other:
            throw FormatError(
                item.place(ofKey: "kind"), "interface \(name): unknown kind `\(other)'", suggestion: nearestWord(other, among: kinds))
        }
    }

    private func ipip(_ item: JSONFile, _ name: String) throws(FormatError) -> IPIPSpec {
        func end(_ key: String) throws(FormatError) -> IPAddress? {
            guard let text = item.string(key), text != "any" else { return nil }
            guard let address = IPAddress(text), address.family == .ipv4 else {
                throw item.error("interface \(name): `\(key)' of an ipip tunnel is an IPv4 address or any, not `\(text)'")
            }
            return address
        }
        return IPIPSpec(
            local: try end("local"), remote: try end("remote"), ttl: UInt8(clamping: item.integer("ttl") ?? 0),
            tos: item.string("tos") == "inherit" ? 1 : UInt8(clamping: item.integer("tos") ?? 0),
            discoversPathMTU: item.bool("pmtudisc") ?? true)
    }

    /// Options of a VXLAN device that make it behave otherwise than is modelled.
    private static let otherVXLAN = [
        "external": "lightweight tunnels or tc say where its frames go", "proxy": "it answers ARP by itself",
        "rsc": "it routes around the router", "gpe": "other headers", "remcsumtx": "other headers", "remcsumrx": "other headers",
        "vnifilter": "it has several VNIs", "mcroute": "groups follow the routing tables",
    ]

    private func vxlan(_ options: JSONFile, _ vni: UInt32, _ name: String) throws(FormatError) -> VXLANSpec {
        for (option, why) in Self.otherVXLAN.sorted(by: { $0.key < $1.key }) where options.bool(option) == true {
            throw options.error("interface \(name): VXLAN with `\(option)' (\(why)) is not modelled")
        }
        if let label = options.integer("flowlabel"), label != 0 {
            throw options.error("interface \(name): VXLAN with `flowlabel' (other outer headers) is not modelled")
        }
        var spec = VXLANSpec(
            vni: vni, local: options.string("local").flatMap { IPAddress($0) },
            port: UInt16(clamping: options.integer("port") ?? 8472), device: options.string("dev"),
            learning: options.bool("learning") ?? false, gbp: options.bool("gbp") ?? false,
            ttl: UInt8(clamping: options.integer("ttl") ?? 0), tos: UInt8(clamping: options.integer("tos") ?? 0),
            udpChecksum: options.bool("udpcsum") ?? true)
        if let word = options.string("df") {
            guard let rule = VXLANSpec.DontFragment(rawValue: word) else {
                throw options.error("interface \(name): `df' is unset, set or inherit, not `\(word)'")
            }
            spec.dontFragment = rule
        }
        spec.inheritsTTL = options.string("ttl") == "inherit"
        spec.remote = (options.string("remote") ?? options.string("group")).flatMap { IPAddress($0) }
        if let ports = options.integers("srcport"), ports.count == 2, let first = UInt16(exactly: ports[0]),
            let last = UInt16(exactly: ports[1]), first < last
        {
            spec.sourcePorts = first...last
        }
        spec.sendsZeroChecksum6 = options.bool("udp6zerocsumtx") ?? false
        spec.acceptsZeroChecksum6 = options.bool("udp6zerocsumrx") ?? false
        return spec
    }

    private mutating func readLines(_ root: JSONFile) throws(FormatError) {
        for (index, line) in root.list("routes").enumerated() {
            spec.routes.append(try RouteText.parse(line, at: root.place(of: index, in: "routes")))
        }
        // `default_rules: false`: the list is all there is, in its order.
        let isWhole = root.bool("default_rules") == false
        if isWhole { spec.rules = [] }
        for (index, line) in root.list("rules").enumerated() {
            let rule = try RoutingRuleText.parse(line, family: family, at: root.place(of: index, in: "rules"))
            if isWhole { spec.rules.append(rule) } else { RoutingRuleText.add(rule, to: &spec.rules) }
        }
        for (index, line) in root.list("neighbors").enumerated() {
            spec.neighbors.append(try NeighborText.parse(line, at: root.place(of: index, in: "neighbors")))
        }
        for (index, line) in root.list("fdb").enumerated() {
            spec.forwarding.append(try ForwardingEntryText.parse(line, at: root.place(of: index, in: "fdb")))
        }
    }

    private mutating func readListener(_ item: JSONFile) throws(FormatError) {
        let protocols: [String: IPProtocol] = ["tcp": .tcp, "udp": .udp, "sctp": .sctp, "udplite": .udplite]
        guard let number = item.string("proto").flatMap({ protocols[$0] }),
            let port = item.integer("port").flatMap({ UInt16(exactly: $0) })
        else { throw item.error("a listener needs `proto' (tcp, udp, sctp) and `port'") }
        let family = item.integer("family") == 6 ? AddressFamily.ipv6 : .ipv4
        spec.listeners.append(
            Listener(
                ipProtocol: number, family: family, address: item.string("address").flatMap { IPAddress($0) },
                port: port,
                isTransparent: item.bool("transparent") ?? false))
    }
}

extension Instant {
    /// Seconds since the epoch with a fraction, as JSON has them, to the nearest microsecond.
    public init(captureSeconds seconds: Double) {
        // Some 290 years, which is what nanoseconds have room for.
        let microseconds = min(max((seconds * 1e6).rounded(), -9e15), 9e15)
        self.init(nanoseconds: Int64(microseconds) * 1000)
    }
}
