import Benchmark
import BenchmarkSupport
import Hawse
import SuiteSupport

/// Addresses translated: bindings made for new connections, and packets rewritten by them, against the same without NAT.
let benchmarks: @Sendable () -> Void = {
    Benchmark.defaultConfiguration = .init(metrics: Benchmark.figures, maxDuration: .seconds(5), maxIterations: 20)

    func node(_ change: (inout Table) -> Void) throws -> Dataplane {
        var spec = KubeNode(services: 1).spec
        var nat = Table.builtin(.nat)
        change(&nat)
        spec.iptables = RuleSet(family: .ipv4, tables: [nat])
        let node = try Dataplane(spec, seed: 1)
        node.keepsOutputs = false
        return node
    }
    func connections(_ name: String, _ change: @escaping @Sendable (inout Table) -> Void) {
        Benchmark("\(name): 20000 new connections") { benchmark in
            let node = try node(change)
            guard let eth0 = node.interfaceIndex("eth0") else { return }
            let traffic = Traffic()
            for number in 0..<20_000 {
                let flow = Flow(number, services: 1)
                traffic.append(
                    Flow.segment(
                        to: [2, 0, 0, 0, 1, 1], from: flow.client, flow.port, to: 0xac10_0001, 80, flags: Flow.syn, sequence: 1,
                        acknowledgement: 0, payload: 0), on: eth0)
            }
            benchmark.timed(items: traffic.count) { blackHole(traffic.play(through: node, from: Instant(seconds: 1000))) }
        }
    }
    connections("no rule") { _ in }
    connections("DNAT to one address") { table in
        if let address = IPAddress("172.16.5.5") { table.chains[0].rules = [Rule(target: .dnat(NATTarget(address: address, port: 8080)))] }
    }
    connections("MASQUERADE") { $0.chains[3].rules = [Rule(target: .masquerade(MasqueradeTarget()))] }
    connections("MASQUERADE --random-fully") { $0.chains[3].rules = [Rule(target: .masquerade(MasqueradeTarget(randomFully: true)))] }
    Benchmark("packets of 10000 flows rewritten, both directions (20000 packets a round)") { (benchmark: Benchmark, load: EstablishedLoad) in
        benchmark.timed(items: load.traffic.count) { load.round() }
        blackHole(load.node.outcomes.transmitted)
    } setup: { () -> EstablishedLoad in
        let load = try EstablishedLoad(KubeNode(services: 1), flows: 10_000)
        load.round()
        return load
    }
}
