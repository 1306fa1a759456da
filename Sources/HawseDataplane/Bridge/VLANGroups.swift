import HawseModel

/// Which VLANs bridges that filter and their ports are members of (`struct net_bridge_vlan_group`).
struct VLANGroups {
    private static let member: UInt8 = 1
    private static let untagged: UInt8 = 2
    private static let size = 4096

    /// By interface: a byte of bits for each VLAN; `nil` where nothing is filtered.
    private let groups: UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>
    /// By interface: where frames without a tag belong; 0: nowhere.
    private let primary: UnsafeMutablePointer<UInt16>
    private let count: Int

    init(_ spec: NodeSpec, _ interfaces: InterfaceTable) {
        count = interfaces.count
        groups = .allocate(capacity: count)
        groups.initialize(repeating: nil, count: count)
        primary = .allocate(capacity: count)
        primary.initialize(repeating: 0, count: count)
        for device in spec.interfaces {
            guard let index = interfaces.index(of: device.name) else { continue }
            let bridge = device.kind == .bridge ? index : interfaces[index].pointee.master
            guard bridge != 0, interfaces[bridge].pointee.kind == .bridge, interfaces[bridge].pointee.tagProtocol.rawValue != 0 else { continue }
            let group = UnsafeMutablePointer<UInt8>.allocate(capacity: Self.size)
            group.initialize(repeating: 0, count: Self.size)
            for vlan in device.vlans where vlan.id > 0 && vlan.id < Self.size - 1 {
                group[Int(vlan.id)] = Self.member | (vlan.isUntagged ? Self.untagged : 0)
                if vlan.isPVID { primary[Int(index)] = vlan.id }
            }
            groups[Int(index)] = group
        }
    }

    func deallocate() {
        for index in 0..<count { groups[index]?.deallocate() }
        groups.deallocate()
        primary.deallocate()
    }

    /// `br_get_pvid`.
    func primary(_ device: UInt16) -> UInt16 { primary[Int(device)] }

    func has(_ device: UInt16, _ vlan: UInt16) -> Bool {
        guard let group = groups[Int(device)] else { return false }
        return group[Int(vlan & 0xfff)] & Self.member != 0
    }

    /// `BRIDGE_VLAN_INFO_UNTAGGED`.
    func leavesUntagged(_ device: UInt16, _ vlan: UInt16) -> Bool {
        guard let group = groups[Int(device)] else { return false }
        return group[Int(vlan & 0xfff)] & Self.untagged != 0
    }

    /// The VLANs in which an address of a device stands: 0 for all, and its own.
    func members(of device: UInt16) -> [UInt16] {
        guard let group = groups[Int(device)] else { return [0] }
        return [0] + (1..<UInt16(Self.size)).filter { group[Int($0)] != 0 }
    }
}
