import HawseModel
import HawseWire

/// Bridges: ports and forwarding databases (`struct net_bridge`).
struct BridgeTable {
    var forwarding = ForwardingTable()
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
        for entry in spec.forwarding where entry.destination == nil {
            guard let port = interfaces.index(of: entry.device) else { continue }
            let master = interfaces[port].pointee.master
            guard master != 0 else { continue }
            let index = forwarding.findOrMake(entry.mac, master)
            guard index >= 0 else { continue }
            forwarding.entries[index].port = port
            forwarding.entries[index].isStatic = true
            forwarding.entries[index].isLocal = entry.isLocal
        }
    }

    private mutating func addLocal(_ mac: MACAddress, _ bridge: UInt16, _ port: UInt16) {
        let index = forwarding.findOrMake(mac, bridge)
        guard index >= 0 else { return }
        forwarding.entries[index].port = port
        forwarding.entries[index].isLocal = true
        forwarding.entries[index].isStatic = true
    }

    func deallocate() {
        forwarding.deallocate()
        ports.deallocate()
        ranges.deallocate()
        ageing.deallocate()
    }

    func portCount(_ bridge: UInt16) -> Int { ranges[Int(bridge)].count }
    func port(_ bridge: UInt16, _ position: Int) -> UInt16 { ports[ranges[Int(bridge)].start + position] }

    /// `br_fdb_update`; true when the MAC is new or now lives elsewhere.
    @inline(__always)
    mutating func learn(_ mac: MACAddress, _ bridge: UInt16, _ port: UInt16, _ now: Instant) -> Bool {
        let found = forwarding.find(mac, bridge)
        let index = found >= 0 ? found : forwarding.findOrMake(mac, bridge)
        guard index >= 0 else { return false }
        let entry = forwarding.entries + index
        if entry.pointee.isLocal { return false }
        let isNews = found < 0 || entry.pointee.port != port
        entry.pointee.port = port
        entry.pointee.updated = now
        return isNews
    }

    /// What has been learnt and not aged out.
    func learned(_ now: Instant) -> [(mac: MACAddress, port: UInt16, bridge: UInt16)] {
        (0..<forwarding.count).compactMap { index in
            let entry = forwarding.entries[index]
            let bridge = UInt16(truncatingIfNeeded: entry.key)
            guard !entry.isStatic, !entry.isLocal, now - entry.updated < ageing[Int(bridge)] else { return nil }
            return (MACAddress(entry.key >> 16), entry.port, bridge)
        }
    }

    /// The entry of a destination that has not aged out, or -1.
    @inline(__always)
    func find(_ mac: MACAddress, _ bridge: UInt16, _ now: Instant) -> Int {
        let index = forwarding.find(mac, bridge)
        guard index >= 0 else { return -1 }
        let entry = forwarding.entries + index
        return entry.pointee.isStatic || now - entry.pointee.updated < ageing[Int(bridge)] ? index : -1
    }
}
