import Foundation
import HawseControl
import HawseDataplane
import HawseFormats
import HawseModel
import HawseSimulator
import HawseWire
import Testing

/// From manifests to packets, twice: the rules that kube-proxy would have written, in simulated nodes and loaded into
/// namespaces of the running kernel. The frames on the underlay and at the pods are equal.
@Suite(.serialized, .enabled(if: LiveObstacle.services == nil, "live Services: \(LiveObstacle.services ?? "")"))
struct LiveServiceTests {
    static let manifests = """
        apiVersion: v1
        kind: Pod
        metadata: {name: web, labels: {app: web}}
        spec: {nodeName: node-b, containers: [{name: main, image: web, ports: [{containerPort: 8080}]}]}
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: dns, labels: {app: dns}}
        spec: {nodeName: node-c, containers: [{name: main, image: dns, ports: [{containerPort: 53, protocol: UDP}]}]}
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: near}
        spec: {nodeName: node-b, containers: [{name: main, image: client}]}
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: far}
        spec: {nodeName: node-a, containers: [{name: main, image: client}]}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: web}
        spec:
          type: LoadBalancer
          clusterIP: 10.96.0.80
          selector: {app: web}
          loadBalancerSourceRanges: [203.0.113.0/24]
          ports: [{port: 80, targetPort: 8080, nodePort: 30080}]
        status: {loadBalancer: {ingress: [{ip: 198.51.100.80}]}}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: local}
        spec:
          type: NodePort
          externalTrafficPolicy: Local
          sessionAffinity: ClientIP
          clusterIP: 10.96.0.81
          selector: {app: web}
          ports: [{port: 80, targetPort: 8080, nodePort: 30081}]
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: dns}
        spec: {clusterIP: 10.96.0.53, selector: {app: dns}, externalIPs: [198.51.100.53], ports: [{port: 53, protocol: UDP}]}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: empty}
        spec: {clusterIP: 10.96.0.99, selector: {app: nobody}, ports: [{port: 80}]}
        """

    /// The same Services and clients of the other family; pods reach each other by routes, not through VXLAN.
    private static func written(_ text: String, _ family: AddressFamily) -> String {
        guard family == .ipv6 else { return text }
        let prefixes = [
            ("10.96.0.", "fd00:10:96::"), ("192.168.50.", "fd00:192:168:50::"), ("198.51.100.", "2001:db8:100::"),
            ("203.0.113.", "2001:db8:113::"), ("192.0.2.", "2001:db8:2::"),
        ]
        return prefixes.reduce(text.replacing("203.0.113.0/24", with: "\"2001:db8:113::/64\"")) { $0.replacing($1.0, with: $1.1) }
    }

    private static let flannel = """

        ---
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: kube-flannel-cfg, namespace: kube-flannel}
        data:
          net-conf.json: |
            {"Network": "10.244.0.0/16", "EnableIPv6": true, "IPv6Network": "fd00:10:244::/48", "Backend": {"Type": "host-gw"}}
        """

    /// A packet on its way in, and how many frames have come out before it.
    private struct Post {
        var source: Cluster.Endpoint
        var node: Int
        var frame: [UInt8]
        var before: Int
    }

    /// What the kernel draws for ICMP errors of its own (their ids), and everything that LiveFlannelTests leaves out.
    fileprivate static func masked(_ frame: [UInt8]) -> [UInt8] {
        var result = LiveFlannelTests.masked(frame)
        // An error's flow label is drawn too.
        if frame.count > 54, frame[12] == 0x86, frame[13] == 0xdd, frame[20] == 58, frame[54] < 128 {
            result[15] &= 0xf0
            for index in [16, 17] { result[index] = 0 }
            return result
        }
        // The inner packet behind VXLAN, or the frame itself.
        let isOverlay = frame.count > 64 && frame[23] == 17 && frame[36] == 0x21 && frame[37] == 0x18
        let ip = isOverlay ? 64 : 14
        guard frame.count >= ip + 20, frame[ip] == 0x45, frame[ip + 9] == 1 else { return result }
        for index in [4, 5, 10, 11] { result[ip + index] = 0 }
        return result
    }

    /// Reports of multicast groups, which the kernel sends when it likes.
    fileprivate static func isReport(_ frame: [UInt8]) -> Bool {
        frame.count > 20 && frame[12] == 0x86 && frame[13] == 0xdd && frame[20] == 0
    }

    private static func builder(_ family: AddressFamily) throws -> ClusterBuilder {
        var loader = ManifestLoader()
        loader.load(text: written(manifests, family) + (family == .ipv6 ? flannel : ""), file: "live.yaml")
        let (state, problems) = ClusterState.build(from: loader.objects, seed: 1)
        #expect(problems.isEmpty)
        var builder = ClusterBuilder(state, mode: .iptables, seed: 1)
        builder.configuration.clusterCIDR = "10.244.0.0/16,fd00:10:244::/48"
        builder.kernel.hasNFAcct = false
        return builder
    }

    /// Without `--random-fully`, kube-proxy's and flannel's: masquerading then keeps ports where it can. Two draws of a
    /// port could not be equal but by chance. The rules are otherwise those rendered, and each Service has one endpoint, so
    /// that `statistic --mode random` has nothing to choose.
    private static func steady(_ rules: RuleSet) -> RuleSet {
        var rules = rules
        for t in rules.tables.indices {
            for c in rules.tables[t].chains.indices {
                for r in rules.tables[t].chains[c].rules.indices {
                    guard case .masquerade(var options) = rules.tables[t].chains[c].rules[r].target else { continue }
                    options.randomFully = false
                    rules.tables[t].chains[c].rules[r].target = .masquerade(options)
                }
            }
        }
        return rules
    }

    private static func talk(_ cluster: Cluster, _ family: AddressFamily, _ start: Instant) -> ApplicationRun {
        let run = ApplicationRun(cluster, seed: 5)
        func pod(_ name: String) -> Int { cluster.positions.pod(named: "default/" + name) ?? 0 }
        run.listen(ServerApplication(kind: .http, port: 8080, size: 3000), onPod: pod("web"))
        run.listen(ServerApplication(kind: .udpEcho, port: 53), onPod: pod("dns"))
        for name in ["near", "far"] { run.listen(ServerApplication(kind: .tcpEcho, port: 1), onPod: pod(name)) }
        var at: Int64 = 0
        func ask(_ source: ClientApplication.Source, _ address: String, _ port: UInt16, _ kind: String = "http") {
            guard let destination = IPAddress(written(address, family)) else { return }
            run.add(
                ClientApplication(
                    name: "\(source) \(address):\(port)", source: source, destination: destination, port: port, kind: kind,
                    host: "h", size: kind == "http" ? 0 : 100, start: at, timeout: .milliseconds(900)), from: start)
            at += .seconds(1)
        }
        for name in ["near", "far", "web"] {
            ask(.pod(pod(name)), "10.96.0.80", 80)
            ask(.pod(pod(name)), "10.96.0.81", 80)
            ask(.pod(pod(name)), "10.96.0.53", 53, "udp-echo")
            ask(.pod(pod(name)), "10.96.0.99", 80)
            ask(.pod(pod(name)), "192.168.50.13", 30080)
            ask(.pod(pod(name)), "192.168.50.11", 30081)
            ask(.pod(pod(name)), "198.51.100.53", 53, "udp-echo")
        }
        for (client, node) in [("203.0.113.9", "192.168.50.12"), ("203.0.113.10", "192.168.50.13"), ("192.0.2.9", "192.168.50.11")] {
            guard let address = IPAddress(written(client, family)) else { continue }
            ask(.outside(address), node, 30080)
            ask(.outside(address), node, 30081)
            ask(.outside(address), "198.51.100.80", 80)
            ask(.outside(address), "198.51.100.53", 53, "udp-echo")
        }
        return run
    }

    @Test(arguments: AddressFamily.allCases) func renderedRulesDoTheSameInTheKernel(family: AddressFamily) throws {
        let builder = try Self.builder(family)
        let cluster = try builder.cluster()
        try cluster.buildAll()
        for node in cluster.nodes {
            try node.dataplane.replaceRules(Self.steady(node.dataplane.ruleSet(family)), counters: .zero)
        }
        var posts: [Post] = []
        var count = 0
        var underlay: [Int: [[UInt8]]] = [:]
        var pods: [Int: [[UInt8]]] = [:]
        let start = Instant(seconds: 1_700_000_000)
        cluster.advance(to: start)
        let run = Self.talk(cluster, family, start)
        let hear = cluster.onArrival
        cluster.onArrival = { endpoint, frame in
            if case .pod(let number) = endpoint {
                pods[number, default: []].append(Self.masked(frame))
                count += 1
            }
            hear?(endpoint, frame)
        }
        cluster.onPost = { posts.append(Post(source: .pod($0), node: 0, frame: $1, before: count)) }
        cluster.onPostOutside = { posts.append(Post(source: .outside, node: $0, frame: $1, before: count)) }
        cluster.onTransmit = { node, frame in
            underlay[node, default: []].append(Self.masked(frame))
            count += 1
        }
        run.run(until: start + .seconds(60))
        let outcomes = Dictionary(grouping: run.results, by: \.outcome).mapValues(\.count)
        #expect((outcomes[.completed] ?? 0) >= 20 && (outcomes[.refused] ?? 0) >= 3 && (outcomes[.timedOut] ?? 0) >= 2, "\(outcomes)")

        let live = try LiveNamespaces(cluster.nodes.map(\.dataplane.wholeSpec), families: [family]) { name in
            Int(name.dropFirst("veth".count)).map { $0 - 1 }
        }
        let restore = KernelNode.tool(family == .ipv4 ? "iptables-legacy-restore" : "ip6tables-legacy-restore")
        for node in cluster.nodes.indices {
            let text = IPTablesPrinter().text(cluster.nodes[node].dataplane.ruleSet(family).withZeroCounters)
            #expect(text.contains("-A KUBE-SERVICES"))
            try live.run(restore ?? "", onNode: node, input: text)
        }
        let heard = Heard(live)
        try LiveNamespace.onOneProcessor {
            for post in posts {
                heard.await(post.before)
                switch post.source {
                case .pod(let number): try live.inject(post.frame, pod: number)
                case .outside: try live.inject(post.frame, underlay: post.node)
                }
            }
            heard.await(count)
            usleep(200_000)
            heard.look()
        }
        for node in cluster.plan.nodes.indices {
            Self.compare(underlay[node] ?? [], heard.underlay[node] ?? [], "underlay of node \(node)")
        }
        for pod in cluster.plan.pods.indices { Self.compare(pods[pod] ?? [], heard.pods[pod] ?? [], "pod \(pod)") }
        #expect(count > 200)
    }

    /// What the kernel's nodes have sent.
    private final class Heard {
        private let live: LiveNamespaces
        private(set) var underlay: [Int: [[UInt8]]] = [:]
        private(set) var pods: [Int: [[UInt8]]] = [:]
        private var count = 0
        private var isBehind = false

        /// What was sent before this is not counted.
        init(_ live: LiveNamespaces) {
            self.live = live
            for socket in Array(live.underlay.values) + Array(live.pods.values) { _ = socket.arrived() }
        }

        func look() {
            for (node, socket) in live.underlay { add(socket, to: &underlay[node, default: []]) }
            for (pod, socket) in live.pods { add(socket, to: &pods[pod, default: []]) }
        }

        private func add(_ socket: PacketSocket, to frames: inout [[UInt8]]) {
            let new = socket.arrived().filter { !LiveServiceTests.isReport($0) }
            frames += new.map(LiveServiceTests.masked)
            count += new.count
        }

        /// Waits for that many frames, as a client waits for its answer. Once some did not come the test has failed: it
        /// does not wait long for the others.
        func await(_ wanted: Int) {
            let deadline = Date().addingTimeInterval(isBehind ? 0.01 : 10)
            repeat { look() } while count < wanted && Date() < deadline
            if count < wanted { isBehind = true }
        }
    }

    private static func compare(_ simulated: [[UInt8]], _ real: [[UInt8]], _ place: String) {
        #expect(simulated.count == real.count, "\(place)")
        let different = zip(simulated, real).enumerated().first { $0.element.0 != $0.element.1 }
        #expect(
            different == nil,
            "\(place), frame \(different?.offset ?? 0): \(different.map { "\($0.element.0) and \($0.element.1)" } ?? "")")
    }
}
