import HawseControl
import HawseDataplane
import HawseModel
import HawseWire

/// kube-proxy's userspace mode for packets that are played and not made: what the rules redirect to a proxy's socket is sent
/// on by the node itself, from a port of its own to an endpoint that has its turn, and the answers come back the same way.
///
/// A capture's segments keep their sequence numbers, which a proxy with connections of its own would not; for those see
/// `UserspaceRelay`.
final class PacketRelay {
    private struct Node {
        var balancers: [FlowEnd: UserspaceBalancer] = [:]
        /// From a client's flow to the one that goes on, and from that one's answers back.
        var onward: [FlowTuple: FlowTuple] = [:]
        var back: [FlowTuple: FlowTuple] = [:]
        var nextPort: UInt16 = 32768
    }

    private struct FlowEnd: Hashable {
        var ipProtocol: IPProtocol
        var port: UInt16
    }

    private unowned let cluster: Cluster
    private let sockets: (Int) -> [UserspaceProxy]
    private var nodes: [Int: Node] = [:]

    init(_ cluster: Cluster, sockets: @escaping (Int) -> [UserspaceProxy]) {
        self.cluster = cluster
        self.sockets = sockets
    }

    func attach(_ index: Int, _ dataplane: Dataplane) {
        var node = Node()
        for proxy in sockets(index) {
            node.balancers[FlowEnd(ipProtocol: proxy.name.ipProtocol, port: proxy.port)] = UserspaceBalancer(proxy)
        }
        nodes[index] = node
        dataplane.processes = { [unowned self, unowned dataplane] bytes in take(Array(bytes), index, dataplane) }
    }

    private func take(_ bytes: [UInt8], _ index: Int, _ dataplane: Dataplane) -> Bool {
        guard let packet = CapturedPacket(bytes), packet.transport != nil else { return false }
        let tuple = packet.tuple
        if let target = nodes[index]?.back[tuple] ?? nodes[index]?.onward[tuple] {
            send(packet, target, index)
            return true
        }
        let end = FlowEnd(ipProtocol: tuple.ipProtocol, port: tuple.destinationPort)
        guard let endpoint = nodes[index]?.balancers[end]?.endpoint(for: tuple.source, at: cluster.now),
            let source = dataplane.sourceAddress(to: endpoint.address), let port = freePort(index)
        else { return false }
        let onward = FlowTuple(
            ipProtocol: tuple.ipProtocol, source: source, sourcePort: port, destination: endpoint.address,
            destinationPort: endpoint.port)
        nodes[index]?.onward[tuple] = onward
        nodes[index]?.back[onward.reversed] = tuple.reversed
        send(packet, onward, index)
        return true
    }

    private func freePort(_ index: Int) -> UInt16? {
        guard let port = nodes[index]?.nextPort else { return nil }
        nodes[index]?.nextPort = port >= 60999 ? 32768 : port + 1
        return port
    }

    /// The node's process sends once the packet that has woken it is through.
    private func send(_ packet: CapturedPacket, _ tuple: FlowTuple, _ index: Int) {
        var packet = packet
        packet.readdress(tuple)
        cluster.schedule(at: cluster.now) { [weak cluster] in cluster?.post(packet.bytes, fromNode: index) }
    }
}
