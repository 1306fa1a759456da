import BenchmarkSupport
import Hawse

extension Figures {
    /// What telling costs: the same walk, silent and traced, and then its story read and written.
    static func traced() throws {
        let load = try EstablishedLoad(KubeNode(services: 1000), flows: 10_000)
        load.round()
        row("established packet, flow cache on", CPUClock.measure(items: load.traffic.count) { load.round() })
        load.node.usesFlowCache = false
        load.round()
        let plain = CPUClock.measure(items: load.traffic.count) { load.round() }
        row("the whole walk, silent (flow cache off)", plain)
        load.node.isTracing = true
        let traced = CPUClock.measure(items: load.traffic.count) {
            load.round()
            load.node.discardTrace()
        }
        row("the whole walk, traced", traced)
        var events = 0
        let read = CPUClock.measure(items: load.traffic.count) {
            load.round()
            events = load.node.takeTrace().count
        }
        row("traced, and read as \(events / load.traffic.count) events a packet", read)
        var lines = JSONLines()
        let devices = load.node.interfaceNames
        load.round()
        let story = load.node.takeTrace()
        let written = CPUClock.measure(items: max(story.count, 1)) {
            for event in story {
                lines.append(event, node: "node-a", devices: devices, at: load.now)
                if lines.count > 1 << 20 { lines.removeAll() }
            }
        }
        row("an event written as NDJSON", written)
        let whole = CPUClock.measure(items: load.traffic.count) {
            load.round()
            for event in load.node.takeTrace() {
                lines.append(event, node: "node-a", devices: devices, at: load.now)
                if lines.count > 1 << 20 { lines.removeAll() }
            }
        }
        row("traced, read and written as NDJSON", whole)
        print("traced / silent: \(hundredths(traced.median / plain.median)); NDJSON: \(hundredths(1000 / written.median)) million events a second")
    }

    static func hundredths(_ value: Double) -> String { "\((value * 100).rounded() / 100)" }
}
