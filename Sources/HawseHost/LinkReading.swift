import CNetlink
import HawseModel
import HawseWire

/// Links: `RTM_GETLINK` (linux/if_link.h).
enum LinkReading {
    struct Link {
        var index: Int32
        var spec: InterfaceSpec
    }

    /// `ARPHRD_ETHER`, `ARPHRD_LOOPBACK`.
    private static let ethernet: UInt16 = 1
    private static let loopback: UInt16 = 772

    static func read(_ socket: borrowing NetlinkSocket, _ notes: inout [String]) throws(HostError) -> [Link] {
        let messages = try socket.dump(RTM_GETLINK, Array(repeating: 0, count: 16), headerLength: 16)
        let names = Dictionary(
            messages.compactMap { message in message.attributes.string(IFLA_IFNAME).map { (message.integer(4, Int32.self), $0) } },
            uniquingKeysWith: { first, _ in first })
        var links: [Link] = []
        for message in messages {
            let index = message.integer(4, Int32.self)
            guard let name = names[index] else { continue }
            links.append(Link(index: index, spec: link(message, name, names, &notes)))
        }
        links.sort { $0.index < $1.index }
        let bridges = Set(links.filter { $0.spec.kind == .bridge }.map(\.spec.name))
        for position in links.indices {
            guard let master = links[position].spec.bridge, !bridges.contains(master) else { continue }
            links[position].spec.bridge = nil
            notes.append("\(links[position].spec.name) belongs to \(master), which is no bridge: taken as a device of its own")
        }
        return links
    }

    private static func link(_ message: NetlinkMessage, _ name: String, _ names: [Int32: String], _ notes: inout [String])
        -> InterfaceSpec
    {
        let attributes = message.attributes
        var spec = InterfaceSpec(name: name)
        spec.mtu = Int(attributes.integer(IFLA_MTU, UInt32.self) ?? 1500)
        spec.isUp = message.integer(8, UInt32.self) & 1 != 0  // IFF_UP
        spec.group = attributes.integer(IFLA_GROUP) ?? 0
        spec.bridge = attributes.integer(IFLA_MASTER, Int32.self).flatMap { names[$0] }
        let type = message.integer(2, UInt16.self)
        if type == ethernet { spec.mac = attributes.mac(IFLA_ADDRESS) ?? .zero }
        let info = attributes.nested(IFLA_LINKINFO)
        let parent = attributes.integer(IFLA_LINK, Int32.self).flatMap { names[$0] }
        spec.kind = kind(info?.string(IFLA_INFO_KIND), info?.nested(IFLA_INFO_DATA), type, parent, name, names, &notes)
        if spec.kind == .bridge, let data = info?.nested(IFLA_INFO_DATA) {
            spec.ageing = data.integer(IFLA_BR_AGEING_TIME, UInt32.self).map { Double($0) / 100 } ?? 300  // in clock ticks
            spec.filtersVLANs = data.flag(IFLA_BR_VLAN_FILTERING)
            spec.vlanProtocol = tags(data, IFLA_BR_VLAN_PROTOCOL)
            spec.forwardedGroups = data.integer(IFLA_BR_GROUP_FWD_MASK) ?? 0
            spec.snoopsMulticast = data.flag(IFLA_BR_MCAST_SNOOPING)
            if data.integer(IFLA_BR_STP_STATE, UInt32.self) ?? 0 != 0 {
                notes.append("\(name): stp_state is on; ports that spanning tree blocks are not modelled")
            }
            if data.flag(IFLA_BR_MCAST_QUERIER) {
                notes.append("\(name): mcast_querier is on; groups that only their members get are not modelled")
            }
        }
        if case .vlan = spec.kind, let data = info?.nested(IFLA_INFO_DATA) { spec.vlanProtocol = tags(data, IFLA_VLAN_PROTOCOL) }
        if info?.string(IFLA_INFO_SLAVE_KIND) == "bridge", let port = info?.nested(IFLA_INFO_SLAVE_DATA) {
            spec.hairpin = port.flag(IFLA_BRPORT_MODE)
            spec.port.learns = port.flag(IFLA_BRPORT_LEARNING)
            spec.port.floods = port.flag(IFLA_BRPORT_UNICAST_FLOOD)
            spec.port.floodsMulticast = port.flag(IFLA_BRPORT_MCAST_FLOOD)
            spec.port.floodsBroadcast = port.flag(IFLA_BRPORT_BCAST_FLOOD)
            spec.port.isIsolated = port.flag(IFLA_BRPORT_ISOLATED)
            spec.port.forwardedGroups = port.integer(IFLA_BRPORT_GROUP_FWD_MASK) ?? 0
        }
        return spec
    }

    /// In network byte order.
    private static func tags(_ data: NetlinkAttributes, _ type: Int) -> VLANProtocol {
        data.integer(type, UInt16.self).flatMap { VLANProtocol(rawValue: $0.byteSwapped) } ?? .customer
    }

    private static func kind(
        _ word: String?, _ data: NetlinkAttributes?, _ type: UInt16, _ parent: String?, _ name: String, _ names: [Int32: String],
        _ notes: inout [String]
    ) -> InterfaceSpec.Kind {
        switch word {
        case nil, "ifb": break
        case "bridge": return .bridge
        case "dummy": return .dummy
        case "veth": return .veth
        case "wireguard": return .tun
        case "tun": return type == ethernet ? .ether : .tun
        case "vlan":
            if let tag = data?.integer(IFLA_VLAN_ID, UInt16.self), let parent { return .vlan(id: tag, parent: parent) }
        case "ipip":
            func end(_ type: Int) -> IPAddress? { data?.address(type).flatMap { $0 == .unspecified(.ipv4) ? nil : $0 } }
            return .ipip(
                IPIPSpec(
                    local: end(IFLA_IPTUN_LOCAL), remote: end(IFLA_IPTUN_REMOTE), ttl: data?.integer(IFLA_IPTUN_TTL) ?? 0,
                    tos: data?.integer(IFLA_IPTUN_TOS) ?? 0, discoversPathMTU: data?.flag(IFLA_IPTUN_PMTUDISC) ?? true))
        case "vxlan":
            if let data, let vni = data.integer(IFLA_VXLAN_ID, UInt32.self) { return .vxlan(VXLANReading.read(data, vni, names)) }
        case let other?:
            let taken = type == ethernet ? "an Ethernet device" : "a device without MAC addresses"
            notes.append("\(name) is of kind \(other): taken as \(taken)")
        }
        switch type {
        case loopback: return .loopback
        case ethernet: return .ether
        default: return .tun
        }
    }
}
