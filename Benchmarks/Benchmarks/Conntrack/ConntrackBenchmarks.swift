import Benchmark
import BenchmarkSupport
import Hawse

/// Connections: made, found, forgotten.
let benchmarks: @Sendable () -> Void = {
    Benchmark.defaultConfiguration = .init(metrics: [.cpuUser, .throughput], maxDuration: .seconds(5), maxIterations: 20)

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
        benchmark.startMeasurement()
        blackHole(traffic.play(through: node, from: Instant(seconds: 1000)))
        benchmark.stopMeasurement()
    }
    Benchmark("listing of 100000 connections") { benchmark, load in
        blackHole(load.node.connections().count)
        _ = benchmark
    } setup: {
        try EstablishedLoad(KubeNode(services: 100), flows: 100_000, replies: false)
    }
}
