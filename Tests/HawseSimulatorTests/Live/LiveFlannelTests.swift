import Foundation
import HawseControl
import HawseDataplane
import HawseModel
import HawseSimulator
import HawseWire
import Testing

/// The same three nodes, simulated and in namespaces of the running kernel, driven with the same packets: the frames on
/// the underlay and at the pods are equal but for what the kernel draws (the VXLAN source port, the outer packet's id).
@Suite(.serialized, .enabled(if: LiveNamespaces.obstacle == nil, "live namespaces: \(LiveNamespaces.obstacle ?? "")"))
struct LiveFlannelTests {
    /// What was sent, and what came of it by node and by pod.
    struct Record {
        var posts: [(pod: Int, frame: [UInt8])] = []
        var underlay: [Int: [[UInt8]]] = [:]
        var pods: [Int: [[UInt8]]] = [:]
    }

    /// Outer source port, id and the checksums over them become zero; of ipip the outer id.
    static func masked(_ frame: [UInt8]) -> [UInt8] {
        guard frame.count >= 42, frame[12] == 8, frame[13] == 0 else { return frame }
        let isVXLAN = frame[23] == 17 && frame[36] == 0x21 && frame[37] == 0x18
        guard isVXLAN || frame[23] == 4 else { return frame }
        var result = frame
        for index in [18, 19, 24, 25] + (isVXLAN ? [34, 35, 40, 41] : []) { result[index] = 0 }
        return result
    }

    /// What the pods say when applications talk over the simulated cluster, and what comes of it.
    static func record(_ cluster: Cluster) -> Record {
        var record = Record()
        let run = ApplicationRun(cluster, seed: 11)
        let hear = cluster.onArrival
        cluster.onArrival = { endpoint, frame in
            if case .pod(let number) = endpoint { record.pods[number, default: []].append(frame) }
            hear?(endpoint, frame)
        }
        cluster.onPost = { pod, frame in record.posts.append((pod, frame)) }
        cluster.onTransmit = { node, frame in record.underlay[node, default: []].append(masked(frame)) }
        let start = Instant(seconds: 1_700_000_000)
        cluster.advance(to: start)
        run.listen(ServerApplication(kind: .http, port: 80, size: 4000), onPod: 4)
        run.listen(ServerApplication(kind: .udpEcho, port: 7), onPod: 2)
        func client(_ pod: Int, _ target: Int, _ port: UInt16, _ kind: String, _ size: Int, at time: Int64) {
            run.add(
                ClientApplication(
                    name: kind, source: .pod(pod), destination: cluster.plan.pods[target].addresses[0], port: port, kind: kind,
                    host: "pod", size: size, start: time),
                from: start)
        }
        client(0, 4, 80, "http", 3000, at: 0)
        client(5, 4, 80, "http", 0, at: .seconds(1))
        client(1, 2, 7, "udp-echo", 300, at: .seconds(2))
        client(3, 2, 7, "udp-echo", 1300, at: .seconds(3))
        client(0, 3, 9, "tcp-echo", 10, at: .seconds(4))
        run.listen(ServerApplication(kind: .tcpEcho, port: 1), onPod: 3)
        run.run(until: start + .seconds(30))
        #expect(run.results.map(\.outcome) == [.completed, .completed, .completed, .completed, .refused])
        cluster.onPost = nil
        cluster.onTransmit = nil
        return record
    }

    @Test(.enabled(if: LiveNamespaces.canMake("ipip"), "this kernel has no ipip devices"))
    func underlayFramesOfIPIPAreEqual() throws { try underlayFramesAreEqual(backend: #""ipip""#) }

    @Test(arguments: [#""vxlan""#, #""vxlan","DirectRouting":true"#, #""host-gw""#])
    func underlayFramesAreEqual(backend: String) throws {
        let plan = try SmallCluster.plan(#"{"Network":"10.244.0.0/16","Backend":{"Type":\#(backend)}}"#)
        let cluster = Cluster(plan, seed: 1) { index, positions in plan.nodeSpec(index, positions) }
        try cluster.buildAll()
        let record = Self.record(cluster)
        #expect(record.posts.count > 30)
        let live = try LiveNamespaces(cluster.nodes.map(\.dataplane.wholeSpec)) { name in
            Int(name.dropFirst("veth".count)).map { $0 - 1 }
        }
        for socket in Array(live.underlay.values) + Array(live.pods.values) { _ = socket.arrived() }
        var underlay: [Int: [[UInt8]]] = [:]
        var pods: [Int: [[UInt8]]] = [:]
        func look() {
            for (node, socket) in live.underlay { underlay[node, default: []] += socket.arrived().map(Self.masked) }
            for (pod, socket) in live.pods { pods[pod, default: []] += socket.arrived() }
        }
        for (number, post) in record.posts.enumerated() {
            try live.inject(post.frame, pod: post.pod)
            // Each packet arrives at a pod before the next is sent.
            let deadline = Date().addingTimeInterval(5)
            repeat {
                usleep(200)
                look()
            } while pods.values.map(\.count).reduce(0, +) <= number && Date() < deadline
        }
        usleep(200_000)
        look()
        for node in plan.nodes.indices {
            let (simulated, real) = (record.underlay[node] ?? [], underlay[node] ?? [])
            #expect(simulated.count == real.count)
            #expect(zip(simulated, real).allSatisfy(==), "node \(node): \(zip(simulated, real).first { $0 != $1 }.map { "\($0)" } ?? "")")
        }
        for pod in plan.pods.indices {
            let (simulated, real) = (record.pods[pod] ?? [], pods[pod] ?? [])
            #expect(simulated.count == real.count)
            #expect(zip(simulated, real).allSatisfy(==), "pod \(pod): \(zip(simulated, real).first { $0 != $1 }.map { "\($0)" } ?? "")")
        }
        #expect(underlay.values.map(\.count).reduce(0, +) > 20)
    }
}
