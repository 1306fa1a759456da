import BenchmarkSupport
import Hawse

extension Figures {
    /// One Service of many changes while packets of 10,000 known flows go through.
    static func change(_ quick: Bool) throws {
        let services = quick ? 1000 : 10_000
        for mode in [ProxyMode.iptables, .ipvs] {
            let kube = KubeNode(services: services, mode: mode)
            let load = try EstablishedLoad(kube, flows: 10_000)
            load.round()
            let before = CPUClock.measure(rounds: 5, items: load.traffic.count) { load.round() }
            let changes = ChangeLoad(kube, node: load.node)
            func report(_ what: String, _ body: () throws -> ChangeLoad.Times) rethrows {
                var times: [ChangeLoad.Times] = []
                var packets = 0.0
                for _ in 0..<50 {
                    times.append(try body())
                    let start = CPUClock.nanoseconds()
                    load.round()
                    packets += (CPUClock.nanoseconds() - start) / Double(load.traffic.count)
                }
                row("\(what), \(mode), \(services) Services: whole, µs", spread(times.map(\.whole), 1e3))
                row("… kube-proxy's part, µs", spread(times.map(\.control), 1e3))
                row("… prepare, µs", spread(times.map(\.prepare), 1e3))
                row("… commit (packets wait), µs", spread(times.map(\.commit), 1e3))
                row("… established packet after it, ns", (packets / 50, before.median, before.most))
            }
            try report("change an endpoint") { try changes.changeEndpoint() }
            if mode == .iptables { try report("add or remove a Service") { try changes.changeService() } }
        }
    }

    /// Full syncs, and one endpoint's change, commit to the node included.
    static func control(_ quick: Bool) throws {
        let sizes = quick ? [(1000, 5)] : [(1000, 5), (5000, 5), (10_000, 10)]
        for (services, endpoints) in sizes {
            let objects = KubeNode.objects(services: services, endpoints: endpoints)
            for mode in [ProxyMode.iptables, .ipvs, .nftables] {
                var full: [Double] = []
                var committed: [Double] = []
                for _ in 0..<5 {
                    var proxy = KubeNode.proxy(mode: mode)
                    KubeNode.fill(&proxy, objects)
                    let start = CPUClock.processNanoseconds()
                    let patch = proxy.sync()
                    let synced = CPUClock.processNanoseconds()
                    full.append(synced - start)
                    guard mode != .nftables else { continue }
                    var spec = NodeSpec()
                    spec.sets = proxy.state().sets.map { IPSet(name: $0.name, kind: $0.kind, options: $0.options) }
                    let node = try Dataplane(spec)
                    let begin = CPUClock.processNanoseconds()
                    if mode == .ipvs {
                        var rules = RuleSet(family: .ipv4)
                        for part in patch.ipvs { if part.family == .ipv4, let new = part.patch.rules { rules = new } }
                        try node.apply(ChangeLoad.changes(patch, node) + diff(RuleSet(family: .ipv4), rules))
                    } else {
                        try node.apply(ChangeLoad.changes(patch, node))
                    }
                    committed.append(synced - start + CPUClock.processNanoseconds() - begin)
                }
                row("full sync, \(mode), \(services) × \(endpoints), ms", spread(full, 1e6))
                if !committed.isEmpty {
                    row("full sync, \(mode), \(services) × \(endpoints), committed, ms", spread(committed, 1e6))
                }
                try incremental(mode, services, endpoints)
            }
        }
    }

    private static func incremental(_ mode: ProxyMode, _ services: Int, _ endpoints: Int) throws {
        let kube = KubeNode(services: services, endpoints: endpoints, mode: mode)
        var spec = kube.spec
        if mode == .nftables { spec.iptables = nil }
        let load = ChangeLoad(kube, node: try Dataplane(spec))
        var times: [ChangeLoad.Times] = []
        for _ in 0..<101 { times.append(try load.changeEndpoint()) }
        let what = mode == .nftables ? "" : ", committed"
        row("one endpoint, \(mode), \(services) × \(endpoints)\(what), µs", spread(times.map(\.whole), 1e3))
    }
}
