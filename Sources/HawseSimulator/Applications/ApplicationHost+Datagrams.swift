import HawseDataplane
import HawseModel
import HawseWire

extension ApplicationHost {
    func receiveDatagram(_ packet: HostPacket.Received, _ own: FlowTuple, _ now: Instant) {
        let payload = Array(packet.transport.dropFirst(8))
        if let client = datagramClients[own] {
            onClient?(client, .bytes(payload), now)
        } else if relayPorts.contains(own.sourcePort) || relayDatagrams.contains(own) {
            onRelay?(own, .datagram(payload), now)
        } else if let (server, owner) = servers[own.sourcePort]?.first(where: { $0.server.kind.isDatagram }) {
            guard !silent.contains(owner) else { return }
            emitDatagram(own, server.kind == .udpName ? Array(name(of: owner).utf8) : payload)
        } else {
            unwanted += 1
            if answersForKernel { refuseDatagram(packet, own) }
        }
    }

    /// ICMP port unreachable, as the kernel of a pod says it.
    private func refuseDatagram(_ packet: HostPacket.Received, _ own: FlowTuple) {
        let isIPv6 = own.source.family == .ipv6
        let quoted = HostPacket.make(
            .udp, from: own.destination, to: own.source, id: 0, transport: Array(packet.transport.prefix(512)))
        var message: [UInt8] = isIPv6 ? [1, 4, 0, 0, 0, 0, 0, 0] : [3, 3, 0, 0, 0, 0, 0, 0]
        message += quoted
        let tuple = FlowTuple(
            ipProtocol: isIPv6 ? .icmpv6 : .icmp, source: own.source, sourcePort: 0, destination: own.destination,
            destinationPort: 0)
        emit(tuple.ipProtocol, tuple, message)
    }

    func name(of owner: Int) -> String { names[owner] ?? name }

    /// A socket of the userspace proxy towards an endpoint.
    func openRelayDatagrams(from source: IPAddress, to destination: IPAddress, _ port: UInt16) -> FlowTuple {
        let tuple = FlowTuple(
            ipProtocol: .udp, source: source, sourcePort: ephemeralPort(), destination: destination, destinationPort: port)
        relayDatagrams.insert(tuple)
        return tuple
    }
}
