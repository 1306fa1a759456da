import Hawse

/// A node that is sent nothing but first segments of connections that it has never seen.
public final class FirstPacketLoad {
    public let node: Dataplane
    private let services: Int
    private let clients: UInt32
    private let eth0: UInt16
    private var number = 0
    public private(set) var now = Instant(seconds: 1_000)

    public init(_ kube: KubeNode, clients: UInt32 = Flow.outside, seed: UInt64 = 1) throws {
        self.clients = clients
        node = try Dataplane(kube.spec, seed: seed)
        guard let eth0 = node.interfaceIndex("eth0") else { fatalError("no devices") }
        self.eth0 = eth0
        services = kube.services
        node.keepsOutputs = false
    }

    /// The next `count` connections' first segments.
    public func traffic(_ count: Int) -> Traffic {
        let traffic = Traffic()
        for _ in 0..<count {
            let flow = Flow(number, services: services, clients: clients)
            number += 1
            traffic.append(
                Flow.segment(
                    to: [2, 0, 0, 0, 1, 1], from: flow.client, flow.port, to: flow.service, 80, flags: Flow.syn, sequence: 1,
                    acknowledgement: 0, payload: 0), on: eth0)
        }
        return traffic
    }

    public func advance(by nanoseconds: Int64) { now = now + nanoseconds }

    public func play(_ traffic: Traffic) { now = traffic.play(through: node, from: now) }
}
