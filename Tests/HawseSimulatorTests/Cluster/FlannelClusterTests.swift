import HawseControl
import HawseDataplane
import HawseModel
import HawseSimulator
import HawseWire
import Testing

/// Pods of three nodes talk over each of flannel's backends.
@Suite struct FlannelClusterTests {
    static let start = Instant(seconds: 1_700_000_000)

    /// One pod asks another, and both ends see a whole conversation.
    static func talk(
        _ cluster: Cluster, from: Int = 0, to: Int = 4, family: AddressFamily = .ipv4, size: Int = 5000
    ) throws -> ConversationResult {
        let run = ApplicationRun(cluster, seed: 3)
        run.listen(ServerApplication(kind: .http, port: 80, size: size), onPod: to)
        let address = try #require(cluster.plan.pods[to].addresses.first { $0.family == family })
        let now = max(cluster.now, start)
        cluster.advance(to: now)
        run.add(
            ClientApplication(
                name: "client", source: .pod(from), destination: address, port: 80, kind: "http", host: "pod", count: 1,
                timeout: .seconds(10)),
            from: now)
        run.run(until: now + .seconds(20))
        #expect(run.strays.damaged == 0)
        return try #require(run.results.first)
    }

    @Test(arguments: [
        (#""vxlan""#, "udp 8472"), (#""vxlan","Port":4789,"VNI":7"#, "udp 4789"),
        (#""vxlan","DirectRouting":true"#, "proto 6"), (#""host-gw""#, "proto 6"), (#""ipip""#, "proto 4"),
        (#""ipip","DirectRouting":true"#, "proto 6"), (#""udp""#, "udp 8285"), (#""udp","Port":9000"#, "udp 9000"),
        (#""wireguard""#, "udp 51820"), (#""wireguard","ListenPort":4500"#, "udp 4500"),
    ])
    func backends(backend: String, kind: String) throws {
        let plan = try SmallCluster.plan(#"{"Network":"10.244.0.0/16","Backend":{"Type":\#(backend)}}"#)
        let cluster = SmallCluster.cluster(plan)
        let underlay = UnderlayFrames(cluster)
        let result = try Self.talk(cluster)
        #expect(result.outcome == .completed)
        #expect(result.retransmissions == 0)
        #expect(underlay.kinds == [kind])
        #expect(cluster.builtNodes.map(\.name) == ["node-1", "node-3"], "a node that nobody needs is not built")
    }

    /// Sixteen bytes of header and of tag, and the inner packet padded to sixteen.
    @Test func wireGuardLengths() throws {
        let plan = try SmallCluster.plan(#"{"Network":"10.244.0.0/16","Backend":{"Type":"wireguard"}}"#)
        let cluster = SmallCluster.cluster(plan)
        let underlay = UnderlayFrames(cluster)
        #expect(try Self.talk(cluster, size: 20_000).outcome == .completed)
        for (_, frame) in underlay.frames {
            let inner = Int(frame[14 + 28 + 16 + 2]) << 8 | Int(frame[14 + 28 + 16 + 3])
            let outer = Int(frame[16]) << 8 | Int(frame[17])
            #expect(outer == 20 + 8 + 16 + (inner + 15) / 16 * 16 + 16)
            #expect(outer <= 1500)
        }
    }

    @Test func dualStackOverVXLAN() throws {
        let plan = try SmallCluster.plan(
            #"{"EnableIPv6":true,"Network":"10.244.0.0/16","IPv6Network":"fd00:42::/48","Backend":{"Type":"vxlan"}}"#, isIPv6: true)
        #expect(plan.findings.map(\.kind) == [.headroom])
        let cluster = SmallCluster.cluster(plan)
        let underlay = UnderlayFrames(cluster)
        #expect(try Self.talk(cluster).outcome == .completed)
        #expect(underlay.kinds == ["udp 8472"])
        underlay.frames = []
        // Segments of full size meet the tunnel that is 20 bytes too small; the error makes the server send less.
        #expect(try Self.talk(cluster, family: .ipv6).outcome == .completed)
        #expect(underlay.kinds == ["udp6 8472"])
        #expect(underlay.frames.allSatisfy { $0.bytes.count <= 1514 })
    }

    @Test func aDeletedNodeIsForgottenAndFoundAgain() throws {
        let plan = try SmallCluster.plan(SmallCluster.vxlan)
        let cluster = SmallCluster.cluster(plan)
        #expect(try Self.talk(cluster).outcome == .completed)
        cluster.deleteNode(2)
        let gone = cluster.nodes[0].dataplane.wholeSpec
        #expect(!gone.routes.contains { $0.destination == IPPrefix("10.244.3.0/24") })
        #expect(!gone.forwarding.contains { $0.destination == IPAddress("192.0.2.3") })
        #expect(try Self.talk(cluster).outcome != .completed)
        cluster.registerNode(2)
        #expect(try Self.talk(cluster).outcome == .completed)
    }

    /// While the registry cannot be reached a node keeps what it knows, whether it is up already or comes up meanwhile.
    @Test func anUnreachableRegistryFreezesTheState() throws {
        let plan = try SmallCluster.plan(SmallCluster.vxlan)
        let cluster = SmallCluster.cluster(plan)
        func routes(_ index: Int) -> Set<String> {
            Set(cluster.nodes[index].dataplane.wholeSpec.routes.compactMap { $0.nextHops.first?.device == "flannel.1" ? "\($0.destination)" : nil })
        }
        #expect(routes(0) == ["10.244.2.0/24", "10.244.3.0/24"])
        cluster.setRegistry(reachable: false, from: [0, 1])
        cluster.deleteNode(2)
        #expect(routes(0) == ["10.244.2.0/24", "10.244.3.0/24"])
        #expect(routes(1) == ["10.244.1.0/24", "10.244.3.0/24"])
        cluster.setRegistry(reachable: true, from: [0, 1])
        #expect(routes(0) == ["10.244.2.0/24"])
        #expect(routes(1) == ["10.244.1.0/24"])
    }

    @Test func linksAndMachinesFail() throws {
        let plan = try SmallCluster.plan(SmallCluster.vxlan)
        for action in [Fault.Action.linkDown(node: 2, true), .nodeGone(node: 2, true)] {
            let cluster = SmallCluster.cluster(plan)
            cluster.carryOut(action)
            #expect(try Self.talk(cluster).outcome == .timedOut)
        }
        let cluster = SmallCluster.cluster(plan)
        cluster.setLink(node: 2, LinkQuality(delay: .milliseconds(3), lossPerMillion: 50_000, duplicatePerMillion: 50_000))
        let result = try Self.talk(cluster, size: 100_000)
        #expect(result.outcome == .completed)
        let connected = try #require(result.connected)
        #expect(connected - result.started >= .milliseconds(6), "there and back, three milliseconds each")
    }

    /// Frames that overtake others: TCP puts the stream in order again, whatever the way does to it.
    @Test func framesOvertakeEachOther() throws {
        let cluster = SmallCluster.cluster(try SmallCluster.plan(SmallCluster.vxlan))
        var quality = LinkQuality(delay: .milliseconds(3))
        quality.reorderPerMillion = 300_000
        cluster.setLink(node: 2, quality)
        var sequences: [UInt32] = []
        cluster.onArrival = { endpoint, frame in
            guard endpoint == .pod(0), frame.count > 54 else { return }
            sequences.append(frame[38..<42].reduce(0) { $0 << 8 | UInt32($1) })
        }
        let hear = cluster.onArrival
        let run = ApplicationRun(cluster, seed: 3)
        let answer = cluster.onArrival
        cluster.onArrival = { endpoint, frame in
            hear?(endpoint, frame)
            answer?(endpoint, frame)
        }
        run.listen(ServerApplication(kind: .http, port: 80, size: 200_000), onPod: 4)
        cluster.advance(to: Self.start)
        run.add(
            ClientApplication(
                name: "client", source: .pod(0), destination: cluster.plan.pods[4].addresses[0], port: 80, kind: "http",
                host: "pod", count: 1, timeout: .seconds(10)),
            from: Self.start)
        run.run(until: Self.start + .seconds(20))
        #expect(run.results.first?.outcome == .completed)
        #expect(zip(sequences, sequences.dropFirst()).contains { $0 > $1 })
        #expect(run.strays.damaged == 0)
    }

    @Test func sameSeedSameFrames() throws {
        let plan = try SmallCluster.plan(SmallCluster.vxlan)
        func frames(_ seed: UInt64) throws -> [[UInt8]] {
            let cluster = SmallCluster.cluster(plan, seed: seed)
            cluster.setLink(node: 2, LinkQuality(jitter: .milliseconds(1), lossPerMillion: 50_000))
            let underlay = UnderlayFrames(cluster)
            _ = try Self.talk(cluster)
            return underlay.frames.map(\.bytes)
        }
        #expect(try frames(1) == frames(1))
        #expect(try frames(1) != frames(2))
    }

    /// Every pod can reach every other one, and every packet has an outcome.
    @Test func anyPodToAnyPod() throws {
        let plan = try SmallCluster.plan(SmallCluster.vxlan)
        let cluster = SmallCluster.cluster(plan)
        for from in plan.pods.indices {
            for to in plan.pods.indices where to != from {
                #expect(try Self.talk(cluster, from: from, to: to, size: 10).outcome == .completed, "\(from) to \(to)")
            }
        }
    }
}
