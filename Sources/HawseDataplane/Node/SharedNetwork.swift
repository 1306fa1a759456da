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

    private struct NeighborKey: Hashable {
        var address: IPAddress
        var device: String
    }

    private struct ForwardingKey: Hashable {
        var mac: MACAddress
        var device: String
    }

    /// What a device is called on every node, by number.
    private(set) var devices: [String] = []
    private var routes = SharedEntries<IPPrefix, Route>()
    private var neighbors = SharedEntries<NeighborKey, Neighbor>()
    private var forwarding = SharedEntries<ForwardingKey, ForwardingEntry>()
    /// Prefix lengths that occur, longest first.
    private var lengths: [AddressFamily: [Int]] = [:]

    public init() {}

    private func note(device name: String?) {
        if let name, !devices.contains(name) { devices.append(name) }
    }

    private func key(_ neighbor: Neighbor) -> NeighborKey {
        NeighborKey(address: neighbor.address, device: neighbor.device)
    }

    private func key(_ entry: ForwardingEntry) -> ForwardingKey { ForwardingKey(mac: entry.mac, device: entry.device) }

    /// `ip route replace`, of the main table, with one next hop: in the place of any route to the same destination.
    public func set(_ route: Route, about owner: Int, from version: Int) {
        note(device: route.nextHops.first?.device)
        routes.set(route, for: route.destination.network, about: owner, from: version)
        let family = route.destination.family
        var list = lengths[family] ?? []
        if !list.contains(route.destination.length) {
            list.append(route.destination.length)
            lengths[family] = list.sorted(by: >)
        }
    }

    public func remove(_ route: Route, from version: Int) { routes.remove(route.destination.network, from: version) }

    /// `ip neigh replace … nud permanent`.
    public func set(_ neighbor: Neighbor, about owner: Int, from version: Int) {
        note(device: neighbor.device)
        neighbors.set(neighbor, for: key(neighbor), about: owner, from: version)
    }

    public func remove(_ neighbor: Neighbor, from version: Int) { neighbors.remove(key(neighbor), from: version) }

    /// `bridge fdb replace … self permanent`.
    public func set(_ entry: ForwardingEntry, about owner: Int, from version: Int) {
        note(device: entry.device)
        forwarding.set(entry, for: key(entry), about: owner, from: version)
    }

    public func remove(_ entry: ForwardingEntry, from version: Int) { forwarding.remove(key(entry), from: version) }

    // MARK: What a node asks

    func prefixLengths(_ family: AddressFamily) -> [Int] { lengths[family] ?? [] }

    /// The longest prefix around an address.
    func route(to address: IPAddress, _ owner: Int32, _ version: Int32) -> Route? {
        for length in lengths[address.family] ?? [] {
            if let route = routes.find(IPPrefix(address, length: length).network, owner, version) { return route }
        }
        return nil
    }

    func neighbor(_ address: IPAddress, on device: String, _ owner: Int32, _ version: Int32) -> MACAddress? {
        neighbors.find(NeighborKey(address: address, device: device), owner, version)?.mac
    }

    func forwarding(_ mac: MACAddress, on device: String, _ owner: Int32, _ version: Int32) -> ForwardingEntry? {
        forwarding.find(ForwardingKey(mac: mac, device: device), owner, version)
    }

    fileprivate func addAll(to spec: inout NodeSpec, _ owner: Int32, _ version: Int32) {
        spec.neighbors += neighbors.seen(by: owner, at: version)
        spec.forwarding += forwarding.seen(by: owner, at: version)
        spec.routes += routes.seen(by: owner, at: version)
    }
}

/// Entries of one kind. Each holds from one version to another; those of one key form a list, the newest first.
private struct SharedEntries<Key: Hashable, Value> {
    private struct Item {
        var owner: Int32
        var born: Int32
        var died: Int32 = .max
        /// The entry of the same key that is older; -1 ends.
        var previous: Int32
        var value: Value

        @inline(__always)
        func isSeen(by owner: Int32, at version: Int32) -> Bool {
            self.owner != owner && born <= version && version < died
        }
    }

    private var items: [Item] = []
    private var newest: [Key: Int32] = [:]

    /// The entry takes the place of any other of its key.
    mutating func set(_ value: Value, for key: Key, about owner: Int, from version: Int) {
        remove(key, from: version)
        let previous = newest[key] ?? -1
        newest[key] = Int32(items.count)
        items.append(Item(owner: Int32(owner), born: Int32(version), previous: previous, value: value))
    }

    mutating func remove(_ key: Key, from version: Int) {
        guard let index = newest[key] else { return }
        items[Int(index)].died = min(items[Int(index)].died, Int32(version))
    }

    func find(_ key: Key, _ owner: Int32, _ version: Int32) -> Value? {
        var index = newest[key] ?? -1
        while index >= 0 {
            if items[Int(index)].isSeen(by: owner, at: version) { return items[Int(index)].value }
            index = items[Int(index)].previous
        }
        return nil
    }

    func seen(by owner: Int32, at version: Int32) -> [Value] {
        items.lazy.filter { $0.isSeen(by: owner, at: version) }.map(\.value)
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
        network.addAll(to: &spec, Int32(clamping: owner), Int32(clamping: version))
    }
}
