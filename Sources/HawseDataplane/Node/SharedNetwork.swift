import HawseModel
import HawseWire

/// Routes, permanent neighbours and forwarding entries that the nodes of a cluster have in common, kept once for all of
/// them: with five thousand nodes each knows of five thousand others.
///
/// Every entry is about one peer and holds from one version to another. A node sees the entries of the version that it
/// has followed to, without those about itself (`SharedNetwork.View`). What it uses it takes into its own tables; for all
/// that a packet meets, the node behaves as if it had every entry there from the beginning.
public final class SharedNetwork {
    /// What one node sees.
    public struct View {
        public let network: SharedNetwork
        /// The peer that the node is itself.
        public let owner: Int
        public let version: Int

        public init(_ network: SharedNetwork, owner: Int, version: Int) {
            self.network = network
            self.owner = owner
            self.version = version
        }
    }

    /// What entries of all kinds have in common.
    struct Life {
        var owner: Int32
        var born: Int32
        var died: Int32 = .max
        /// The entry of the same key that is older; -1 ends.
        var previous: Int32

        @inline(__always)
        func isSeen(by owner: Int32, at version: Int32) -> Bool {
            self.owner != owner && born <= version && version < died
        }
    }

    /// What a device is called on every node, by number.
    private(set) var devices: [String] = []
    private(set) var routes: [(life: Life, route: Route)] = []
    private(set) var neighbors: [(life: Life, neighbor: Neighbor)] = []
    private(set) var forwarding: [(life: Life, entry: ForwardingEntry)] = []
    private var routeByPrefix: [IPPrefix: Int32] = [:]
    private var neighborByAddress: [NeighborKey: Int32] = [:]
    private var forwardingByMAC: [ForwardingKey: Int32] = [:]
    /// Prefix lengths that occur, longest first.
    private var lengths: [AddressFamily: [Int]] = [:]

    private struct NeighborKey: Hashable {
        var address: IPAddress
        var device: String
    }

    private struct ForwardingKey: Hashable {
        var mac: MACAddress
        var device: String
    }

    public init() {}

    private func note(device name: String?) {
        if let name, !devices.contains(name) { devices.append(name) }
    }

    /// `ip route replace`, of the main table, with one next hop: in the place of any route to the same destination.
    public func set(_ route: Route, about owner: Int, from version: Int) {
        note(device: route.nextHops.first?.device)
        let previous = routeByPrefix[route.destination.network] ?? -1
        if previous >= 0 { end(&routes[Int(previous)].life, version) }
        routeByPrefix[route.destination.network] = Int32(routes.count)
        routes.append((Life(owner: Int32(owner), born: Int32(version), previous: previous), route))
        let family = route.destination.family
        var list = lengths[family] ?? []
        if !list.contains(route.destination.length) {
            list.append(route.destination.length)
            lengths[family] = list.sorted(by: >)
        }
    }

    public func remove(_ route: Route, from version: Int) {
        guard let index = routeByPrefix[route.destination.network] else { return }
        end(&routes[Int(index)].life, version)
    }

    /// `ip neigh replace … nud permanent`.
    public func set(_ neighbor: Neighbor, about owner: Int, from version: Int) {
        note(device: neighbor.device)
        let key = NeighborKey(address: neighbor.address, device: neighbor.device)
        let previous = neighborByAddress[key] ?? -1
        if previous >= 0 { end(&neighbors[Int(previous)].life, version) }
        neighborByAddress[key] = Int32(neighbors.count)
        neighbors.append((Life(owner: Int32(owner), born: Int32(version), previous: previous), neighbor))
    }

    public func remove(_ neighbor: Neighbor, from version: Int) {
        let key = NeighborKey(address: neighbor.address, device: neighbor.device)
        guard let index = neighborByAddress[key] else { return }
        end(&neighbors[Int(index)].life, version)
    }

    /// `bridge fdb replace … self permanent`.
    public func set(_ entry: ForwardingEntry, about owner: Int, from version: Int) {
        note(device: entry.device)
        let key = ForwardingKey(mac: entry.mac, device: entry.device)
        let previous = forwardingByMAC[key] ?? -1
        if previous >= 0 { end(&forwarding[Int(previous)].life, version) }
        forwardingByMAC[key] = Int32(forwarding.count)
        forwarding.append((Life(owner: Int32(owner), born: Int32(version), previous: previous), entry))
    }

    public func remove(_ entry: ForwardingEntry, from version: Int) {
        guard let index = forwardingByMAC[ForwardingKey(mac: entry.mac, device: entry.device)] else { return }
        end(&forwarding[Int(index)].life, version)
    }

    private func end(_ life: inout Life, _ version: Int) { life.died = min(life.died, Int32(version)) }

    // MARK: What a node asks

    func prefixLengths(_ family: AddressFamily) -> [Int] { lengths[family] ?? [] }

    /// The longest prefix around an address.
    func route(to address: IPAddress, _ owner: Int32, _ version: Int32) -> Route? {
        for length in lengths[address.family] ?? [] {
            var index = routeByPrefix[IPPrefix(address, length: length).network] ?? -1
            while index >= 0 {
                let (life, route) = routes[Int(index)]
                if life.isSeen(by: owner, at: version) { return route }
                index = life.previous
            }
        }
        return nil
    }

    func neighbor(_ address: IPAddress, on device: String, _ owner: Int32, _ version: Int32) -> MACAddress? {
        var index = neighborByAddress[NeighborKey(address: address, device: device)] ?? -1
        while index >= 0 {
            let (life, neighbor) = neighbors[Int(index)]
            if life.isSeen(by: owner, at: version) { return neighbor.mac }
            index = life.previous
        }
        return nil
    }

    func forwarding(_ mac: MACAddress, on device: String, _ owner: Int32, _ version: Int32) -> ForwardingEntry? {
        var index = forwardingByMAC[ForwardingKey(mac: mac, device: device)] ?? -1
        while index >= 0 {
            let (life, entry) = forwarding[Int(index)]
            if life.isSeen(by: owner, at: version) { return entry }
            index = life.previous
        }
        return nil
    }
}

/// A view as a node's tables keep it: the network itself is kept alive by the dataplane.
struct SharedTables {
    private let network: Unmanaged<SharedNetwork>
    private let owner: Int32
    private let version: Int32
    /// Index of each of the network's devices on this node; 0: it has none of that name.
    private let devices: [UInt16]

    init(_ view: SharedNetwork.View, interfaces: InterfaceTable) {
        network = .passUnretained(view.network)
        owner = Int32(clamping: view.owner)
        version = Int32(clamping: view.version)
        devices = view.network.devices.map { interfaces.index(of: $0) ?? 0 }
    }

    private func name(_ device: UInt16) -> String? {
        devices.firstIndex(of: device).map { network.takeUnretainedValue().devices[$0] }
    }

    private func index(_ name: String?) -> UInt16 {
        guard let name, let place = network.takeUnretainedValue().devices.firstIndex(of: name), place < devices.count else {
            return 0
        }
        return devices[place]
    }

    func prefixLengths(_ family: AddressFamily) -> [Int] { network.takeUnretainedValue().prefixLengths(family) }

    /// The route to an address, and the index of the device it leads to.
    func route(to address: IPAddress) -> (route: Route, device: UInt16)? {
        guard let route = network.takeUnretainedValue().route(to: address, owner, version) else { return nil }
        let device = index(route.nextHops.first?.device)
        return device == 0 ? nil : (route, device)
    }

    func neighbor(_ address: IPAddress, on device: UInt16) -> MACAddress? {
        guard let name = name(device) else { return nil }
        return network.takeUnretainedValue().neighbor(address, on: name, owner, version)
    }

    func forwarding(_ mac: MACAddress, on device: UInt16) -> ForwardingEntry? {
        guard let name = name(device) else { return nil }
        return network.takeUnretainedValue().forwarding(mac, on: name, owner, version)
    }
}

extension SharedNetwork.View {
    /// Adds everything that the node sees to a spec, as if it were the node's own.
    func addAll(to spec: inout NodeSpec) {
        let (owner, version) = (Int32(clamping: owner), Int32(clamping: version))
        spec.neighbors += network.neighbors.lazy.filter { $0.life.isSeen(by: owner, at: version) }.map(\.neighbor)
        spec.forwarding += network.forwarding.lazy.filter { $0.life.isSeen(by: owner, at: version) }.map(\.entry)
        spec.routes += network.routes.lazy.filter { $0.life.isSeen(by: owner, at: version) }.map(\.route)
    }
}
