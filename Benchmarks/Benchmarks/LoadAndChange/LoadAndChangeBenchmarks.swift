import Benchmark
import BenchmarkSupport
import Hawse

/// Rules read, compiled, and replaced while packets flow.
let benchmarks: @Sendable () -> Void = {
    Benchmark.defaultConfiguration = .init(metrics: [.cpuUser, .throughput], maxDuration: .seconds(5), maxIterations: 10)
    for services in [100, 1000, 10_000] {
        Benchmark("parse and compile \(services) Services × 5") { benchmark, text in
            let rules = try IPTablesParser(family: .ipv4, file: "rules", counters: false).parse(text)
            var spec = NodeSpec()
            spec.iptables = rules
            blackHole(try Dataplane(spec, seed: 1))
            _ = benchmark
        } setup: {
            KubeNode(services: services).spec.iptables.map { IPTablesPrinter().text($0) } ?? ""
        }
        Benchmark("replace the rules of \(services) Services × 5") { benchmark, kube in
            let node = try Dataplane(kube.spec, seed: 1)
            guard let rules = kube.spec.iptables else { return }
            benchmark.startMeasurement()
            try node.replaceRules(rules, counters: .zero)
            benchmark.stopMeasurement()
        } setup: {
            KubeNode(services: services)
        }
    }
}
