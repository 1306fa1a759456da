import Benchmark
import BenchmarkSupport
import Hawse
import SuiteSupport

/// Connections: made, found, forgotten.
let benchmarks: @Sendable () -> Void = {
    Benchmark.defaultConfiguration = .init(metrics: Benchmark.figures, maxDuration: .seconds(5), maxIterations: 20)

    Benchmark("100000 connections made") { benchmark in
        let node = try Dataplane(KubeNode(services: 100).spec, seed: 1)
        node.keepsOutputs = false
        guard let eth0 = node.interfaceIndex("eth0") else { return }
        let traffic = Traffic()
        for number in 0..<100_000 {
            let flow = Flow(number, services: 100)
            traffic.append(
                Flow.segment(
                    to: [2, 0, 0, 0, 1, 1], from: flow.client, flow.port, to: flow.service, 80, flags: Flow.syn, sequence: 1,
                    acknowledgement: 0, payload: 0), on: eth0)
        }
        benchmark.timed(items: traffic.count) { blackHole(traffic.play(through: node, from: Instant(seconds: 1000))) }
    }
    Benchmark("listing of 100000 connections") { benchmark, load in
        benchmark.timed(items: 100_000) { blackHole(load.node.connections().count) }
    } setup: {
        try EstablishedLoad(KubeNode(services: 100), flows: 100_000, replies: false)
    }
    Benchmark("100000 connections found: a packet each") { (benchmark: Benchmark, load: EstablishedLoad) in
        benchmark.timed(items: load.traffic.count) { load.round() }
        blackHole(load.node.outcomes.transmitted)
    } setup: { () -> EstablishedLoad in
        try EstablishedLoad(KubeNode(services: 100), flows: 100_000, replies: false)
    }
    Benchmark("100000 connections forgotten") { (benchmark: Benchmark) in
        let load = try EstablishedLoad(KubeNode(services: 100), flows: 100_000, replies: false)
        benchmark.timed(items: 100_000) { load.node.flushConnections() }
    }
}
