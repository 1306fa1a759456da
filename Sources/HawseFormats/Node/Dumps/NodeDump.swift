import Foundation
import HawseModel
import HawseWire

/// A node as iproute2 and `sysctl` print it, for nodes on which nothing can be installed: a folder with
///
/// | file | command |
/// |---|---|
/// | `address.json` | `ip -d -j address` (the only one that must be there) |
/// | `route4.json`, `route6.json` | `ip -4 -d -j route show table all`, and with `-6` |
/// | `rule4.json`, `rule6.json` | `ip -4 -d -j rule`, and with `-6` |
/// | `neigh.json`, `proxy.json` | `ip -j neigh`, `ip -j neigh show proxy` |
/// | `fdb.json`, `vlan.json` | `bridge -j fdb`, `bridge -j vlan` |
/// | `sysctl` | `sysctl -a` |
/// | `listeners` | `ss -HlntuS` |
///
/// A file that is missing counts as empty; without rules there are the kernel's own three.
public struct NodeDump: Sendable {
    public static let links = "address.json"

    public var spec = NodeSpec()
    /// What the dump has and a `NodeSpec` cannot say.
    public var notes: [String] = []

    private let directory: String

    public init(directory: String) throws(FormatError) {
        self.directory = directory
        let links = try JSONFile.list(path: directory + "/" + Self.links)
        if !links.isEmpty, links.allSatisfy({ !$0.keys.contains("promiscuity") }) {
            notes.append("\(Self.links) was made without -d: which devices are bridges, VLANs or tunnels is not known (`ip -d -j address')")
        }
        for item in links where !item.keys.isEmpty {
            spec.interfaces.append(try LinkDump.read(item, &notes))
            spec.routes += try LinkDump.peers(item)
        }
        try readBridges()
        try readRoutes()
        try readNeighbors()
        if let text = try text("sysctl") { spec.sysctls = SysctlDump.read(text) }
        notes += spec.sysctls.unmodelled().map { "\($0.name) = \(spec.sysctls[$0.name] ?? ""): \($0.why) is not modelled" }
        if let text = try text("listeners") { spec.listeners = try ListenerDump.read(text, file: directory + "/listeners") }
    }

    private func items(_ name: String) throws(FormatError) -> [JSONFile] {
        let path = directory + "/" + name
        return FileManager.default.fileExists(atPath: path) ? try JSONFile.list(path: path) : []
    }

    private func text(_ name: String) throws(FormatError) -> String? {
        let path = directory + "/" + name
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        return try FormatError.text(of: path)
    }

    /// A port's master may be a VRF or a bond: those are no bridges.
    private mutating func readBridges() throws(FormatError) {
        let bridges = Set(spec.interfaces.filter { $0.kind == .bridge }.map(\.name))
        for index in spec.interfaces.indices {
            guard let master = spec.interfaces[index].bridge, !bridges.contains(master) else { continue }
            spec.interfaces[index].bridge = nil
            notes.append("\(spec.interfaces[index].name) belongs to \(master), which is no bridge: taken as a device of its own")
        }
        let filters = Set(spec.interfaces.filter(\.filtersVLANs).map(\.name))
        for item in try items("vlan.json") {
            guard let place = spec.interfaces.firstIndex(where: { $0.name == item.string("ifname") }) else { continue }
            let device = spec.interfaces[place]
            guard device.filtersVLANs || device.bridge.map(filters.contains) ?? false else { continue }
            spec.interfaces[place].vlans = item.objects("vlans").flatMap(Self.vlans)
        }
    }

    private static func vlans(_ item: JSONFile) -> [BridgeVLAN] {
        guard let first = item.integer("vlan").flatMap({ UInt16(exactly: $0) }), first > 0 else { return [] }
        let last = min(item.integer("vlanEnd").flatMap { UInt16(exactly: $0) } ?? first, 4094)
        let flags = item.list("flags")
        return (first...max(first, last)).map {
            BridgeVLAN(id: $0, isPVID: flags.contains("PVID"), isUntagged: flags.contains("Egress Untagged"))
        }
    }

    private mutating func readRoutes() throws(FormatError) {
        for (name, family) in [("route4.json", AddressFamily.ipv4), ("route6.json", .ipv6)] {
            for item in try items(name) {
                let (route, byKernel) = try RouteDump.read(item, family)
                if !spec.isDerived(route, byKernel: byKernel), !spec.routes.contains(route) { spec.routes.append(route) }
            }
        }
        var rules: [AddressFamily: [RoutingRule]] = [:]
        for (name, family) in [("rule4.json", AddressFamily.ipv4), ("rule6.json", .ipv6)] {
            for item in try items(name) { rules[family, default: []].append(try RuleDump.read(item, family)) }
        }
        if !rules.isEmpty { spec.rules = NodeSpec.rules(v4: rules[.ipv4] ?? [], v6: rules[.ipv6] ?? []) }
    }

    private mutating func readNeighbors() throws(FormatError) {
        for item in try items("neigh.json") + items("proxy.json") {
            if let neighbor = try NeighborDump.read(item) { spec.neighbors.append(neighbor) }
        }
        for item in try items("fdb.json") {
            guard let entry = try ForwardingDump.read(item), !spec.isDerived(entry) else { continue }
            spec.forwarding.append(entry)
        }
    }
}

extension JSONFile {
    /// A member that must be there, as an address.
    func address(_ key: String) throws(FormatError) -> IPAddress {
        guard let text = string(key), let address = IPAddress(text) else {
            throw error("`\(key)' with an address is missing: \(string(key).map { "`\($0)' is none" } ?? "there is none")")
        }
        return address
    }

    /// A number that iproute2 prints as a number or as text (`"0x10"`, `"99"`).
    func numeral(_ key: String) -> UInt32? {
        if let text = string(key) {
            return text.hasPrefix("0x") ? UInt32(text.dropFirst(2), radix: 16) : UInt32(text)
        }
        return integer(key).flatMap { UInt32(exactly: $0) }
    }

    /// A routing table by number or by one of the kernel's names; others are known to the node alone (`rt_tables`).
    func table(_ key: String) throws(FormatError) -> UInt32? {
        if let number = numeral(key) { return number }
        switch string(key) {
        case nil: return nil
        case "main": return 254
        case "local": return 255
        case "default": return 253
        case let name?: throw error("`\(name)' is a table's name, whose number only the node knows: dump with `ip -N'")
        }
    }
}
