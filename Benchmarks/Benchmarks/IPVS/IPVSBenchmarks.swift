import Benchmark
import BenchmarkSupport
import Hawse

/// Established packets under every scheduler, with 10, 100 and 1,000 destinations.
let benchmarks: @Sendable () -> Void = {
    Benchmark.defaultConfiguration = .init(metrics: [.cpuUser, .throughput], maxDuration: .seconds(3), maxIterations: 10)
    for scheduler in VirtualService.Scheduler.allCases {
        for destinations in [10, 100, 1000] {
            Benchmark("\(scheduler.rawValue), \(destinations) destinations: established (4000 packets a round)") { benchmark, load in
                load.round()
                blackHole(load.node.outcomes.transmitted)
                _ = benchmark
            } setup: {
                let load = try EstablishedLoad(
                    KubeNode(services: 2, endpoints: destinations, mode: .ipvs, scheduler: scheduler.rawValue), flows: 2000)
                load.round()
                return load
            }
        }
    }
}
