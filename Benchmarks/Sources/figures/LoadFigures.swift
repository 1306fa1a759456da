import BenchmarkSupport
import Hawse

extension Figures {
    /// From text to a node that is ready for packets; what is taken apart again afterwards is not counted.
    static func load(_ quick: Bool) throws {
        let services = quick ? 1000 : 10_000
        let kube = KubeNode(services: services)
        guard let rules = kube.spec.iptables else { return }
        let text = IPTablesPrinter().text(rules)
        var reading: [Double] = []
        var compiling: [Double] = []
        for _ in 0..<7 {
            let start = CPUClock.nanoseconds()
            let parsed = try IPTablesParser(family: .ipv4, file: "rules", counters: false).parse(text)
            let middle = CPUClock.nanoseconds()
            var spec = kube.spec
            spec.iptables = parsed
            let node = try Dataplane(spec, seed: 1)
            let end = CPUClock.nanoseconds()
            reading.append(middle - start)
            compiling.append(end - middle)
            _ = node.interfaceNames
        }
        let whole = zip(reading, compiling).map { $0 + $1 }
        let lines = text.utf8.count { $0 == 0x0a }
        row("load \(services) Services × 5 (\(lines) lines) from iptables-save text, ms", spread(whole, 1e6))
        row("… reading the text, ms", spread(reading, 1e6))
        row("… compiling it, ms", spread(compiling, 1e6))
    }
}
