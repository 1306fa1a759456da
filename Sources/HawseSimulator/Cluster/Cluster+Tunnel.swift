import HawseControl
import HawseDataplane
import HawseModel
import HawseWire

/// flannel's udp and WireGuard backends as models: the right ports and lengths around the inner packet, whose bytes stay
/// readable. Handshakes, keys and keep-alives are left out.
extension Cluster {
    /// The UDP port of a family's tunnel; `nil` when the backend has none.
    func tunnelPort(_ family: AddressFamily) -> UInt16? {
        switch plan.flannel.backend {
        case .udp(let options): family == .ipv4 ? options.port : nil
        case .wireguard(let options): options.port(family)
        default: nil
        }
    }

    /// Devices whose packets go into a tunnel.
    static let tunnelDevices = ["flannel0", "flannel-wg", "flannel-wg-v6"]

    /// A packet leaves by a tunnel's device: it goes to the node that holds its destination's subnet.
    func encapsulate(_ packet: [UInt8], from index: Int) {
        guard let destination = PacketText.destination(packet), let port = tunnelPort(destination.family),
            let peer = holder(of: destination), peer != index,
            let source = plan.nodes[index].address(destination.family),
            let target = plan.nodes[peer].address(destination.family)
        else {
            unknownDestination += 1
            return
        }
        var payload = packet
        if case .wireguard = plan.flannel.backend {
            // Type 4, receiver, counter; the inner packet padded to sixteen bytes; the tag.
            let padded = (packet.count + 15) / 16 * 16
            payload = [4, 0, 0, 0] + UInt32(truncatingIfNeeded: peer + 1).littleEndianBytes
            payload += [UInt8](repeating: 0, count: 8) + packet
            payload += [UInt8](repeating: 0, count: padded - packet.count + 16)
        }
        let outer = HostPacket.make(
            .udp, from: source, to: target, id: 0, transport: HostPacket.datagram(from: port, to: port, payload))
        outer.withUnsafeBytes { nodes[index].dataplane.send($0, at: now) }
        collect(index)
    }

    private func holder(of address: IPAddress) -> Int? {
        if let pod = positions.pod(at: address), let node = positions.node(named: plan.pods[pod].node) {
            return flannel.leases[node] == nil ? nil : node
        }
        return flannel.leases.firstIndex { $0?.subnet(address.family)?.contains(address) == true }
    }

    /// The inner packet of a frame that arrived at the tunnel's port; `nil` for all others.
    func decapsulated(_ frame: [UInt8]) -> [UInt8]? {
        guard frame.count > 14, let packet = HostPacket.read(Array(frame[14...])), packet.tuple.ipProtocol == .udp,
            packet.isIntact, tunnelPort(packet.tuple.source.family) == packet.tuple.destinationPort
        else { return nil }
        var inner = Array(packet.transport.dropFirst(8))
        if case .wireguard = plan.flannel.backend {
            guard inner.count >= 32, inner[0] == 4 else { return nil }
            inner = Array(inner[16..<(inner.count - 16)])
        }
        // The padding goes: the packet says how long it is.
        return CapturedPacket(inner)?.bytes
    }
}

extension UInt32 {
    var littleEndianBytes: [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: self >> (8 * UInt32($0))) } }
}
