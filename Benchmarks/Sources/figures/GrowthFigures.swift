import BenchmarkSupport
import Hawse

#if canImport(Glibc)
import Glibc
#endif

extension Figures {
    /// The longest that any one packet took while the table grew from nothing to a million connections, and how the times are
    /// spread. CPU time: what the neighbours do to this machine is not the table's doing.
    static func growth() throws {
        let load = try FirstPacketLoad(KubeNode(services: 1000))
        var slowest = 0.0
        var over: [(bound: Double, count: Int)] = [(10_000, 0), (100_000, 0), (1_000_000, 0)]
        var total = 0.0
        for _ in 0..<20 {
            let traffic = load.traffic(50_000)
            traffic.bytes.withUnsafeBytes { raw in
                for (index, item) in traffic.items.enumerated() {
                    let frame = UnsafeRawBufferPointer(rebasing: raw[item.offset..<(item.offset + item.length)])
                    let start = CPUClock.nanoseconds()
                    load.node.receive(frame, on: item.interface, at: load.now + Int64(index) * 100)
                    let time = CPUClock.nanoseconds() - start
                    total += time
                    slowest = max(slowest, time)
                    for place in over.indices where time > over[place].bound { over[place].count += 1 }
                }
            }
            load.advance(by: Int64(traffic.count) * 100)
        }
        let connections = load.node.connectionUsage.count
        print("| growth to \(connections) connections | mean \(Int(total / 1e6)) ns with the clock's own | longest \(Int(slowest / 1000)) µs |")
        for (bound, count) in over { print("| packets that took more than \(Int(bound / 1000)) µs | \(count) | |") }
    }
}
