import Foundation
import HawseModel
import HawseWire

/// A node as case.json: what `CaseFile` reads. Rules, sets and virtual servers stand in files of their own.
public enum CaseText {
    public static func text(_ spec: NodeSpec, suite: String = "node", about: String = "") throws -> String {
        var members = [("name", try json(spec.name)), ("suite", try json(suite)), ("about", try json(about))]
        members.append(("interfaces", try list(spec.interfaces.map { interface in try json(object(interface, in: spec)) })))
        members.append(("routes", try list(spec.routes.map { try json("\($0)") })))
        members += try rules(spec.rules)
        members.append(("neighbors", try list(spec.neighbors.map { try json("\($0)") })))
        members.append(("fdb", try list(spec.forwarding.map { try json("\($0)") })))
        members.append(("listeners", try list(spec.listeners.map { try json(object($0)) })))
        let settings = try spec.sysctls.values.sorted { $0.key < $1.key }.map { "\(try json($0.key)): \(try json($0.value))" }
        members.append(("sysctls", settings.isEmpty ? "{}" : "{\n    " + settings.joined(separator: ",\n    ") + "\n  }"))
        return "{\n" + members.map { "  \"\($0.0)\": \($0.1)" }.joined(separator: ",\n") + "\n}\n"
    }

    private static func json(_ value: Any) throws -> String {
        let options: JSONSerialization.WritingOptions = [.sortedKeys, .withoutEscapingSlashes, .fragmentsAllowed]
        return String(decoding: try JSONSerialization.data(withJSONObject: value, options: options), as: UTF8.self)
    }

    private static func list(_ items: [String]) -> String {
        items.isEmpty ? "[]" : "[\n    " + items.joined(separator: ",\n    ") + "\n  ]"
    }

    /// The kernel's own three are left out as long as they are all there.
    private static func rules(_ rules: [RoutingRule]) throws -> [(String, String)] {
        let hasDefaults = RoutingRule.defaults.allSatisfy(rules.contains)
        let shown = hasDefaults ? rules.filter { !RoutingRule.defaults.contains($0) } : rules
        let lines = list(try shown.map { rule in try json((rule.family.map { $0 == .ipv6 ? "-6 " : "-4 " } ?? "") + rule.description) })
        return (hasDefaults ? [] : [("default_rules", "false")]) + [("rules", lines)]
    }

    private static func object(_ interface: InterfaceSpec, in spec: NodeSpec) -> [String: Any] {
        var object: [String: Any] = ["name": interface.name, "mtu": interface.mtu, "addresses": interface.addresses.map(\.description)]
        if interface.mac != .zero { object["mac"] = interface.mac.description }
        if !interface.isUp { object["up"] = false }
        if interface.group != 0 { object["group"] = Int(interface.group) }
        object["kind"] = kind(interface.kind)
        switch interface.kind {
        case .ether, .veth, .dummy, .loopback, .tun: break
        case .vlan(let id, let parent):
            object["vlan"] = Int(id)
            object["parent"] = parent
            if interface.vlanProtocol != .customer { object["protocol"] = interface.vlanProtocol.text }
        case .ipip(let tunnel):
            if let local = tunnel.local { object["local"] = local.description }
            if let remote = tunnel.remote { object["remote"] = remote.description }
            if tunnel.ttl != 0 { object["ttl"] = Int(tunnel.ttl) }
            if tunnel.tos != 0 { object["tos"] = Int(tunnel.tos) }
            if !tunnel.discoversPathMTU { object["pmtudisc"] = false }
        case .vxlan(let vxlan): object["vxlan"] = self.object(vxlan)
        case .bridge:
            let ports = spec.interfaces.filter { $0.bridge == interface.name }
            object["bridge_ports"] = ports.map(\.name)
            let hairpin = ports.filter(\.hairpin).map(\.name)
            if !hairpin.isEmpty { object["hairpin"] = hairpin }
            let own = ports.filter { $0.port != BridgePort() || $0.vlans != [.initial] }
            if !own.isEmpty { object["ports"] = Dictionary(uniqueKeysWithValues: own.map { ($0.name, self.object($0)) }) }
            if interface.filtersVLANs { object["vlan_filtering"] = true }
            if interface.vlanProtocol != .customer { object["vlan_protocol"] = interface.vlanProtocol.text }
            if interface.vlans != [.initial] { object["vlans"] = interface.vlans.map(\.description) }
            if interface.forwardedGroups != 0 { object["group_fwd_mask"] = Int(interface.forwardedGroups) }
            if interface.snoopsMulticast { object["mcast_snooping"] = true }
            if interface.ageing != 300 { object["ageing"] = interface.ageing }
        }
        return object
    }

    private static func kind(_ kind: InterfaceSpec.Kind) -> String {
        switch kind {
        case .ether: "ether"
        case .veth: "veth"
        case .dummy: "dummy"
        case .loopback: "loopback"
        case .bridge: "bridge"
        case .vxlan: "vxlan"
        case .vlan: "vlan"
        case .ipip: "ipip"
        case .tun: "tun"
        }
    }

    private static func object(_ interface: InterfaceSpec) -> [String: Any] {
        let port = interface.port
        var object: [String: Any] = [
            "learning": port.learns, "flood": port.floods, "mcast_flood": port.floodsMulticast, "bcast_flood": port.floodsBroadcast,
            "isolated": port.isIsolated,
        ]
        if interface.vlans != [.initial] { object["vlans"] = interface.vlans.map(\.description) }
        if port.forwardedGroups != 0 { object["group_fwd_mask"] = Int(port.forwardedGroups) }
        return object
    }

    private static func object(_ vxlan: VXLANSpec) -> [String: Any] {
        var object: [String: Any] = ["vni": Int(vxlan.vni), "port": Int(vxlan.port), "learning": vxlan.learning, "udpcsum": vxlan.udpChecksum]
        if let local = vxlan.local { object["local"] = local.description }
        if let device = vxlan.device { object["dev"] = device }
        if let remote = vxlan.remote { object["remote"] = remote.description }
        if vxlan.gbp { object["gbp"] = true }
        if vxlan.inheritsTTL { object["ttl"] = "inherit" } else if vxlan.ttl != 0 { object["ttl"] = Int(vxlan.ttl) }
        if vxlan.tos != 0 { object["tos"] = Int(vxlan.tos) }
        if vxlan.dontFragment != .unset { object["df"] = vxlan.dontFragment.rawValue }
        if let ports = vxlan.sourcePorts { object["srcport"] = [Int(ports.lowerBound), Int(ports.upperBound)] }
        if vxlan.sendsZeroChecksum6 { object["udp6zerocsumtx"] = true }
        if vxlan.acceptsZeroChecksum6 { object["udp6zerocsumrx"] = true }
        return object
    }

    private static func object(_ listener: Listener) -> [String: Any] {
        let names: [IPProtocol: String] = [.tcp: "tcp", .udp: "udp", .sctp: "sctp", .udplite: "udplite"]
        var object: [String: Any] = [
            "proto": names[listener.ipProtocol] ?? listener.ipProtocol.text, "port": Int(listener.port), "family": listener.family == .ipv6 ? 6 : 4,
        ]
        if let address = listener.address { object["address"] = address.description }
        if listener.isTransparent { object["transparent"] = true }
        return object
    }
}
