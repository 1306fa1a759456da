import HawseModel
import HawseWire

/// One VXLAN device as the walk sees it (`struct vxlan_dev`). Trivial.
struct VXLANDevice {
    var device: UInt16
    var vni: UInt32
    var port: UInt16
    var local: AddressBits
    /// 4 or 6: the underlay's version.
    var version: UInt8
    var learning: Bool
    var gbp: Bool
    var ttl: UInt8
    /// 1: inherit.
    var tos: UInt8
    var udpChecksum: Bool
    var dontFragment: VXLANSpec.DontFragment
    var inheritsTTL: Bool
    /// 0...0: the node's range of local ports.
    var firstSourcePort: UInt16
    var lastSourcePort: UInt16
    var sendsZeroChecksum6: Bool
    var acceptsZeroChecksum6: Bool
    /// A device that is down has given its socket back (`vxlan_stop`): its port is closed if no other device has it.
    var hasSocket: Bool
}

/// `struct vxlan_rdst`.
struct VXLANRemote {
    var address: AddressBits
    var version: UInt8
    /// 0: the device's.
    var port: UInt16
    var vni: UInt32
    /// The device that leads there whatever the tables say (`remote_ifindex`); 0: theirs.
    var out: UInt16 = 0
}

/// VXLAN devices and their forwarding databases (`drivers/net/vxlan`).
struct VXLANTable {
    private(set) var devices: UnsafeMutablePointer<VXLANDevice>
    private(set) var count = 0
    /// Index into `devices` + 1 by interface; 0: not VXLAN.
    private var byInterface: UnsafeMutablePointer<UInt16>
    private(set) var remotes: UnsafeMutablePointer<VXLANRemote>
    private var remoteCount = 0
    private var remoteCapacity: Int
    var forwarding = ForwardingTable()
    /// `skb_get_hash`'s seed, drawn at boot.
    var flowHash: FlowHash
    let ageing: Int64 = .seconds(300)
    /// Entries that many nodes have in common; one that is asked for moves into the table.
    private var shared: SharedTables?

    init(_ spec: NodeSpec, interfaces: InterfaceTable, seed: UInt64, shared: SharedTables? = nil) {
        self.shared = shared
        var chance = RandomStream(seed: seed, purpose: "vxlan-port")
        flowHash = FlowHash(seed: chance.next())
        devices = .allocate(capacity: interfaces.count)
        byInterface = .allocate(capacity: interfaces.count)
        byInterface.initialize(repeating: 0, count: interfaces.count)
        remoteCapacity = max(spec.forwarding.count, 16)
        remotes = .allocate(capacity: remoteCapacity)
        for interface in spec.interfaces {
            guard case .vxlan(let vxlan) = interface.kind, let index = interfaces.index(of: interface.name) else { continue }
            (devices + count).initialize(
                to: VXLANDevice(
                    device: index, vni: vxlan.vni, port: vxlan.port, local: vxlan.local?.bits ?? .zero,
                    version: (vxlan.local ?? vxlan.remote)?.family.rawValue ?? 4, learning: vxlan.learning, gbp: vxlan.gbp,
                    ttl: vxlan.ttl, tos: vxlan.tos, udpChecksum: vxlan.udpChecksum,
                    dontFragment: vxlan.dontFragment, inheritsTTL: vxlan.inheritsTTL,
                    firstSourcePort: vxlan.sourcePorts?.lowerBound ?? 0, lastSourcePort: vxlan.sourcePorts?.upperBound ?? 0,
                    sendsZeroChecksum6: vxlan.sendsZeroChecksum6, acceptsZeroChecksum6: vxlan.acceptsZeroChecksum6,
                    hasSocket: interface.isUp))
            count += 1
            byInterface[Int(index)] = UInt16(count)
        }
        loadForwarding(spec, interfaces)
    }

    func deallocate() {
        devices.deallocate()
        byInterface.deallocate()
        remotes.deallocate()
        forwarding.deallocate()
    }

    /// Entries of one MAC stand side by side in `remotes`.
    private mutating func loadForwarding(_ spec: NodeSpec, _ interfaces: InterfaceTable) {
        var order: [ForwardingKey] = []
        var groups: [ForwardingKey: [VXLANRemote]] = [:]
        // A default destination is the first entry of the MAC that stands for all.
        for interface in spec.interfaces {
            guard case .vxlan(let vxlan) = interface.kind, let remote = vxlan.remote,
                let index = interfaces.index(of: interface.name)
            else { continue }
            let key = ForwardingKey(mac: .zero, device: index)
            order.append(key)
            groups[key] = [
                VXLANRemote(
                    address: remote.bits, version: remote.family.rawValue, port: 0, vni: 0,
                    out: vxlan.device.flatMap { interfaces.index(of: $0) } ?? 0)
            ]
        }
        for entry in spec.forwarding {
            guard let destination = entry.destination, let index = interfaces.index(of: entry.device),
                byInterface[Int(index)] != 0
            else { continue }
            let key = ForwardingKey(mac: entry.mac, device: index)
            // Of a single station's MAC the first stays: only to those of many and of all one can append
            // (`vxlan_fdb_update_existing`).
            if groups[key] != nil, !entry.mac.isGroup, entry.mac != .zero { continue }
            if groups[key] == nil { order.append(key) }
            groups[key, default: []].append(
                VXLANRemote(
                    address: destination.bits, version: destination.family.rawValue, port: entry.port ?? 0,
                    vni: entry.vni ?? 0, out: entry.via.flatMap { interfaces.index(of: $0) } ?? 0))
        }
        for key in order { setRemotes(key.mac, key.device, groups[key] ?? [], isStatic: true, now: .zero) }
    }

    private struct ForwardingKey: Hashable {
        var mac: MACAddress
        var device: UInt16
    }

    /// Takes the forwarding entries of a changed spec; what was learnt stays.
    mutating func update(_ spec: NodeSpec, interfaces: InterfaceTable) {
        for i in 0..<forwarding.count where forwarding.entries[i].isStatic { forwarding.entries[i].remoteCount = 0 }
        loadForwarding(spec, interfaces)
    }

    /// A device comes up or goes down: `vxlan_open` takes a socket, `vxlan_stop` gives it back and forgets what was learnt.
    func setLink(_ interface: UInt16, isUp: Bool) {
        guard let device = find(interface: interface) else { return }
        device.pointee.hasSocket = isUp
        guard !isUp else { return }
        for i in 0..<forwarding.count where UInt16(truncatingIfNeeded: forwarding.entries[i].key) == interface {
            if !forwarding.entries[i].isStatic { forwarding.entries[i].remoteCount = 0 }
        }
    }

    /// Another view: what the table holds becomes what the view says of it.
    mutating func follow(_ view: SharedTables?) {
        shared = view
        for i in 0..<forwarding.count {
            let mac = MACAddress(forwarding.entries[i].key >> 16)
            let device = UInt16(truncatingIfNeeded: forwarding.entries[i].key)
            if let entry = view?.forwarding(mac, on: device) {
                take(entry, device)
            } else if forwarding.entries[i].isShared {
                forwarding.entries[i].remoteCount = 0
                forwarding.entries[i].isShared = false
            }
        }
    }

    @inline(never)
    private mutating func adopt(_ mac: MACAddress, _ device: UInt16) -> Int {
        guard let entry = shared?.forwarding(mac, on: device) else { return -1 }
        take(entry, device)
        return forwarding.find(mac, device)
    }

    private mutating func take(_ entry: ForwardingEntry, _ device: UInt16) {
        guard let destination = entry.destination else { return }
        let remote = VXLANRemote(
            address: destination.bits, version: destination.family.rawValue, port: entry.port ?? 0, vni: entry.vni ?? 0)
        setRemotes(entry.mac, device, [remote], isStatic: true, now: .zero)
        let index = forwarding.find(entry.mac, device)
        if index >= 0 { forwarding.entries[index].isShared = true }
    }

    mutating func setRemotes(
        _ mac: MACAddress, _ device: UInt16, _ list: [VXLANRemote], isStatic: Bool, now: Instant
    ) {
        let index = forwarding.findOrMake(mac, device)
        guard index >= 0, !list.isEmpty else { return }
        let entry = forwarding.entries + index
        if entry.pointee.remoteCount < UInt32(list.count) {
            while remoteCount + list.count > remoteCapacity { growRemotes() }
            entry.pointee.firstRemote = UInt32(remoteCount)
            remoteCount += list.count
        }
        entry.pointee.remoteCount = UInt32(list.count)
        entry.pointee.isStatic = isStatic
        entry.pointee.updated = now
        for (i, remote) in list.enumerated() {
            (remotes + Int(entry.pointee.firstRemote) + i).initialize(to: remote)
        }
    }

    /// What has been learnt and not aged out.
    func learned(_ now: Instant) -> [(mac: MACAddress, device: UInt16, remote: VXLANRemote)] {
        (0..<forwarding.count).compactMap { index in
            let entry = forwarding.entries[index]
            guard !entry.isStatic, entry.remoteCount > 0, now - entry.updated < ageing else { return nil }
            return (
                MACAddress(entry.key >> 16), UInt16(truncatingIfNeeded: entry.key), remotes[Int(entry.firstRemote)]
            )
        }
    }

    /// `vxlan_fdb_delete` of a station that was learnt; with a destination only if it is that one's.
    func forget(_ entry: ForwardingEntry, _ device: UInt16) {
        let index = forwarding.find(entry.mac, device)
        guard index >= 0, !forwarding.entries[index].isStatic, forwarding.entries[index].remoteCount > 0 else { return }
        let remote = remotes[Int(forwarding.entries[index].firstRemote)]
        guard entry.destination.map({ $0.bits == remote.address }) ?? true else { return }
        forwarding.entries[index].remoteCount = 0
    }

    private mutating func growRemotes() {
        let larger = UnsafeMutablePointer<VXLANRemote>.allocate(capacity: remoteCapacity * 2)
        larger.moveInitialize(from: remotes, count: remoteCount)
        remotes.deallocate()
        remotes = larger
        remoteCapacity *= 2
    }

    @inline(__always)
    func find(interface: UInt16) -> UnsafeMutablePointer<VXLANDevice>? {
        let index = byInterface[Int(interface)]
        return index == 0 ? nil : devices + Int(index &- 1)
    }

    /// Some device's socket has this port.
    @inline(__always)
    func listens(_ port: UInt16, version: UInt8) -> Bool {
        for i in 0..<count where devices[i].port == port && devices[i].version == version && devices[i].hasSocket { return true }
        return false
    }

    /// `udp6_set_csum`: whether a socket of the port takes IPv6 datagrams without checksum.
    func acceptsZeroChecksum6(_ port: UInt16) -> Bool {
        for i in 0..<count where devices[i].port == port && devices[i].version == 6 && devices[i].hasSocket {
            if devices[i].acceptsZeroChecksum6 { return true }
        }
        return false
    }

    /// `vxlan_vs_find_vni`.
    @inline(__always)
    func find(port: UInt16, version: UInt8, vni: UInt32) -> UnsafeMutablePointer<VXLANDevice>? {
        for i in 0..<count where devices[i].port == port && devices[i].vni == vni && devices[i].version == version {
            if devices[i].hasSocket { return devices + i }
        }
        return nil
    }

    /// The entry of a MAC that has not aged out, or -1 (`vxlan_find_mac`).
    @inline(__always)
    mutating func findMAC(_ mac: MACAddress, _ device: UInt16, _ now: Instant) -> Int {
        let index = forwarding.find(mac, device)
        guard index >= 0, forwarding.entries[index].remoteCount > 0 else { return shared == nil ? -1 : adopt(mac, device) }
        let entry = forwarding.entries + index
        return entry.pointee.isStatic || now - entry.pointee.updated < ageing ? index : -1
    }
}
