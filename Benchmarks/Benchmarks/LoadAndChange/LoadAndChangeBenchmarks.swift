import Benchmark
import BenchmarkSupport
import Hawse
import SuiteSupport

/// Rules read, compiled, and replaced while packets flow.
let benchmarks: @Sendable () -> Void = {
    Benchmark.defaultConfiguration = .init(metrics: Benchmark.figures, maxDuration: .seconds(5), maxIterations: 10)
    for services in [100, 1000, 10_000] {
        Benchmark("parse and compile \(services) Services × 5") { benchmark, text in
            try benchmark.timed(items: 1) {
                var spec = NodeSpec()
                spec.iptables = try IPTablesParser(family: .ipv4, file: "rules", counters: false).parse(text)
                blackHole(try Dataplane(spec, seed: 1))
            }
        } setup: {
            KubeNode(services: services).spec.iptables.map { IPTablesPrinter().text($0) } ?? ""
        }
        Benchmark("replace the rules of \(services) Services × 5") { benchmark, kube in
            let node = try Dataplane(kube.spec, seed: 1)
            guard let rules = kube.spec.iptables else { return }
            try benchmark.timed(items: 1) { try node.replaceRules(rules, counters: .zero) }
        } setup: {
            KubeNode(services: services)
        }
    }
}
