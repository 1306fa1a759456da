import HawseWire

/// One change of a node that works. `diff` finds them, `Dataplane.prepare` and `commit` carry them out.
public enum Change: Hashable, Sendable {
    /// A whole table comes, or takes another's place, with the counters that stand in it (`iptables-restore -c`).
    case table(AddressFamily, Table)
    /// As unloading its module.
    case removeTable(AddressFamily, TableName)
    /// A chain comes or is written anew, with the counters that stand in it; other chains keep theirs
    /// (`iptables-restore --noflush -c`).
    case chain(AddressFamily, TableName, Chain)
    /// A user chain that nothing jumps to any more goes, whatever its rules.
    case removeChain(AddressFamily, TableName, String)
    /// What one iptables command does; other rules of the chain keep their counters.
    case edit(AddressFamily, TableName, RuleEdit)
    case createSet(IPSet)
    /// Other options or all entries anew; the type stays.
    case replaceSet(IPSet)
    /// A set that no rule names.
    case destroySet(String)
    case addEntry(set: String, IPSet.Entry)
    case deleteEntry(set: String, IPSet.Entry)
    case ipvs(IPVSCommand)
    case addRoute(Route)
    case removeRoute(Route)
    case addRoutingRule(RoutingRule)
    case removeRoutingRule(RoutingRule)
    case addNeighbor(Neighbor)
    case removeNeighbor(Neighbor)
    case addForwarding(ForwardingEntry)
    case removeForwarding(ForwardingEntry)
    /// All addresses of a device, with the routes that hang on those that go (`NodeSpec.setAddresses`).
    case addresses(device: String, [IPPrefix])
    /// `ip link set … up`, `… down`, with all that this takes along (`NodeSpec.setLink`).
    case link(device: String, isUp: Bool)
    /// Another MAC (`NodeSpec.setLinkAddress`).
    case linkAddress(device: String, MACAddress)
    /// Another MTU, with all that follows from it (`NodeSpec.setLinkMTU`).
    case linkMTU(device: String, Int)
    /// What only a node made anew can have.
    case rebuild(String)
}

extension Change: CustomStringConvertible {
    public var description: String {
        switch self {
        case .table(let family, let table):
            "\(family) table \(table.name.rawValue): \(table.chains.count) chains, "
                + "\(table.chains.reduce(0) { $0 + $1.rules.count }) rules"
        case .removeTable(let family, let name): "\(family) table \(name.rawValue): removed"
        case .chain(let family, let table, let chain):
            "\(family) \(table.rawValue) \(chain.name): \(chain.rules.count) rules"
        case .removeChain(let family, let table, let name): "\(family) \(table.rawValue) \(name): removed"
        case .edit(let family, let table, let edit): "\(family) \(table.rawValue): \(edit.summary)"
        case .createSet(let set): "set \(set.name) \(set.kind.rawValue): created, \(set.entries.count) entries"
        case .replaceSet(let set): "set \(set.name): \(set.entries.count) entries"
        case .destroySet(let name): "set \(name): destroyed"
        case .addEntry(let set, let entry): "set \(set): + \(entry.summary)"
        case .deleteEntry(let set, let entry): "set \(set): - \(entry.summary)"
        case .ipvs(let command): "ipvs \(command.summary)"
        case .addRoute(let route): "route + \(route.summary)"
        case .removeRoute(let route): "route - \(route.summary)"
        case .addRoutingRule(let rule): "rule + priority \(rule.priority)"
        case .removeRoutingRule(let rule): "rule - priority \(rule.priority)"
        case .addNeighbor(let entry): "neighbour + \(entry.address) on \(entry.device)"
        case .removeNeighbor(let entry): "neighbour - \(entry.address) on \(entry.device)"
        case .addForwarding(let entry): "forwarding + \(entry.mac) on \(entry.device)"
        case .removeForwarding(let entry): "forwarding - \(entry.mac) on \(entry.device)"
        case .addresses(let device, let addresses):
            "addresses of \(device): \(addresses.map(\.description).joined(separator: " "))"
        case .link(let device, let isUp): "\(device): \(isUp ? "up" : "down")"
        case .linkAddress(let device, let mac): "\(device): address \(mac)"
        case .linkMTU(let device, let mtu): "\(device): mtu \(mtu)"
        case .rebuild(let what): "\(what): the node has to be made anew"
        }
    }
}

extension RuleEdit {
    fileprivate var summary: String {
        switch self {
        case .append(let chain, let rules): "-A \(chain), \(rules.count) rules"
        case .insert(let chain, let position, let rules): "-I \(chain) \(position), \(rules.count) rules"
        case .replace(let chain, let position, _): "-R \(chain) \(position)"
        case .delete(let chain, let position): "-D \(chain) \(position)"
        case .deleteEqual(let chain, let rules): "-D \(chain), \(rules.count) rules"
        case .check(let chain, let rules): "-C \(chain), \(rules.count) rules"
        case .newChain(let chain): "-N \(chain)"
        case .deleteChain(let chain): "-X \(chain ?? "")"
        case .renameChain(let old, let new): "-E \(old) \(new)"
        case .flush(let chain): "-F \(chain ?? "")"
        case .zero(let chain, let position): "-Z \(chain ?? "") \(position.map { String($0) } ?? "")"
        case .policy(let chain, let policy, _): "-P \(chain) \(policy.rawValue)"
        }
    }
}

extension IPSet.Entry {
    fileprivate var summary: String {
        var parts: [String] = []
        if let first { parts.append(firstEnd.map { "\(first.address)-\($0)" } ?? first.description) }
        if let port { parts.append("\(port.ipProtocol.rawValue):\(port.lower)") }
        if let second { parts.append(second.description) }
        if let mac { parts.append(mac.description) }
        if let interface { parts.append(interface) }
        if let set { parts.append(set) }
        return parts.joined(separator: ",")
    }
}

extension VirtualService.Key: CustomStringConvertible {
    public var description: String {
        switch self {
        case .address(let ipProtocol, let address, let port):
            address.family == .ipv6
                ? "\(ipProtocol.rawValue) [\(address)]:\(port)" : "\(ipProtocol.rawValue) \(address):\(port)"
        case .mark(let mark, let family): "mark \(mark) \(family)"
        }
    }
}

extension IPVSCommand {
    fileprivate var summary: String {
        switch self {
        case .addService(let service): "-A \(service.key), \(service.destinations.count) destinations"
        case .editService(let service): "-E \(service.key)"
        case .deleteService(let key): "-D \(key)"
        case .addDestination(let key, let destination): "-a \(key) \(destination.address):\(destination.port)"
        case .editDestination(let key, let destination): "-e \(key) \(destination.address):\(destination.port)"
        case .deleteDestination(let key, let address, let port): "-d \(key) \(address):\(port)"
        case .flush: "-C"
        case .zero(let key): "-Z \(key.map(\.description) ?? "")"
        case .setTimeouts(let timeouts): "--set \(timeouts.tcp) \(timeouts.tcpFin) \(timeouts.udp)"
        case .startDaemon(let daemon): "--start-daemon \(daemon.role.rawValue)"
        case .stopDaemon(let role): "--stop-daemon \(role.rawValue)"
        }
    }
}

extension Route {
    fileprivate var summary: String {
        let hops = nextHops.map { hop in
            [hop.gateway.map { "via \($0)" }, hop.device.map { "dev \($0)" }].compactMap { $0 }.joined(separator: " ")
        }
        return "\(destination) \(hops.joined(separator: ", ")) table \(table)"
    }
}
