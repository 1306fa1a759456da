import Benchmark
import BenchmarkSupport
import Hawse
import SuiteSupport

/// What encapsulation adds to a forwarded packet, and both directions of an overlay.
let benchmarks: @Sendable () -> Void = {
    Benchmark.defaultConfiguration = .init(metrics: Benchmark.figures, maxDuration: .seconds(5), maxIterations: 20)
    for (name, path) in [("routed", KubeNode.Path.routed), ("encapsulated", .overlay)] {
        Benchmark("requests \(name) (10000 packets a round)") { (benchmark: Benchmark, load: EstablishedLoad) in
            benchmark.timed(items: load.traffic.count) { load.round() }
            blackHole(load.node.outcomes.transmitted)
        } setup: { () -> EstablishedLoad in
            let load = try EstablishedLoad(KubeNode(services: 1000, path: path), flows: 10_000, replies: false)
            load.round()
            return load
        }
    }
    for (name, sizes) in [("64 bytes", MixedLoad.Sizes.small), ("IMIX", .imix)] {
        Benchmark("overlay, requests encapsulated and replies decapsulated, \(name), 10000 flows") { (benchmark: Benchmark, load: MixedLoad) in
            benchmark.timed(items: load.traffic.count) { load.round() }
            blackHole(load.node.outcomes.transmitted)
        } setup: { () -> MixedLoad in
            let load = try MixedLoad(KubeNode(services: 1000, path: .overlay), flows: 10_000, sizes: sizes)
            load.round()
            return load
        }
    }
}
