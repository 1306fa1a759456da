import CNetlink
import HawseModel
import HawseWire

/// Links: `RTM_GETLINK`.
enum LinkReading {
    struct Link {
        var index: Int32
        var spec: InterfaceSpec
    }

    static func read(_ socket: OpaquePointer) throws(HostError) -> [Link] {
        var cache: OpaquePointer?
        try HostReading.check("rtnl_link_alloc_cache", rtnl_link_alloc_cache(socket, 0, &cache))
        defer { nl_cache_free(cache) }
        let objects = HostReading.objects(cache)
        var links: [Link] = []
        var masters: [Int32] = []
        for link in objects {
            guard let name = rtnl_link_get_name(link) else { continue }
            var spec = InterfaceSpec(name: String(cString: name))
            let type = rtnl_link_get_type(link).map { String(cString: $0) } ?? ""
            spec.kind = kind(type, name: spec.name)
            spec.mac = MACAddress(rtnl_link_get_addr(link)) ?? .zero
            spec.mtu = Int(rtnl_link_get_mtu(link))
            spec.isUp = rtnl_link_get_flags(link) & 1 != 0  // IFF_UP
            spec.group = UInt32(bitPattern: Int32(truncatingIfNeeded: rtnl_link_get_group(link)))
            links.append(Link(index: rtnl_link_get_ifindex(link), spec: spec))
            masters.append(rtnl_link_get_master(link))
        }
        for (position, master) in masters.enumerated() where master > 0 {
            links[position].spec.bridge = links.first { $0.index == master && $0.spec.kind == .bridge }?.spec.name
        }
        return links
    }

    /// VXLAN and VLAN devices are taken as Ethernet: their own attributes are not read.
    private static func kind(_ type: String, name: String) -> InterfaceSpec.Kind {
        switch type {
        case "bridge": .bridge
        case "dummy": .dummy
        case "veth": .veth
        case "tun": .tun
        default: name == "lo" ? .loopback : .ether
        }
    }
}
