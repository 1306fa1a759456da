import CNetlink
import HawseModel
import HawseWire

/// VLANs of bridges that filter and of their ports: `RTM_GETLINK` of the bridge family, with the lists (linux/if_bridge.h).
enum VLANReading {
    /// `RTEXT_FILTER_BRVLAN`.
    private static let mask: [UInt8] = [8, 0, UInt8(IFLA_EXT_MASK), 0, 2, 0, 0, 0]
    /// `IFLA_BRIDGE_VLAN_INFO`, `BRIDGE_VLAN_INFO_PVID`, `BRIDGE_VLAN_INFO_UNTAGGED`.
    private static let info = 2
    private static let (primary, untagged): (UInt16, UInt16) = (2, 4)

    static func read(_ socket: borrowing NetlinkSocket, _ names: [Int32: String], into spec: inout NodeSpec) throws(HostError) {
        let filters = Set(spec.interfaces.filter(\.filtersVLANs).map(\.name))
        guard !filters.isEmpty else { return }
        let request = [UInt8(AF_BRIDGE)] + [UInt8](repeating: 0, count: 15) + mask
        for message in try socket.dump(RTM_GETLINK, request, headerLength: 16) {
            guard let name = names[message.integer(4, Int32.self)],
                let place = spec.interfaces.firstIndex(where: { $0.name == name }),
                filters.contains(name) || spec.interfaces[place].bridge.map(filters.contains) ?? false,
                let lists = message.attributes.nested(IFLA_AF_SPEC)
            else { continue }
            spec.interfaces[place].vlans = lists.all.filter { $0.type == info && $0.value.count == 4 }.map { item in
                let (flags, id) = item.value.withUnsafeBytes {
                    ($0.loadUnaligned(as: UInt16.self), $0.loadUnaligned(fromByteOffset: 2, as: UInt16.self))
                }
                return BridgeVLAN(id: id, isPVID: flags & primary != 0, isUntagged: flags & untagged != 0)
            }
        }
    }
}
