import Benchmark
import BenchmarkSupport
import Hawse

/// kube-proxy: full syncs and single changes, from the objects to the committed node.
let benchmarks: @Sendable () -> Void = {
    Benchmark.defaultConfiguration = .init(metrics: [.cpuTotal, .throughput], maxDuration: .seconds(5), maxIterations: 20)
    for mode in [ProxyMode.iptables, .ipvs, .nftables] {
        for (services, endpoints) in [(1000, 5), (5000, 5), (10_000, 10)] {
            Benchmark("full sync, \(mode), \(services) × \(endpoints)") { benchmark, objects in
                var proxy = KubeNode.proxy(mode: mode)
                KubeNode.fill(&proxy, objects)
                benchmark.startMeasurement()
                blackHole(proxy.sync())
                benchmark.stopMeasurement()
            } setup: {
                KubeNode.objects(services: services, endpoints: endpoints)
            }
            Benchmark("one endpoint, committed, \(mode), \(services) × \(endpoints)") { benchmark, load in
                benchmark.startMeasurement()
                for _ in benchmark.scaledIterations { blackHole(try load.changeEndpoint()) }
                benchmark.stopMeasurement()
            } setup: {
                let kube = KubeNode(services: services, endpoints: endpoints, mode: mode)
                return try ChangeLoad(kube, node: Dataplane(kube.spec))
            }
        }
    }
}
