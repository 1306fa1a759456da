import BenchmarkSupport
import Hawse

#if canImport(Glibc)
import Glibc
#endif

extension Figures {
    /// Two shards against one: by the CPU time of the thread that has more to do, and by the clock on the wall, which says
    /// something only while both cores are free. Rounds of both take turns, so that neighbours disturb both alike.
    static func shards(_ quick: Bool) throws {
        let kube = KubeNode(services: 1000, endpoints: 1, isOrderFree: true)
        for flows in quick ? [10_000] : [10_000, 100_000] {
            let load = try EstablishedLoad(kube, flows: flows, keepsOpening: true)
            let one = try ShardLoad(kube.spec, shards: 1, from: load)
            let two = try ShardLoad(kube.spec, shards: 2, from: load)
            var (single, slower, singleWall, doubleWall): ([Double], [Double], [Double], [Double]) = ([], [], [], [])
            for _ in 0..<(flows > 10_000 ? 7 : 41) {
                one.prepare()
                let start = (CPUClock.nanoseconds(), wall())
                one.round()
                single.append((CPUClock.nanoseconds() - start.0) / Double(one.count))
                singleWall.append((wall() - start.1) / Double(one.count))
                two.prepare()
                let before = (two.shards.busySeconds, wall())
                two.round()
                let busy = zip(two.shards.busySeconds, before.0).map { ($0 - $1) * 1e9 }.max() ?? 0
                slower.append(busy / Double(two.count))
                doubleWall.append((wall() - before.1) / Double(two.count))
            }
            for reason in two.shards.dependences { report.line("| one shard only: \(reason) | | | | |") }
            if let event = two.shards.orderEvent { report.line("| not exact: \(event) | | | | |") }
            row("one shard, order-free program, \(flows) flows", spread(single))
            row("two shards, the busier thread's time by all packets, \(flows) flows", spread(slower))
            let ratio = zip(single, slower).map { $0 / $1 }
            row("two shards against one, CPU time, \(flows) flows", spread(ratio), unit: "×", must: "≥ 1.7", goal: "≥ 1.9")
            row("two shards against one, wall clock, \(flows) flows", spread(zip(singleWall, doubleWall).map { $0 / $1 }), unit: "×")
        }
    }

    static func spread(_ values: [Double]) -> (median: Double, least: Double, most: Double) {
        let sorted = values.sorted()
        return (sorted[sorted.count / 2], sorted[0], sorted[sorted.count - 1])
    }

    static func wall() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) * 1e9 + Double(time.tv_nsec)
    }
}
