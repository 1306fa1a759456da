import HawseDataplane
import HawseModel
import HawseWire

/// The lives of a host's processes.
extension ApplicationHost {
    private func stopListening(_ owner: Int) {
        for port in servers.keys { servers[port]?.removeAll { $0.owner == owner } }
    }

    /// SIGTERM: nothing new is accepted; what has been asked is still answered.
    func terminate(_ owner: Int, at now: Instant) {
        stopListening(owner)
        draining.insert(owner)
        for tuple in connections.keys.sorted(by: { $0.order < $1.order }) {
            guard let connection = connections[tuple], connection.owner == owner, connection.server != nil,
                connection.held.isEmpty, connection.tcp.isDrained
            else { continue }
            close(tuple, at: now)
        }
    }

    /// The process is gone: the kernel closes its sockets, with a reset where something was not read.
    func kill(_ owner: Int, at now: Instant) {
        stopListening(owner)
        silent.remove(owner)
        draining.remove(owner)
        for tuple in connections.keys.sorted(by: { $0.order < $1.order }) {
            guard let connection = connections[tuple], connection.owner == owner, connection.server != nil else { continue }
            connections[tuple]?.held = []
            connections[tuple]?.isOrphan = true
            if connection.tcp.received.isEmpty { close(tuple, at: now) } else { abort(tuple, at: now) }
        }
    }

    /// A process hangs, or goes on and takes what has piled up.
    func setSilent(_ isSilent: Bool, _ owner: Int, at now: Instant) {
        if isSilent {
            silent.insert(owner)
            return
        }
        guard silent.remove(owner) != nil else { return }
        for tuple in connections.keys.sorted(by: { $0.order < $1.order }) where connections[tuple]?.owner == owner {
            deliver(tuple, now)
            settle(tuple, now)
        }
    }

    /// Whether a packet is for somebody here: a conversation that is known, or a port that is listened on.
    func expects(_ bytes: [UInt8]) -> Bool {
        guard let packet = HostPacket.read(bytes) else { return false }
        let own = packet.tuple.reversed
        switch packet.tuple.ipProtocol {
        case .tcp:
            return connections[own] != nil || relayPorts.contains(own.sourcePort)
                || servers[own.sourcePort]?.contains { !$0.server.kind.isDatagram } == true
        case .udp:
            return datagramClients[own] != nil || relayDatagrams.contains(own) || relayPorts.contains(own.sourcePort)
                || servers[own.sourcePort]?.contains { $0.server.kind.isDatagram } == true
        case .icmp, .icmpv6: return true
        default: return false
        }
    }
}
