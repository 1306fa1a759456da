import HawseModel
import HawseWire

/// One device of `ip -d -j address`.
enum LinkDump {
    static func read(_ item: JSONFile, _ notes: inout [String]) throws(FormatError) -> InterfaceSpec {
        guard let name = item.string("ifname") else { throw item.error("a device needs `ifname'") }
        var spec = InterfaceSpec(name: name)
        spec.mtu = item.integer("mtu") ?? 1500
        spec.isUp = item.list("flags").contains("UP")
        spec.bridge = item.string("master")
        if let group = item.string("group"), group != "default" {
            guard let number = item.numeral("group") else {
                throw item.error("device \(name): group `\(group)' is a name, whose number only the node knows: dump with `ip -N'")
            }
            spec.group = number
        }
        let info = item.object("linkinfo")
        // `ip -N` prints the numbers of ARPHRD_ETHER and ARPHRD_LOOPBACK.
        let link = item.string("link_type").map { $0 == "[1]" ? "ether" : $0 == "[772]" ? "loopback" : $0 } ?? "ether"
        spec.kind = try kind(item, info, link, name, &notes)
        if link == "ether", let text = item.string("address") {
            guard let mac = MACAddress(text) else { throw item.error("device \(name): `\(text)' is no MAC address") }
            spec.mac = mac
        }
        for address in item.objects("addr_info") {
            let local = try address.address("local")
            let length = address.integer("prefixlen") ?? local.family.bitCount
            guard (0...local.family.bitCount).contains(length) else {
                throw item.error("device \(name): \(local) has a prefix length of \(length)")
            }
            let isPeer = address.string("address") != nil
            spec.addresses.append(IPPrefix(local, length: isPeer ? local.family.bitCount : length))
        }
        if let data = info?.object("info_data"), spec.kind == .bridge {
            // Hundredths of a second.
            spec.ageing = data.number("ageing_time").map { $0 / 100 } ?? 300
            spec.filtersVLANs = data.integer("vlan_filtering") ?? 0 != 0
            spec.vlanProtocol = data.string("vlan_protocol").flatMap { VLANProtocol($0) } ?? .customer
            spec.snoopsMulticast = data.integer("mcast_snooping") ?? 1 != 0
            for (option, why) in bridgeOptions where data.integer(option) ?? 0 != 0 {
                notes.append("\(name): \(option) is on; \(why) not modelled")
            }
            spec.forwardedGroups = data.numeral("group_fwd_mask").flatMap { UInt16(exactly: $0) } ?? 0
        }
        if case .vlan = spec.kind, let text = info?.object("info_data")?.string("protocol") {
            spec.vlanProtocol = VLANProtocol(text) ?? .customer
        }
        if let port = info?.object("info_slave_data"), info?.string("info_slave_kind") == "bridge" {
            spec.hairpin = port.bool("hairpin") ?? false
            spec.port.learns = port.bool("learning") ?? true
            spec.port.floods = port.bool("flood") ?? true
            spec.port.floodsMulticast = port.bool("mcast_flood") ?? true
            spec.port.floodsBroadcast = port.bool("bcast_flood") ?? true
            spec.port.isIsolated = port.bool("isolated") ?? false
            spec.port.forwardedGroups = port.numeral("group_fwd_mask").flatMap { UInt16(exactly: $0) } ?? 0
        }
        return spec
    }

    private static let bridgeOptions = [
        ("stp_state", "ports that spanning tree blocks are"), ("mcast_querier", "groups that only their members get are"),
        ("mcast_vlan_snooping", "groups by VLAN are"),
    ]

    /// Point-to-point addresses: the other end is a route of its own.
    static func peers(_ item: JSONFile) throws(FormatError) -> [Route] {
        guard let name = item.string("ifname") else { return [] }
        var routes: [Route] = []
        for address in item.objects("addr_info") where address.string("address") != nil {
            let peer = try address.address("address")
            guard peer.family == .ipv4, let length = address.integer("prefixlen"), (0...32).contains(length) else { continue }
            routes.append(
                Route(
                    destination: IPPrefix(peer, length: length).network, nextHops: [.init(device: name)],
                    preferredSource: try address.address("local")))
        }
        return routes
    }

    private static func kind(_ item: JSONFile, _ info: JSONFile?, _ link: String, _ name: String, _ notes: inout [String])
        throws(FormatError) -> InterfaceSpec.Kind
    {
        let data = info?.object("info_data")
        switch info?.string("info_kind") {
        case nil, "ifb": break
        case "bridge": return .bridge
        case "dummy": return .dummy
        case "veth": return .veth
        case "wireguard": return .tun
        case "tun" where link != "ether": return .tun
        case "tun": return .ether
        case "vlan":
            guard let tag = data?.integer("id").flatMap({ UInt16(exactly: $0) }), let parent = item.string("link") else {
                throw item.error("device \(name): a vlan needs `id' and `link'")
            }
            return .vlan(id: tag, parent: parent)
        case "ipip":
            // A tunnel without addresses is the module's own tunl0, or takes its peers from the route.
            func end(_ key: String) -> IPAddress? { data?.string(key).flatMap { IPAddress($0) } }
            return .ipip(
                IPIPSpec(
                    local: end("local"), remote: end("remote"), ttl: UInt8(clamping: data?.integer("ttl") ?? 0),
                    tos: data?.string("tos") == "inherit" ? 1 : UInt8(clamping: data?.numeral("tos") ?? 0),
                    discoversPathMTU: data?.bool("pmtudisc") ?? true))
        case "vxlan":
            guard let data, let vni = data.numeral("id") else {
                throw item.error("device \(name): a vxlan needs `info_data' with `id': dump with `ip -d'")
            }
            return .vxlan(vxlan(data, vni))
        case let other?:
            let taken = link == "ether" ? "an Ethernet device" : "a device without MAC addresses"
            notes.append("\(name) is of kind \(other): taken as \(taken)")
        }
        switch link {
        case "loopback": return .loopback
        case "ether": return .ether
        default: return .tun
        }
    }

    private static func vxlan(_ data: JSONFile, _ vni: UInt32) -> VXLANSpec {
        func address(_ keys: String...) -> IPAddress? { keys.lazy.compactMap { data.string($0) }.first.flatMap { IPAddress($0) } }
        var spec = VXLANSpec(
            vni: vni, local: address("local", "local6"), port: UInt16(clamping: data.integer("port") ?? 8472),
            device: data.string("link"), learning: data.bool("learning") ?? true, gbp: data.bool("gbp") ?? false,
            ttl: UInt8(clamping: data.integer("ttl") ?? 0), tos: UInt8(clamping: data.numeral("tos") ?? 0),
            udpChecksum: data.bool("udp_csum") ?? true)
        spec.remote = address("remote", "remote6", "group", "group6")
        spec.dontFragment = data.string("df").flatMap(VXLANSpec.DontFragment.init(rawValue:)) ?? .unset
        // `ttl auto` is printed as 0, `ttl inherit` not at all.
        spec.inheritsTTL = data.integer("ttl") == nil
        if let range = data.object("port_range"), let low = range.integer("low").flatMap({ UInt16(exactly: $0) }),
            let high = range.integer("high").flatMap({ UInt16(exactly: $0) }), low < high
        {
            spec.sourcePorts = low...high
        }
        spec.sendsZeroChecksum6 = data.bool("udp_zero_csum6_tx") ?? false
        spec.acceptsZeroChecksum6 = data.bool("udp_zero_csum6_rx") ?? false
        return spec
    }
}
