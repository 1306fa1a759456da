import Hawse

/// A node with so many established connections, and the packets that keep them busy in both directions.
public final class EstablishedLoad {
    public let node: Dataplane
    public let traffic = Traffic()
    /// The handshakes that came before, in order; empty unless asked for.
    public let opening = Traffic()
    private let keepsOpening: Bool
    public private(set) var now = Instant(seconds: 1_000)

    /// `replies`: of every two packets one is the server's.
    public init(
        _ kube: KubeNode, flows: Int, clients: UInt32 = Flow.outside, replies: Bool = true, payload: Int = 6, seed: UInt64 = 1,
        keepsOpening: Bool = false
    ) throws {
        self.keepsOpening = keepsOpening
        node = try Dataplane(kube.spec, seed: seed)
        guard let eth0 = node.interfaceIndex("eth0"), let eth1 = node.interfaceIndex("eth1") else { fatalError("no devices") }
        let toEth0: [UInt8] = [2, 0, 0, 0, 1, 1]
        let toEth1: [UInt8] = [2, 0, 0, 0, 1, 2]
        for number in 0..<flows {
            let flow = Flow(number, services: kube.services, clients: clients)
            let syn = Flow.segment(
                to: toEth0, from: flow.client, flow.port, to: flow.service, 80, flags: Flow.syn, sequence: 1000,
                acknowledgement: 0, payload: 0)
            guard let server = send(syn, on: eth0) else { fatalError("flow \(number): the SYN did not come through") }
            let answer = Flow.segment(
                to: toEth1, from: server.address, server.port, to: server.client, server.clientPort,
                flags: Flow.syn | Flow.ack, sequence: 5000, acknowledgement: 1001, payload: 0)
            _ = send(answer, on: eth1)
            let data = Flow.segment(
                to: toEth0, from: flow.client, flow.port, to: flow.service, 80, flags: Flow.ack, sequence: 1001,
                acknowledgement: 5001, payload: payload)
            _ = send(data, on: eth0)
            traffic.append(data, on: eth0)
            if replies {
                let reply = Flow.segment(
                    to: toEth1, from: server.address, server.port, to: server.client, server.clientPort, flags: Flow.ack,
                    sequence: 5001, acknowledgement: 1001, payload: payload)
                _ = send(reply, on: eth1)
                traffic.append(reply, on: eth1)
            }
        }
        traffic.shuffle(seed: seed)
        node.keepsOutputs = false
    }

    private struct Server {
        var client: UInt32
        var clientPort: UInt16
        var address: UInt32
        var port: UInt16
    }

    /// Sends a frame and reads the addresses of what leaves, behind a VXLAN header if there is one.
    private func send(_ frame: [UInt8], on interface: UInt16) -> Server? {
        now = now + 1000
        if keepsOpening { opening.append(frame, on: interface) }
        frame.withUnsafeBytes { node.receive($0, on: interface, at: now) }
        var server: Server?
        node.takeOutputs { frame in
            var ip = 14
            if frame.bytes.count > 84, frame.bytes[23] == 17 { ip = 64 }
            guard frame.bytes.count >= ip + 24, let base = frame.bytes.baseAddress else { return }
            server = Server(
                client: base.loadBE32(at: ip + 12), clientPort: base.loadBE16(at: ip + 20),
                address: base.loadBE32(at: ip + 16), port: base.loadBE16(at: ip + 22))
        }
        return server
    }

    /// Plays all packets once.
    public func round() { now = traffic.play(through: node, from: now) }
}
