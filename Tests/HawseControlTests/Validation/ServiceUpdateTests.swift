import HawseControl
import Testing

/// What an update of a Service keeps, takes, gives up and may not do, by the rules of
/// `pkg/registry/core/service`.
@Suite struct ServiceUpdateTests {
    private let key = ObjectKey(namespace: "default", name: "web")

    private func cluster(_ spec: String) -> ClusterState {
        ControlledCluster.build(
            """
            apiVersion: v1
            kind: Service
            metadata: {name: web}
            spec:
            \(spec.split(separator: "\n").map { "  \($0)" }.joined(separator: "\n"))
            """)
    }

    private typealias Change = (inout Kubernetes.ServiceSpec) -> Void

    private func changed(_ spec: String, _ change: Change) throws -> Kubernetes.ServiceSpec {
        var state = cluster(spec)
        try state.modify(Kubernetes.Service.self, key) { change(&$0.spec) }
        return try #require(state.store.get(Kubernetes.Service.self, key)).spec
    }

    private func refusal(_ spec: String, _ change: Change) throws -> String {
        var state = cluster(spec)
        let before = state.store.get(Kubernetes.Service.self, key)
        let error = #expect(throws: StatusError.self) {
            try state.modify(Kubernetes.Service.self, key) { change(&$0.spec) }
        }
        #expect(state.store.get(Kubernetes.Service.self, key)?.spec == before?.spec)
        return try #require(error).message
    }

    private let nodePort = "type: NodePort\nselector: {a: b}\nports: [{name: http, port: 80, nodePort: 30080}]"

    /// Nothing is allocated for a changed address: whether it is free or even in the range does not matter.
    @Test(arguments: ["10.96.0.1", "10.96.0.77", "192.0.2.1"])
    func addressesStay(address: String) throws {
        let message = try refusal("clusterIP: 10.96.0.20\nports: [{port: 80}]") { $0.clusterIP = address }
        #expect(
            message == "Service \"web\" is invalid: spec.clusterIPs[0]: Invalid value: [\"\(address)\"]: "
                + "may not change once set")
    }

    @Test func addressesThatAreLeftOutStay() throws {
        let spec = try changed("clusterIP: 10.96.0.20\nports: [{port: 80}]") {
            $0.clusterIP = ""
            $0.clusterIPs = []
        }
        #expect((spec.clusterIP, spec.clusterIPs) == ("10.96.0.20", ["10.96.0.20"]))
    }

    @Test func nodePortsGoWithTheType() throws {
        let spec = try changed(nodePort + "\nexternalTrafficPolicy: Local") { $0.type = .clusterIP }
        #expect(spec.ports.map(\.nodePort) == [0])
        #expect(spec.externalTrafficPolicy == "")
    }

    @Test func nodePortsThatAreAddedWithTheWrongTypeDoNot() throws {
        let message = try refusal(nodePort) {
            $0.type = .clusterIP
            $0.ports[0].nodePort = 30081
        }
        #expect(
            message == "Service \"web\" is invalid: spec.ports[0].nodePort: Forbidden: "
                + "may not be used when `type` is 'ClusterIP'")
    }

    @Test func everythingGoesWithAnExternalName() throws {
        let spec = try changed("type: LoadBalancer\nexternalTrafficPolicy: Local\nports: [{port: 80}]") {
            $0.type = .externalName
            $0.externalName = "example.com"
        }
        #expect((spec.clusterIP, spec.clusterIPs, spec.ipFamilies) == ("", [], []))
        #expect((spec.healthCheckNodePort, spec.ports.map(\.nodePort)) == (0, [0]))
        #expect((spec.ipFamilyPolicy, spec.allocateLoadBalancerNodePorts) == (nil, nil))
    }

    @Test func addressesComeBackAfterAnExternalName() throws {
        let spec = try changed("type: ExternalName\nexternalName: example.com") {
            $0.type = .clusterIP
            $0.externalName = ""
            $0.ports = [Kubernetes.ServicePort()]
            $0.ports[0].port = 80
        }
        #expect(spec.clusterIPs.count == 1 && spec.clusterIP == spec.clusterIPs[0] && spec.ipFamilies == [.ipv4])
    }

    /// By number and protocol, or by name; a number that is used already is not given twice.
    @Test func nodePortsStayWithTheirPorts() throws {
        let byName = try changed(nodePort) {
            $0.ports[0].port = 8080
            $0.ports[0].nodePort = 0
        }
        #expect(byName.ports[0].nodePort == 30080)
        let byNumber = try changed(nodePort) {
            $0.ports[0].name = "web"
            $0.ports[0].nodePort = 0
        }
        #expect(byNumber.ports[0].nodePort == 30080)
        let moved = try changed(nodePort) {
            var second = $0.ports[0]
            second.name = "other"
            second.port = 81
            $0.ports[0].nodePort = 0
            $0.ports.append(second)
        }
        #expect(moved.ports[1].nodePort == 30080 && moved.ports[0].nodePort != 30080 && moved.ports[0].nodePort >= 30000)
    }

    /// On creation one number under two protocols shares a node port; a port added later gets its own.
    @Test func onlyNewServicesShareNodePorts() throws {
        let both = "type: NodePort\nports: [{name: a, port: 53}, {name: b, port: 53, protocol: UDP}]"
        let created = try changed(both) { _ in }
        #expect(created.ports[0].nodePort == created.ports[1].nodePort)
        let added = try changed("type: NodePort\nports: [{name: a, port: 53}]") {
            var second = $0.ports[0]
            second.name = "b"
            second.protocol = .udp
            second.nodePort = 0
            $0.ports.append(second)
        }
        #expect(added.ports[0].nodePort != added.ports[1].nodePort)
    }

    @Test func nodePortsOfOthersAreTaken() throws {
        let message = try refusal("type: NodePort\nports: [{port: 80, nodePort: 30080}]") { $0.ports[0].nodePort = 80 }
        #expect(
            message == "Service \"web\" is invalid: spec.ports[0].nodePort: Invalid value: 80: provided port is not in "
                + "the valid range. The range of valid ports is 30000-32767")
    }

    private let dual = "ipFamilyPolicy: RequireDualStack\nipFamilies: [IPv4, IPv6]\nports: [{port: 80}]"

    @Test func secondAddressesGoOnlyWithThePolicy() throws {
        let families = try refusal(dual) { $0.ipFamilies.removeLast() }
        #expect(
            families == "Service \"web\" is invalid: spec.ipFamilyPolicy: Invalid value: \"RequireDualStack\": "
                + "must be 'SingleStack' to release the secondary IP family")
        let addresses = try refusal(dual) { $0.clusterIPs.removeLast() }
        #expect(
            addresses == "Service \"web\" is invalid: spec.ipFamilyPolicy: Invalid value: \"RequireDualStack\": "
                + "must be 'SingleStack' to release the secondary cluster IP")
        let single = try changed(dual) { $0.ipFamilyPolicy = .singleStack }
        #expect((single.clusterIPs.count, single.ipFamilies) == (1, [.ipv4]))
    }

    /// A healthCheckNodePort is allocated when the need for it comes up, and fixed from then on.
    @Test func healthCheckPorts() throws {
        let local = "type: LoadBalancer\nexternalTrafficPolicy: Local\nports: [{port: 80}]"
        #expect(try refusal(local) { $0.healthCheckNodePort = 1 }.contains("spec.healthCheckNodePort: "))
        let spec = try changed("type: LoadBalancer\nports: [{port: 80}]") { $0.externalTrafficPolicy = .local }
        #expect(spec.healthCheckNodePort >= 30000)
        let message = try refusal("type: LoadBalancer\nports: [{port: 80}]") {
            $0.externalTrafficPolicy = .local
            $0.healthCheckNodePort = 1
        }
        #expect(
            message == "Internal error occurred: failed to allocate requested HealthCheck NodePort 1: provided port is "
                + "not in the valid range. The range of valid ports is 30000-32767")
    }

    /// The refused list shows addresses still to be chosen as empty.
    @Test func takenAddressesOfTwoFamilies() {
        var loader = ManifestLoader(strict: true)
        loader.load(
            text: "apiVersion: v1\nkind: Service\nmetadata: {name: two}\nspec:\n"
                + "  \(dual.replacing("\n", with: "\n  "))\n  clusterIP: 10.96.0.1\n", file: "a.yaml")
        let (_, problems) = ClusterState.build(from: loader.objects, seed: 3)
        let text = "spec.clusterIPs: Service two: Invalid value: [\"10.96.0.1\",\"\"]: "
            + "failed to allocate IP 10.96.0.1: provided IP is already allocated"
        #expect(problems.map(\.description).map { $0.suffix(text.count) } == [text[...]])
    }
}
