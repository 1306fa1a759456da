import Benchmark
import BenchmarkSupport
import Hawse
import SuiteSupport

/// The first packet of a connection: growth with the number of Services.
let benchmarks: @Sendable () -> Void = {
    Benchmark.defaultConfiguration = .init(metrics: Benchmark.figures, maxDuration: .seconds(5), maxIterations: 10)
    for services in [10, 100, 1000, 10_000, 100_000] {
        Benchmark("\(services) Services (20000 packets a round)") { benchmark, kube in
            let node = try Dataplane(kube.spec, seed: 1)
            node.keepsOutputs = false
            guard let eth0 = node.interfaceIndex("eth0") else { return }
            let traffic = Traffic()
            for number in 0..<20_000 {
                let flow = Flow(number, services: services)
                traffic.append(
                    Flow.segment(
                        to: [2, 0, 0, 0, 1, 1], from: flow.client, flow.port, to: flow.service, 80, flags: Flow.syn, sequence: 1,
                        acknowledgement: 0, payload: 0), on: eth0)
            }
            benchmark.timed(items: traffic.count) { blackHole(traffic.play(through: node, from: Instant(seconds: 1000))) }
        } setup: {
            KubeNode(services: services, endpoints: services > 10_000 ? 1 : 5)
        }
    }
}
