import Benchmark
import BenchmarkSupport

extension Benchmark {
    /// What a suite shows of every benchmark. The framework's own user time counts in ticks of ten milliseconds.
    public static var figures: [BenchmarkMetric] { [.picosecondsPerItem, .throughput] }

    /// Measures `body`, which does `items` things: packets, connections, records.
    public func timed(items: Int, _ body: () throws -> Void) rethrows {
        startMeasurement()
        let start = CPUClock.processNanoseconds()
        try body()
        let time = CPUClock.processNanoseconds() - start
        stopMeasurement()
        measurement(.picosecondsPerItem, Int(time * 1000 / Double(max(items, 1))))
    }
}

extension BenchmarkMetric {
    /// CPU time, of all threads and with the system's.
    public static var picosecondsPerItem: BenchmarkMetric { .custom("CPU time an item, ps", useScalingFactor: false) }
}
