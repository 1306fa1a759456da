import HawseWire

/// What has to change for a node that is as `current` says to become as `desired` says. Counters do not count: rules
/// that are the same keep theirs, and chains with other rules begin with those in `desired`.
public func diff(_ current: NodeSpec, _ desired: NodeSpec) -> [Change] {
    var changes: [Change] = []
    let current = links(current, desired, &changes)
    rebuilds(current, desired, &changes)
    network(current, desired, &changes)
    sets(current.sets, desired.sets, &changes, isBefore: true)
    for (old, new, family) in [
        (current.iptables, desired.iptables, AddressFamily.ipv4), (current.ip6tables, desired.ip6tables, .ipv6),
    ] {
        changes += diff(old ?? RuleSet(family: family), new ?? RuleSet(family: family))
    }
    sets(current.sets, desired.sets, &changes, isBefore: false)
    servers(current.ipvs ?? IPVSSpec(), desired.ipvs ?? IPVSSpec(), &changes)
    return changes
}

/// The same for the rules of one family.
public func diff(_ current: RuleSet, _ desired: RuleSet) -> [Change] {
    var changes: [Change] = []
    let family = desired.family
    for table in current.tables where desired[table.name] == nil { changes.append(.removeTable(family, table.name)) }
    for table in desired.tables {
        guard let old = current[table.name] else {
            changes.append(.table(family, table))
            continue
        }
        let names = ChainNames(old.chains)
        for chain in table.chains {
            if let number = names[chain.name], old.chains[number].hasRules(of: chain) { continue }
            changes.append(.chain(family, table.name, chain))
        }
        let wanted = ChainNames(table.chains)
        for chain in old.chains where !wanted.contains(chain.name) {
            changes.append(.removeChain(family, table.name, chain.name))
        }
    }
    return changes
}

extension Chain {
    /// The same policy and rules, whatever has been counted.
    public func hasRules(of other: Chain) -> Bool {
        policy == other.policy && rules.count == other.rules.count
            && rules.indices.allSatisfy { rules[$0].isEqualIgnoringCounters(other.rules[$0]) }
    }
}

/// Devices go up and down, change their MAC, MTU and addresses first: the rest is compared with what that leaves.
private func links(_ current: NodeSpec, _ desired: NodeSpec, _ changes: inout [Change]) -> NodeSpec {
    var after = current
    for (old, new) in zip(current.interfaces, desired.interfaces) where old.name == new.name {
        if let now = after.interfaces.first(where: { $0.name == new.name }), now.isUp != new.isUp {
            changes.append(.link(device: new.name, isUp: new.isUp))
            after.setLink(new.name, isUp: new.isUp)
        }
        if old.mac != new.mac {
            changes.append(.linkAddress(device: new.name, new.mac))
            after.setLinkAddress(new.name, new.mac)
        }
    }
    for new in desired.interfaces {
        guard let now = after.interfaces.first(where: { $0.name == new.name }), now.mtu != new.mtu,
            after.setLinkMTU(new.name, new.mtu) == nil
        else { continue }
        changes.append(.linkMTU(device: new.name, new.mtu))
    }
    // The settings that such changes write are not asked for.
    after.sysctls = current.sysctls
    for new in desired.interfaces {
        guard let now = after.interfaces.first(where: { $0.name == new.name }), now.addresses != new.addresses else { continue }
        changes.append(.addresses(device: new.name, new.addresses))
        after.setAddresses(new.name, new.addresses)
    }
    return after
}

private func rebuilds(_ current: NodeSpec, _ desired: NodeSpec, _ changes: inout [Change]) {
    func bare(_ spec: NodeSpec) -> [InterfaceSpec] {
        spec.interfaces.map {
            var device = $0
            device.addresses = []
            device.keptAddresses = []
            return device
        }
    }
    if bare(current) != bare(desired) { changes.append(.rebuild("devices")) }
    if settled(current) != settled(desired) { changes.append(.rebuild("kernel settings")) }
    if current.listeners != desired.listeners { changes.append(.rebuild("listeners")) }
}

/// The settings without those that a device's MTU makes: IPv6's own, and all of IPv6 where it is too small for that.
private func settled(_ spec: NodeSpec) -> Sysctls {
    var sysctls = spec.sysctls
    for device in spec.interfaces {
        let own = "net.ipv6.conf.\(device.name)."
        if sysctls[own + "mtu"] == "\(device.mtu)" { sysctls[own + "mtu"] = nil }
        guard device.mtu < 1280 else { continue }
        for key in sysctls.values.keys where key.hasPrefix(own) || key.hasPrefix("net.ipv6.neigh.\(device.name).") { sysctls[key] = nil }
    }
    return sysctls
}

private func network(_ current: NodeSpec, _ desired: NodeSpec, _ changes: inout [Change]) {
    compare(current.routes, desired.routes, &changes, Change.removeRoute, Change.addRoute)
    compare(current.rules, desired.rules, &changes, Change.removeRoutingRule, Change.addRoutingRule)
    compare(current.neighbors, desired.neighbors, &changes, Change.removeNeighbor, Change.addNeighbor)
    compare(current.forwarding, desired.forwarding, &changes, Change.removeForwarding, Change.addForwarding)
}

/// Elements that are gone, and those that are new, each as often as it is.
private func compare<Element: Hashable>(
    _ old: [Element], _ new: [Element], _ changes: inout [Change], _ remove: (Element) -> Change,
    _ add: (Element) -> Change
) {
    if old == new { return }
    var left: [Element: Int] = [:]
    for element in new { left[element, default: 0] += 1 }
    for element in old {
        if let count = left[element], count > 0 { left[element] = count - 1 } else { changes.append(remove(element)) }
    }
    left = [:]
    for element in old { left[element, default: 0] += 1 }
    for element in new {
        if let count = left[element], count > 0 { left[element] = count - 1 } else { changes.append(add(element)) }
    }
}

/// Sets come before the rules that name them and go after them.
private func sets(_ current: [IPSet], _ desired: [IPSet], _ changes: inout [Change], isBefore: Bool) {
    let old = Dictionary(current.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    let new = Dictionary(desired.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    guard isBefore else {
        for set in current where new[set.name] == nil { changes.append(.destroySet(set.name)) }
        return
    }
    for set in desired {
        guard let known = old[set.name] else {
            changes.append(.createSet(set))
            continue
        }
        if known == set { continue }
        guard known.kind == set.kind, known.options == set.options else {
            changes.append(.replaceSet(set))
            continue
        }
        let before = Set(known.entries.map(\.withoutCounters))
        let after = Set(set.entries.map(\.withoutCounters))
        for entry in known.entries where !after.contains(entry.withoutCounters) {
            changes.append(.deleteEntry(set: set.name, entry))
        }
        for entry in set.entries where !before.contains(entry.withoutCounters) {
            changes.append(.addEntry(set: set.name, entry))
        }
    }
}

extension IPSet.Entry {
    fileprivate var withoutCounters: Self {
        var copy = self
        copy.counters = nil
        return copy
    }
}

private func servers(_ current: IPVSSpec, _ desired: IPVSSpec, _ changes: inout [Change]) {
    if let timeouts = desired.timeouts, timeouts != current.timeouts { changes.append(.ipvs(.setTimeouts(timeouts))) }
    let old = Dictionary(current.services.map { ($0.key, $0) }, uniquingKeysWith: { _, last in last })
    let wanted = Set(desired.services.map(\.key))
    for service in current.services where !wanted.contains(service.key) {
        changes.append(.ipvs(.deleteService(service.key)))
    }
    for service in desired.services {
        guard let known = old[service.key] else {
            changes.append(.ipvs(.addService(service)))
            continue
        }
        changes += diff(known, service).map(Change.ipvs)
    }
}

/// How one virtual service becomes another of the same key.
public func diff(_ current: VirtualService, _ desired: VirtualService) -> [IPVSCommand] {
    if current == desired { return [] }
    var commands: [IPVSCommand] = []
    var header = desired
    header.destinations = current.destinations
    if header != current { commands.append(.editService(desired)) }
    func find(_ destination: Destination, _ service: VirtualService) -> Destination? {
        service.destinations.first { $0.address == destination.address && $0.port == destination.port }
    }
    for destination in desired.destinations {
        guard let known = find(destination, current) else {
            commands.append(.addDestination(desired.key, destination))
            continue
        }
        if known != destination { commands.append(.editDestination(desired.key, destination)) }
    }
    for destination in current.destinations where find(destination, desired) == nil {
        commands.append(.deleteDestination(desired.key, address: destination.address, port: destination.port))
    }
    return commands
}
