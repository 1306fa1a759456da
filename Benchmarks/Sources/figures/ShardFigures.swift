import BenchmarkSupport
import Dispatch
import Hawse

#if canImport(Glibc)
import Glibc
#endif

extension Figures {
    /// Two shards against one: by the CPU time of the thread that has more to do, and by the clock on the wall, which says
    /// something only while both cores are free. Rounds of both take turns, so that neighbours disturb both alike; a pass
    /// before each brings its own connections back into the caches, as a node that does nothing else has them.
    ///
    /// What a machine's second core is worth tell two dataplanes without anything in common, each with half of the flows and a
    /// thread of its own: more than that no shards can reach.
    static func shards(_ quick: Bool) throws {
        let kube = KubeNode(services: 1000, endpoints: 1, isOrderFree: true)
        for flows in quick ? [10_000] : [10_000, 100_000] {
            let load = try EstablishedLoad(kube, flows: flows, keepsOpening: true)
            let one = try ShardLoad(kube.spec, shards: 1, from: load)
            let two = try ShardLoad(kube.spec, shards: 2, from: load)
            let half = try EstablishedLoad(kube, flows: flows / 2, keepsOpening: true)
            let apart = [try ShardLoad(kube.spec, shards: 1, from: half), try ShardLoad(kube.spec, shards: 1, from: half)]
            let passes = flows > 10_000 ? 2 : 5
            var times: [(single: ShardTime, shards: ShardTime, apart: ShardTime)] = []
            for _ in 0..<(flows > 10_000 ? 9 : 31) {
                times.append((time(one, passes), time(two, passes), time(apart, passes)))
            }
            for reason in two.shards.dependences { report.line("| one shard only: \(reason) | | | | |") }
            if let event = two.shards.orderEvent { report.line("| not exact: \(event) | | | | |") }
            typealias Times = (single: ShardTime, shards: ShardTime, apart: ShardTime)
            func ratio(_ time: KeyPath<ShardTime, Double>, _ of: (Times) -> ShardTime) -> (median: Double, least: Double, most: Double) {
                spread(times.map { $0.single[keyPath: time] / of($0)[keyPath: time] })
            }
            row("one shard, order-free program, \(flows) flows", spread(times.map(\.single.cpu)))
            row("two shards, the busier thread's time by all packets, \(flows) flows", spread(times.map(\.shards.cpu)))
            row("two dataplanes apart, the slower one's time by all packets, \(flows) flows", spread(times.map(\.apart.cpu)))
            row("two shards against one, CPU time, \(flows) flows", ratio(\.cpu) { $0.shards }, unit: "×", must: "≥ 1.7", goal: "≥ 1.9")
            row("two dataplanes apart against one, CPU time, \(flows) flows", ratio(\.cpu) { $0.apart }, unit: "×")
            row("two shards against one, wall clock, \(flows) flows", ratio(\.wall) { $0.shards }, unit: "×")
            row("two dataplanes apart against one, wall clock, \(flows) flows", ratio(\.wall) { $0.apart }, unit: "×")
        }
    }

    /// Nanoseconds a packet: of CPU of the busier thread, and by the clock.
    private struct ShardTime {
        var cpu: Double
        var wall: Double
    }

    private static func time(_ load: ShardLoad, _ passes: Int) -> ShardTime {
        load.prepare()
        load.round()
        var sum = ShardTime(cpu: 0, wall: 0)
        for _ in 0..<passes {
            load.prepare()
            let start = (CPUClock.nanoseconds(), wall(), load.shards.busySeconds)
            load.round()
            let busy = zip(load.shards.busySeconds, start.2).map { ($0 - $1) * 1e9 }.max() ?? 0
            sum.cpu += load.shards.count > 1 ? busy : CPUClock.nanoseconds() - start.0
            sum.wall += wall() - start.1
        }
        let packets = Double(passes * load.count)
        return ShardTime(cpu: sum.cpu / packets, wall: sum.wall / packets)
    }

    /// Each of these on a thread of its own.
    private static func time(_ loads: [ShardLoad], _ passes: Int) -> ShardTime {
        nonisolated(unsafe) let loads = loads
        nonisolated(unsafe) let cpu = UnsafeMutableBufferPointer<Double>.allocate(capacity: loads.count)
        defer { cpu.deallocate() }
        let start = wall()
        DispatchQueue.concurrentPerform(iterations: loads.count) { cpu.initializeElement(at: $0, to: time(loads[$0], passes).cpu) }
        let elapsed = (wall() - start) * Double(passes) / Double(passes + 1)
        let packets = Double(loads.count)
        return ShardTime(cpu: (cpu.max() ?? 0) / packets, wall: elapsed / packets / Double(passes * loads[0].count))
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
