import BenchmarkSupport
import Hawse

extension Figures {
    /// Established packets through the whole node: families, sizes, modes, numbers of flows, and what tunnels, virtual
    /// servers and opening connections add.
    static func wholePath(_ quick: Bool) throws {
        let sizes = quick ? [10_000] : [10_000, 100_000, 1_000_000]
        for flows in sizes {
            try mixed("iptables, IPv4, \(flows) flows", KubeNode(services: 1000), flows)
            try mixed("iptables, IPv6, \(flows) flows", .ipv6(services: 1000), flows)
            try mixed("IPVS (mh, 100 destinations), IPv4, \(flows) flows", virtual, flows)
        }
        try mixed("iptables, IPv4, 10000 flows, IMIX", KubeNode(services: 1000), 10_000, .imix)
        try mixed("iptables, IPv6, 10000 flows, IMIX", .ipv6(services: 1000), 10_000, .imix)
        try mixed("IPVS, IPv4, 10000 flows, IMIX", virtual, 10_000, .imix)
        try mixed("overlay, both directions, 10000 flows", KubeNode(services: 1000, path: .overlay), 10_000)
        try mixed("overlay, both directions, 10000 flows, IMIX", KubeNode(services: 1000, path: .overlay), 10_000, .imix)
        let single = KubeNode(services: 1000, endpoints: 1)
        try mixed("iptables, 10000 flows, none opens", single, 10_000)
        try mixed("iptables, 10000 flows, 7 of 100 packets of connections that open and close", single, 10_000, opening: 430)
    }

    private static var virtual: KubeNode { KubeNode(services: 10, endpoints: 100, mode: .ipvs, scheduler: "mh") }

    private static func mixed(
        _ what: String, _ kube: KubeNode, _ flows: Int, _ sizes: MixedLoad.Sizes = .small, opening: Int = 0
    ) throws {
        let load = try MixedLoad(kube, flows: flows, sizes: sizes, opening: opening)
        let before = load.node.outcomes.transmitted
        load.round()
        let sent = Double(load.node.outcomes.transmitted - before) / Double(load.traffic.count)
        if sent < 0.999 { print("\(what): only \(Int(sent * 100)) % of the packets left: \(load.node.outcomes)") }
        row(what, CPUClock.measure(rounds: flows > 100_000 ? 3 : 7, items: load.traffic.count) { load.round() })
    }

    /// Many rounds of one load, for a profiler.
    static func profile(_ name: String) throws {
        let kube: KubeNode
        switch name {
        case let word where word.hasPrefix("first"):
            let services = Int(word.dropFirst(5)) ?? 1000
            return row(name, rounds(try FirstPacketLoad(KubeNode(services: services, endpoints: services > 10_000 ? 1 : 5)), flushing: true))
        case "ipvs": kube = virtual
        case "overlay": kube = KubeNode(services: 1000, path: .overlay)
        case "ipv6": kube = .ipv6(services: 1000)
        default: kube = KubeNode(services: 1000)
        }
        let load = try MixedLoad(kube, flows: 10_000)
        row(name, CPUClock.measure(rounds: 100, items: load.traffic.count) { load.round() })
    }
}
