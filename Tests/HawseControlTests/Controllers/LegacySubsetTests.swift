@testable import HawseControl
import Testing

/// Subsets of Endpoints objects, by the rules of `pkg/api/v1/endpoints` and `pkg/controller/endpoint`.
@Suite struct LegacySubsetTests {
    private static func port(_ name: String, _ number: Int, _ transport: Kubernetes.TransportProtocol = .tcp)
        -> Kubernetes.LegacyEndpointPort
    {
        var port = Kubernetes.LegacyEndpointPort()
        port.name = name
        port.port = number
        port.protocol = transport
        return port
    }

    private static func address(_ ip: String, _ pod: String = "", node: String? = nil, uid: String = "")
        -> Kubernetes.EndpointAddress
    {
        var address = Kubernetes.EndpointAddress()
        address.ip = ip
        address.nodeName = node
        if !uid.isEmpty {
            address.targetRef = Kubernetes.ObjectReference(kind: "Pod", namespace: "default", name: pod, uid: uid)
        }
        return address
    }

    /// Ports stand in the order of their hashes; as kube-controller-manager 1.36 wrote them.
    @Test(arguments: [
        [("http", 8080), ("alt", 8080)], [("t", 5000), ("u", 5000)], [("http", 8080), ("https", 8080)],
        [("metrics", 9153), ("dns-tcp", 53), ("dns", 53)], [("http", 8080), ("grpc", 9000)],
    ])
    func portsStandByHash(ports: [(String, Int)]) {
        let udp: Set = ["u", "dns"]
        var subsets = LegacySubsets()
        for (name, number) in ports.reversed() {
            subsets.add(
                Self.address("10.244.0.2"), port: Self.port(name, number, udp.contains(name) ? .udp : .tcp), isReady: true)
        }
        #expect(subsets.packed().subsets.map { $0.ports.map(\.name) } == [ports.map(\.0)])
    }

    /// So do subsets, with everything in them.
    @Test func subsetsStandByHash() {
        let pods = [
            Self.address("10.244.0.2", "web-0", node: "node-a", uid: "229c2cad-fa1e-4894-843d-e2e75f36991f"),
            Self.address("10.244.1.2", "web-1", node: "node-b", uid: "e5f09bf9-316b-437b-a4d0-12fefc5e8fd5"),
            Self.address("10.244.2.2", "web-2", node: "node-c", uid: "b17e23bd-565a-48a9-b305-fb2cbc2c8128"),
        ]
        var subsets = LegacySubsets()
        for (index, pod) in pods.enumerated() {
            subsets.add(pod, port: Self.port("metrics", 9090), isReady: true)
            subsets.add(pod, port: Self.port("http", index < 2 ? 8080 : 8081), isReady: true)
        }
        #expect(subsets.packed().subsets.map { $0.ports[0].port } == [8080, 8081, 9090])
    }

    /// Ready addresses first; every subset keeps its share, rounded up, as far as there is room.
    @Test(arguments: [
        ([(600, 100), (300, 0)], [(600, 100), (300, 0)], false), ([(900, 0), (600, 5)], [(600, 0), (400, 0)], true),
        ([(500, 400), (100, 200)], [(500, 267), (100, 133)], true), ([(1000, 1), (0, 3)], [(1000, 0), (0, 0)], true),
        ([(334, 0), (334, 0), (334, 0)], [(334, 0), (334, 0), (332, 0)], true),
    ] as [([(Int, Int)], [(Int, Int)], Bool)])
    func aThousandAreKept(given: [(Int, Int)], kept: [(Int, Int)], isTruncated: Bool) {
        var subsets = given.map { ready, others -> Kubernetes.EndpointSubset in
            var subset = Kubernetes.EndpointSubset()
            subset.addresses = (0..<ready).map { Self.address("10.0.0.\($0)") }
            subset.notReadyAddresses = (0..<others).map { Self.address("10.1.0.\($0)") }
            return subset
        }
        #expect(LegacySubsets.truncate(&subsets) == isTruncated)
        #expect(subsets.map(\.addresses.count) == kept.map(\.0))
        #expect(subsets.map(\.notReadyAddresses.count) == kept.map(\.1))
        #expect(subsets.allSatisfy { $0.addresses.first.map { $0.ip == "10.0.0.0" } ?? true })
    }
}
