import Benchmark
import BenchmarkSupport
import Hawse
import SuiteSupport

/// kube-proxy: full syncs and single changes, from the objects to the committed node.
let benchmarks: @Sendable () -> Void = {
    Benchmark.defaultConfiguration = .init(metrics: Benchmark.figures, maxDuration: .seconds(5), maxIterations: 20)
    for mode in [ProxyMode.iptables, .ipvs, .nftables] {
        for (services, endpoints) in [(1000, 5), (5000, 5), (10_000, 10)] {
            Benchmark("full sync, \(mode), \(services) × \(endpoints)") { benchmark, objects in
                var proxy = KubeNode.proxy(mode: mode)
                KubeNode.fill(&proxy, objects)
                benchmark.timed(items: 1) { blackHole(proxy.sync()) }
            } setup: {
                KubeNode.objects(services: services, endpoints: endpoints)
            }
            Benchmark("ten changes of an endpoint, committed, \(mode), \(services) × \(endpoints)") { (benchmark: Benchmark, load: ChangeLoad) in
                try benchmark.timed(items: 10) { for _ in 0..<10 { blackHole(try load.changeEndpoint()) } }
            } setup: { () -> ChangeLoad in
                let kube = KubeNode(services: services, endpoints: endpoints, mode: mode)
                return try ChangeLoad(kube, node: Dataplane(kube.spec))
            }
        }
    }
}
