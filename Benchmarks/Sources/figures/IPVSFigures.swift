import BenchmarkSupport
import Hawse

/// `figures ipvs`: every scheduler with few and many servers, a million connections, and memory.
enum IPVSFigures {
    static func print(_ quick: Bool) throws {
        for scheduler in VirtualService.Scheduler.allCases {
            for servers in [10, 100, 1000] { try schedule(scheduler, servers, quick) }
        }
        try million(quick ? 200_000 : 1_000_000)
    }

    private static func schedule(_ scheduler: VirtualService.Scheduler, _ servers: Int, _ quick: Bool) throws {
        let load = try DirectorLoad(scheduler, servers: servers)
        _ = load.newConnections(20_000)
        var times = (0..<(quick ? 3 : 7)).map { _ in load.newConnections(20_000) }.sorted()
        Figures.row(
            "new connection, \(scheduler.rawValue), \(servers) destinations",
            (times[times.count / 2], times[0], times[times.count - 1]))
        times.removeAll()
        let traffic = load.established(10_000)
        load.play(traffic)
        Figures.row(
            "established packet, \(scheduler.rawValue), \(servers) destinations, 10000 connections",
            CPUClock.measure(rounds: quick ? 3 : 7, items: traffic.count) { load.play(traffic) })
    }

    private static func million(_ count: Int) throws {
        let load = try DirectorLoad(.mh, servers: 100)
        var times: [Double] = []
        let batch = count / 10
        for _ in 0..<10 { times.append(load.newConnections(batch)) }
        times.sort()
        Figures.row("new connection, mh, 100 destinations, up to \(count) connections", (times[5], times[0], times[9]))
        let traffic = load.established(count)
        Figures.row(
            "established packet, \(count) connections", CPUClock.measure(rounds: 3, items: traffic.count) { load.play(traffic) })
        let usage = load.node.ipvs
        let bytes = Double(usage.memoryInUse / max(usage.connectionCount, 1))
        Figures.row(
            "memory a virtual connection (record and index), \(usage.connectionCount) connections", (bytes, bytes, bytes), unit: "bytes")
    }
}
