import Benchmark
import BenchmarkSupport
import Hawse
import SuiteSupport

/// New connections and established packets under every scheduler, with 10, 100 and 1,000 destinations.
let benchmarks: @Sendable () -> Void = {
    Benchmark.defaultConfiguration = .init(metrics: Benchmark.figures, maxDuration: .seconds(1), maxIterations: 10)
    let connections = 10_000
    for scheduler in VirtualService.Scheduler.allCases {
        for destinations in [10, 100, 1000] {
            let name = "\(scheduler.rawValue), \(destinations) destinations"
            Benchmark("\(name): \(connections) new connections a round") { (benchmark: Benchmark, load: DirectorLoad) in
                let traffic = load.opening(connections)
                benchmark.timed(items: connections) { load.play(traffic) }
                blackHole(load.node.outcomes.transmitted)
            } setup: { () -> DirectorLoad in
                try DirectorLoad(scheduler, servers: destinations)
            }
            Benchmark("\(name): established, \(connections) packets a round") {
                (benchmark: Benchmark, load: (node: DirectorLoad, traffic: Traffic)) in
                benchmark.timed(items: load.traffic.count) { load.node.play(load.traffic) }
                blackHole(load.node.node.outcomes.transmitted)
            } setup: { () -> (node: DirectorLoad, traffic: Traffic) in
                let load = try DirectorLoad(scheduler, servers: destinations)
                load.play(load.opening(connections))
                return (load, load.established(connections))
            }
        }
    }
}
