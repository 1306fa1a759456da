import BenchmarkSupport
import Hawse

extension Figures {
    /// The first packet of a connection, by the number of Services. Every round is of connections never seen before; the
    /// making of the frames is not in the time.
    ///
    /// Two tables: one that has held as many connections before and is emptied between rounds, as on a node that has
    /// been up for a while; and one that grows from nothing, whose memory the system hands out on the way.
    static func firstPacket(_ quick: Bool) throws {
        let only = CommandLine.arguments.firstIndex(of: "--services").flatMap { Int(CommandLine.arguments.dropFirst($0 + 1).first ?? "") }
            .map { [$0] }
        var all: [Double] = []
        for services in only ?? (quick ? [10, 1000] : [10, 1000, 10_000, 100_000]) {
            let kube = KubeNode(services: services, endpoints: services > 10_000 ? 1 : 5)
            let name = "first packet of a connection, \(services) Services × \(kube.endpoints)"
            let figure = rounds(try FirstPacketLoad(kube), flushing: true)
            all.append(figure.median)
            row(name, figure, must: "1000", goal: "300")
            row(name + ", growing table", rounds(try FirstPacketLoad(kube), flushing: false))
        }
        guard let first = all.first, let last = all.last, all.count > 1 else { return }
        row("the last of these against the first", (last / first, last / first, last / first), unit: "×", must: "≤ 2", goal: "≤ 1.2")
    }

    static func rounds(_ load: FirstPacketLoad, flushing: Bool) -> (median: Double, least: Double, most: Double) {
        let batch = 50_000
        var times: [Double] = []
        for round in 0..<10 {
            let traffic = load.traffic(batch)
            let start = CPUClock.nanoseconds()
            load.play(traffic)
            let time = (CPUClock.nanoseconds() - start) / Double(batch)
            if round > 0 { times.append(time) }
            if flushing { load.node.flushConnections() }
        }
        times.sort()
        return (times[times.count / 2], times[0], times[times.count - 1])
    }
}
