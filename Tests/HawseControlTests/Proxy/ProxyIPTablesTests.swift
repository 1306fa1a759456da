import HawseControl
import HawseFormats
import HawseModel
import HawseWire
import Testing

@Suite struct ProxyIPTablesTests {
    @Test(arguments: ProxyScenarios.stages)
    func writesWhatKubeProxyWrote(_ stage: ProxyScenarios.Stage) throws {
        let objects = try ProxyScenarios.objects(stage)
        let configuration = try ProxyScenarios.configuration(stage.scenario)
        for node in stage.nodes {
            for file in ["iptables.v4", "iptables.v6"] {
                guard let expected = stage.expected(node, file) else { continue }
                let state = ProxyScenarios.render(stage, node, file, objects, configuration)
                #expect(state.mode == .iptables)
                let rules = file == "iptables.v4" ? state.iptables : state.ip6tables
                let produced = IPTablesPrinter().text(try #require(rules))
                let differences = RuleComparison.differences(iptables: expected, produced)
                #expect(differences.isEmpty, "\(node) \(file): \(differences.prefix(4))")
            }
        }
    }

    /// One proxy lives through all stages of a scenario and ends each with what a fresh one would write.
    @Test(arguments: ["incremental-change", "deployment-scale", "rolling-update", "statefulset"])
    func aLivingProxyFollowsTheStages(_ scenario: String) throws {
        let configuration = try ProxyScenarios.configuration(scenario)
        let stages = ProxyScenarios.stages.filter { $0.scenario == scenario }
        #expect(stages.count > 1)
        for node in stages.first?.nodes ?? [] {
            var before = ProxyRenderer.Objects()
            var proxy: KubeProxy?
            var rules = RuleSet(family: .ipv4)
            for stage in stages {
                let now = try ProxyScenarios.objects(stage)
                var current = proxy ?? KubeProxy(
                    node: now.node(node), configuration: configuration, serviceRanges: now.serviceRanges)
                current.move(from: before, to: now)
                for patch in current.sync().rules where patch.family == .ipv4 { patch.apply(to: &rules) }
                #expect(current.state().iptables == rules, "\(stage.folder) \(node): patches do not add up")
                let expected = try #require(stage.expected(node, "iptables.v4"))
                let differences = RuleComparison.differences(
                    iptables: expected, IPTablesPrinter().text(current.state().iptables ?? rules))
                #expect(differences.isEmpty, "\(stage.folder) \(node): \(differences.prefix(4))")
                #expect(current.sync().isEmpty)
                proxy = current
                before = now
            }
        }
    }

    /// Past 1,000 endpoints what is written has no comments at endpoints' rules. A partial sync writes the Services that
    /// changed, all their ports, and leaves others as they were; a full one writes everything.
    @Test func largeClusterModeIsEnteredAndLeft() throws {
        var proxy = KubeProxy(node: ProxyNode(name: "n"))
        for index in 0..<2 { proxy.apply(Self.service("s\(index)", "10.96.1.\(index)")) }
        var two = Self.service("s2", "10.96.1.2")
        two.spec.ports[0].name = "a"
        two.spec.ports.append(two.spec.ports[0])
        two.spec.ports[1].name = "b"
        two.spec.ports[1].port = 81
        proxy.apply(two)
        var slice = Self.slice("s2", count: 10)
        slice.ports = [.init(name: "a", number: 8080)]
        proxy.apply(slice)
        slice.name = "s2-2"
        slice.ports[0].name = "b"
        proxy.apply(slice)
        proxy.apply(Self.slice("s0", count: 979))
        proxy.apply(Self.slice("s1", count: 1))
        _ = proxy.sync()
        func comments() throws -> Int {
            let nat = try #require(proxy.state().iptables?[.nat])
            return nat.chains.filter { $0.name.hasPrefix("KUBE-SEP-") }.flatMap(\.rules).count { rule in
                rule.matches.contains { if case .comment = $0 { true } else { false } }
            }
        }
        #expect(try comments() == 2000)
        proxy.apply(Self.slice("s1", count: 2))
        _ = proxy.sync()
        #expect(try comments() == 1998)
        slice.entries.removeLast()
        slice.entries.append(.init(address: IPAddress(ipv4: 0x0a64_0900)))
        proxy.apply(slice)
        _ = proxy.sync()
        #expect(try comments() == 1958)
        proxy.requestFullSync()
        #expect(!proxy.sync().isEmpty)
        #expect(try comments() == 0)
        proxy.deleteSlice("s1-1", of: ObjectKey(namespace: "a", name: "s1"))
        _ = proxy.sync()
        #expect(try comments() == 0)
        proxy.requestFullSync()
        _ = proxy.sync()
        #expect(try comments() == 1998)
    }

    /// A slice's port 0 says nothing of where to send.
    @Test func portsWithoutANumberServeNobody() {
        var slice = Kubernetes.EndpointSlice()
        slice.metadata = Kubernetes.ObjectMeta(name: "s-1", namespace: "a")
        slice.metadata.labels = ["kubernetes.io/service-name": "s"]
        slice.addressType = "IPv4"
        var port = Kubernetes.EndpointPort()
        port.protocol = .tcp
        slice.ports = [port, port, port]
        slice.ports[0].port = 0
        slice.ports[1].port = nil
        slice.ports[2].port = 8080
        #expect(EndpointSliceInfo(slice)?.ports.map(\.number) == [8080])
    }

    /// A change of one endpoint touches the Service's own chains and nothing else.
    @Test func oneEndpointTouchesItsOwnChainsOnly() throws {
        var proxy = KubeProxy(node: ProxyNode(name: "n"))
        for index in 0..<20 {
            proxy.apply(Self.service("s\(index)", "10.96.1.\(index)"))
            proxy.apply(Self.slice("s\(index)", count: 5))
        }
        #expect(!proxy.sync().isEmpty)
        proxy.apply(Self.slice("s7", count: 6))
        let patch = proxy.sync()
        #expect(patch.rules.map(\.family) == [.ipv4])
        let parts = patch.rules.flatMap(\.parts)
        #expect(parts.map(\.table) == [.nat])
        #expect(parts[0].replaced.map { $0.name.prefix(9) }.sorted() == ["KUBE-SEP-", "KUBE-SVC-"])
        #expect(parts[0].removed.isEmpty)
    }

    static func service(_ name: String, _ address: String) -> Kubernetes.Service {
        var service = Kubernetes.Service()
        service.metadata = Kubernetes.ObjectMeta(name: name, namespace: "a")
        service.spec.clusterIP = address
        var port = Kubernetes.ServicePort()
        port.port = 80
        service.spec.ports = [port]
        return service
    }

    static func slice(_ service: String, count: Int) -> EndpointSliceInfo {
        EndpointSliceInfo(
            service: ObjectKey(namespace: "a", name: service), name: service + "-1", ports: [.init(number: 8080)],
            entries: (0..<count).map { .init(address: IPAddress(ipv4: 0x0a64_0000 + UInt32($0) + 2)) })
    }
}

extension KubeProxy {
    /// Tells the proxy what changed between two states of a cluster.
    mutating func move(from old: ProxyRenderer.Objects, to new: ProxyRenderer.Objects) {
        let services = Set(new.services.map(\.key)), slices = Set(new.slices.map(\.key))
        for service in old.services where !services.contains(service.key) { deleteService(service.key) }
        for slice in old.slices where !slices.contains(slice.key) { delete(slice) }
        for service in new.services { apply(service) }
        for slice in new.slices { apply(slice) }
    }
}
