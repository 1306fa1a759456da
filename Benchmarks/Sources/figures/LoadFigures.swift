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
        row("load \(services) Services × 5 (\(lines) lines) from iptables-save text, ms", spread(whole, 1e6), must: "500", goal: "130")
        row("… reading the text, ms", spread(reading, 1e6))
        row("… compiling it, ms", spread(compiling, 1e6))
    }

    /// ipset's and ipvsadm's texts.
    static func loadSets() throws {
        var set = IPSet(name: "hosts", kind: .hashIPPort)
        set.options.maxElements = 200_000
        for number in 0..<100_000 {
            var entry = IPSet.Entry()
            entry.first = IPPrefix(IPAddress(ipv4: 0x0a00_0000 + UInt32(number)), length: 32)
            entry.port = .init(ipProtocol: .tcp, lower: 80)
            set.entries.append(entry)
        }
        let text = IPSetPrinter().text([set])
        let reading = CPUClock.measure(rounds: 3, items: 1) { _ = try? IPSetParser().parse(text) }
        row("100,000 set entries from ipset-restore text, ms", (reading.median / 1e6, reading.least / 1e6, reading.most / 1e6))
        let servers = IPVSAdmPrinter().saved(KubeNode(services: 10_000, endpoints: 10, mode: .ipvs).spec.ipvs ?? IPVSSpec())
        let parsing = CPUClock.measure(rounds: 3, items: 1) { _ = try? IPVSAdmParser().parse(servers) }
        row("110,000 lines of ipvsadm-save text, ms", (parsing.median / 1e6, parsing.least / 1e6, parsing.most / 1e6))
    }
}
