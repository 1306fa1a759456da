import CNetlink
import HawseModel
import HawseWire

/// The attributes of a VXLAN device (`IFLA_VXLAN_*`, linux/if_link.h).
enum VXLANReading {
    static func read(_ data: NetlinkAttributes, _ vni: UInt32, _ names: [Int32: String]) -> VXLANSpec {
        // Ports are in network byte order.
        func port(_ bytes: ArraySlice<UInt8>) -> UInt16 { bytes.reduce(0) { $0 << 8 | UInt16($1) } }
        var spec = VXLANSpec(
            vni: vni, local: data.address(IFLA_VXLAN_LOCAL) ?? data.address(IFLA_VXLAN_LOCAL6), port: data.bytes(IFLA_VXLAN_PORT).map { port($0[...]) } ?? 8472,
            device: data.integer(IFLA_VXLAN_LINK, Int32.self).flatMap { names[$0] }, learning: data.flag(IFLA_VXLAN_LEARNING), gbp: data.bytes(IFLA_VXLAN_GBP) != nil,
            ttl: data.integer(IFLA_VXLAN_TTL) ?? 0, tos: data.integer(IFLA_VXLAN_TOS) ?? 0, udpChecksum: data.flag(IFLA_VXLAN_UDP_CSUM))
        spec.remote = data.address(IFLA_VXLAN_GROUP) ?? data.address(IFLA_VXLAN_GROUP6)
        spec.inheritsTTL = data.flag(IFLA_VXLAN_TTL_INHERIT)
        // `enum ifla_vxlan_df`
        switch data.integer(IFLA_VXLAN_DF, UInt8.self) {
        case 1: spec.dontFragment = .set
        case 2: spec.dontFragment = .inherit
        default: spec.dontFragment = .unset
        }
        if let range = data.bytes(IFLA_VXLAN_PORT_RANGE), range.count == 4 {
            let (low, high) = (port(range[..<2]), port(range[2...]))
            if low < high { spec.sourcePorts = low...high }
        }
        spec.sendsZeroChecksum6 = data.flag(IFLA_VXLAN_UDP_ZERO_CSUM6_TX)
        spec.acceptsZeroChecksum6 = data.flag(IFLA_VXLAN_UDP_ZERO_CSUM6_RX)
        return spec
    }
}
