import Benchmark
import BenchmarkSupport
import Hawse
import SuiteSupport

/// Established packets through a whole node, both directions: growth with flows, with Services, with the cache off.
let benchmarks: @Sendable () -> Void = {
    Benchmark.defaultConfiguration = .init(metrics: Benchmark.figures, maxDuration: .seconds(5), maxIterations: 20)

    func whole(_ name: String, _ make: @escaping @Sendable () throws -> EstablishedLoad) {
        Benchmark(name) { (benchmark: Benchmark, load: EstablishedLoad) in
            benchmark.timed(items: load.traffic.count) { load.round() }
            blackHole(load.node.outcomes.transmitted)
        } setup: { () -> EstablishedLoad in
            let load = try make()
            load.round()
            return load
        }
    }
    for flows in [10_000, 100_000, 1_000_000] {
        whole("iptables, 1000 Services, \(flows) flows (\(flows * 2) packets a round)") {
            try EstablishedLoad(KubeNode(services: 1000), flows: flows)
        }
    }
    func mixed(_ name: String, _ make: @escaping @Sendable () throws -> MixedLoad) {
        Benchmark("\(name), requests and replies") { (benchmark: Benchmark, load: MixedLoad) in
            benchmark.timed(items: load.traffic.count) { load.round() }
            blackHole(load.node.outcomes.transmitted)
        } setup: { () -> MixedLoad in
            let load = try make()
            load.round()
            return load
        }
    }
    let nodes: [(name: String, node: @Sendable () -> KubeNode)] = [
        ("iptables, IPv4", { KubeNode(services: 1000) }), ("iptables, IPv6", { .ipv6(services: 1000) }),
        ("IPVS (mh, 100 destinations), IPv4", { KubeNode(services: 10, endpoints: 100, mode: .ipvs, scheduler: "mh") }),
    ]
    for (name, node) in nodes {
        for flows in [10_000, 100_000, 1_000_000] {
            mixed("\(name), 64 bytes, \(flows) flows") { try MixedLoad(node(), flows: flows) }
        }
        mixed("\(name), IMIX, 10000 flows") { try MixedLoad(node(), flows: 10_000, sizes: .imix) }
    }
    mixed("iptables, IPv4, 10000 flows, 7 of 100 packets of connections that open and close") {
        try MixedLoad(KubeNode(services: 1000, endpoints: 1), flows: 10_000, opening: 430)
    }
    for (family, version) in [(AddressFamily.ipv4, "IPv4"), (.ipv6, "IPv6")] {
        for (size, name) in [(TrafficSpec.Size.fixed(64), "64 bytes"), (.imix, "IMIX")] {
            for newFlows in [0.0, 20_000] {
                Benchmark(
                    "forwarded \(version), \(name), 5000 flows opening\(newFlows > 0 ? ", closing and followed by others" : "") (50000 packets a round)"
                ) { benchmark, load in
                    benchmark.timed(items: load.traffic.count) { load.round() }
                    blackHole(load.node.outcomes.transmitted)
                } setup: {
                    try GeneratedLoad(family: family, size: size, flows: 5000, newFlows: newFlows)
                }
            }
        }
    }
    for services in [10, 10_000] {
        whole("iptables, \(services) Services, 10000 flows (20000 packets a round)") {
            try EstablishedLoad(KubeNode(services: services), flows: 10_000)
        }
    }
    whole("iptables, 1000 Services, 10000 flows, flow cache off (20000 packets a round)") {
        let load = try EstablishedLoad(KubeNode(services: 1000), flows: 10_000)
        load.node.usesFlowCache = false
        return load
    }
    whole("iptables, 1460 bytes of payload (20000 packets a round)") {
        try EstablishedLoad(KubeNode(services: 1000), flows: 10_000, payload: 1446)
    }
    whole("IPVS (mh, 100 destinations), 10000 flows (20000 packets a round)") {
        try EstablishedLoad(KubeNode(services: 10, endpoints: 100, mode: .ipvs, scheduler: "mh"), flows: 10_000)
    }
}
