import Benchmark
import BenchmarkSupport
import Hawse

/// Captures read and written in memory: 100,000 packets of 64 bytes a round.
let benchmarks: @Sendable () -> Void = {
    Benchmark.defaultConfiguration = .init(metrics: [.cpuUser, .throughput], maxDuration: .seconds(5), maxIterations: 20)
    func capture() throws -> [UInt8] {
        var writer = try PcapWriter(to: .memory)
        let frame = [UInt8](repeating: 7, count: 60)
        try frame.withUnsafeBytes { for i in 0..<100_000 { try writer.write($0, timestamp: Int64(i) * 1000) } }
        try writer.close()
        return writer.takeBytes()
    }
    Benchmark("read classic pcap") { benchmark, bytes in
        try bytes.withUnsafeBytes { raw in
            var reader = try CaptureReader(memory: raw, name: "memory")
            while let record = try reader.next() { blackHole(record.bytes.count) }
        }
        _ = benchmark
    } setup: { try capture() }
    Benchmark("write classic pcap") { benchmark in
        blackHole(try capture().count)
        _ = benchmark
    }
}
