import HawseModel
import HawseWire

/// Bridges: ports and forwarding databases (`struct net_bridge`).
struct BridgeTable {
    var forwarding = ForwardingTable()
    private(set) var vlans: VLANGroups
    /// `ageing_time` by bridge: nanoseconds after which a learnt MAC counts for nothing.
    private var ageing: UnsafeMutablePointer<Int64>
    /// Ports of every bridge, bridge after bridge. The kernel puts a new port in front of its list and floods in
    /// the list's order: the port added last comes first.
    private var ports: UnsafeMutablePointer<UInt16>
    private var ranges: UnsafeMutablePointer<Range>

    struct Range {
        var start: Int = 0
        var count: Int = 0
    }

    init(_ spec: NodeSpec, interfaces: InterfaceTable) {
        vlans = VLANGroups(spec, interfaces)
        ports = .allocate(capacity: interfaces.count)
        ranges = .allocate(capacity: interfaces.count)
        ranges.initialize(repeating: Range(), count: interfaces.count)
        ageing = .allocate(capacity: interfaces.count)
        ageing.initialize(repeating: .seconds(300), count: interfaces.count)
        for device in spec.interfaces {
            if let index = interfaces.index(of: device.name) { ageing[Int(index)] = Int64(min(max(device.ageing, 0), 1e9) * 1e9) }
        }
        var at = 0
        for bridge in 1..<UInt16(interfaces.count) where interfaces[bridge].pointee.kind == .bridge {
            ranges[Int(bridge)].start = at
            for port in (1..<UInt16(interfaces.count)).reversed() where interfaces[port].pointee.master == bridge {
                ports[at] = port
                at += 1
                addLocal(interfaces[port].pointee.mac, bridge, port)
            }
            ranges[Int(bridge)].count = at - ranges[Int(bridge)].start
            addLocal(interfaces[bridge].pointee.mac, bridge, 0)
        }
        for entry in spec.forwarding where entry.destination == nil { set(entry, interfaces) }
    }

    /// `bridge fdb replace … master static`.
    private mutating func set(_ entry: ForwardingEntry, _ interfaces: InterfaceTable) {
        guard let port = interfaces.index(of: entry.device) else { return }
        let master = interfaces[port].pointee.master
        guard master != 0 else { return }
        for vlan in entry.vlan.map({ [$0] }) ?? vlans.members(of: port) {
            let index = forwarding.findOrMake(entry.mac, master, vlan: vlan)
            guard index >= 0 else { continue }
            forwarding.entries[index].port = port
            forwarding.entries[index].isStatic = true
            forwarding.entries[index].isLocal = entry.isLocal
        }
    }

    /// The configured entries of a changed spec.
    mutating func update(from old: [ForwardingEntry], to new: [ForwardingEntry], _ interfaces: InterfaceTable) {
        let kept = Set(new)
        for entry in old where entry.destination == nil && !kept.contains(entry) { forget(entry, interfaces) }
        let present = Set(old)
        for entry in new where entry.destination == nil && !present.contains(entry) { set(entry, interfaces) }
    }

    /// `bridge fdb del … master`, also of what was learnt.
    func forget(_ entry: ForwardingEntry, _ interfaces: InterfaceTable) {
        guard let port = interfaces.index(of: entry.device) else { return }
        let master = interfaces[port].pointee.master
        guard master != 0 else { return }
        for vlan in entry.vlan.map({ [$0] }) ?? vlans.members(of: port) {
            let index = forwarding.find(entry.mac, master, vlan: vlan)
            guard index >= 0, forwarding.entries[index].port == port else { continue }
            (forwarding.entries[index].isStatic, forwarding.entries[index].isLocal) = (false, false)
            forwarding.entries[index].updated = .zero
        }
    }

    /// `br_fdb_add_local`, in each VLAN of the port or the bridge itself.
    private mutating func addLocal(_ mac: MACAddress, _ bridge: UInt16, _ port: UInt16) {
        for vlan in vlans.members(of: port == 0 ? bridge : port) {
            let index = forwarding.findOrMake(mac, bridge, vlan: vlan)
            guard index >= 0 else { return }
            forwarding.entries[index].port = port
            forwarding.entries[index].isLocal = true
            forwarding.entries[index].isStatic = true
        }
    }

    /// `br_fdb_delete_by_port`: what was learnt at a port that goes down.
    func forget(port: UInt16) {
        for index in 0..<forwarding.count where forwarding.entries[index].port == port && !forwarding.entries[index].isStatic {
            forwarding.entries[index].updated = .zero
        }
    }

    /// What was learnt at the ports of a bridge that goes down.
    func forgetPorts(of bridge: UInt16) {
        for position in 0..<portCount(bridge) { forget(port: port(bridge, position)) }
    }

    /// `br_fdb_changeaddr`, `br_fdb_change_mac_address`: a port or a bridge has another MAC.
    mutating func changeAddress(of device: UInt16, from old: MACAddress, to new: MACAddress, _ interfaces: InterfaceTable) {
        let isBridge = interfaces[device].pointee.kind == .bridge
        let bridge = isBridge ? device : interfaces[device].pointee.master
        guard bridge != 0 else { return }
        for vlan in vlans.members(of: device) {
            let index = forwarding.find(old, bridge, vlan: vlan)
            guard index >= 0, forwarding.entries[index].isLocal, forwarding.entries[index].port == (isBridge ? 0 : device) else { continue }
            forwarding.entries[index].isLocal = false
            forwarding.entries[index].isStatic = false
            forwarding.entries[index].updated = .zero
        }
        addLocal(new, bridge, isBridge ? 0 : device)
    }

    func deallocate() {
        forwarding.deallocate()
        vlans.deallocate()
        ports.deallocate()
        ranges.deallocate()
        ageing.deallocate()
    }

    func portCount(_ bridge: UInt16) -> Int { ranges[Int(bridge)].count }
    func port(_ bridge: UInt16, _ position: Int) -> UInt16 { ports[ranges[Int(bridge)].start + position] }

    /// `br_fdb_update`; true when the MAC is new or now lives elsewhere.
    @inline(__always)
    mutating func learn(_ mac: MACAddress, _ bridge: UInt16, _ port: UInt16, vlan: UInt16, _ now: Instant) -> Bool {
        let found = forwarding.find(mac, bridge, vlan: vlan)
        let index = found >= 0 ? found : forwarding.findOrMake(mac, bridge, vlan: vlan)
        guard index >= 0 else { return false }
        let entry = forwarding.entries + index
        if entry.pointee.isLocal { return false }
        let isNews = found < 0 || entry.pointee.port != port
        entry.pointee.port = port
        entry.pointee.updated = now
        return isNews
    }

    /// What has been learnt and not aged out.
    func learned(_ now: Instant) -> [(mac: MACAddress, port: UInt16, bridge: UInt16, vlan: UInt16)] {
        (0..<forwarding.count).compactMap { index in
            let entry = forwarding.entries[index]
            let bridge = UInt16(truncatingIfNeeded: entry.key)
            guard !entry.isStatic, !entry.isLocal, now - entry.updated < ageing[Int(bridge)] else { return nil }
            return (MACAddress(entry.key >> 16), entry.port, bridge, entry.vlan)
        }
    }

    /// The entry of a destination that has not aged out, or -1.
    @inline(__always)
    func find(_ mac: MACAddress, _ bridge: UInt16, vlan: UInt16, _ now: Instant) -> Int {
        let index = forwarding.find(mac, bridge, vlan: vlan)
        guard index >= 0 else { return -1 }
        let entry = forwarding.entries + index
        return entry.pointee.isStatic || now - entry.pointee.updated < ageing[Int(bridge)] ? index : -1
    }
}
