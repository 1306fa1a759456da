import HawseControl
import HawseModel
@testable import HawseSimulator
import HawseWire

/// Clients' first packets to Services, what the walk over the rules says of them, and what the kernel did.
final class FirstPackets {
    /// What has left the node after a packet.
    struct Seen: CustomStringConvertible {
        /// Where it went on to, and whether from another source.
        var forwarded: (to: String, masqueraded: Bool)?
        var isRefused = false
        var isReset = false

        var description: String {
            forwarded.map { "sends to \($0.to)\($0.masqueraded ? " masqueraded" : "")" }
                ?? (isRefused ? "refuses" : isReset ? "answers itself" : "says nothing")
        }
    }

    private let scene: LiveProxyTests.Scene
    private let draw: Draw
    private let rules: FlowRuleWalk?
    private let table: FlowTableWalk?
    private var number: UInt32 = 0x5a00_0000
    private var port: UInt16 = 20000
    private let localAddresses: Set<IPAddress>

    init(_ scene: LiveProxyTests.Scene, _ mode: ProxyMode) {
        (self.scene, draw) = (scene, scene.draw)
        let node = scene.place.drawn.node
        let local = Set(node.localAddresses)
        localAddresses = local
        let settings = ProxySettings(scene.proxies[mode]?.configuration ?? .init(), mode: mode, family: scene.family, node: node)
        let state = scene.proxies[.nftables]?.state()
        rules = mode == .iptables ? FlowRuleWalk(rules: scene.rules(), localAddresses: local, mark: settings.mark) : nil
        table = mode == .iptables
            ? nil
            : state?.nftTables.first { $0.family == scene.family }
                .map { FlowTableWalk(table: $0, localAddresses: local, mark: settings.mark) }
    }

    func next() -> (FlowPacket, Injection) {
        number += 1
        port += 1
        let front = draw.pick(scene.place.fronts)
        let isLocal = front.address == scene.place.loopback || draw.oneIn(5)
        let host = draw.pick(scene.place.hosts)
        let source = isLocal ? (front.address == scene.place.loopback ? front.address : draw.pick(scene.place.own4and6)) : host.address
        let addresses = (IPAddress(source) ?? .unspecified(scene.family), IPAddress(front.address) ?? .unspecified(scene.family))
        let packet = RawPacket(
            source: addresses.0, destination: addresses.1, ipProtocol: front.ipProtocol,
            transport: ServiceTraffic.opening(front.ipProtocol, port, front.port, number: number))
        let flow = FlowPacket(
            source: addresses.0, destination: addresses.1, ipProtocol: IPProtocol(rawValue: front.ipProtocol), port: front.port,
            interface: isLocal ? nil : host.device)
        if isLocal { return (flow, Injection(device: nil, bytes: packet.bytes)) }
        let mac = scene.place.node.routerMAC[host.device] ?? ""
        return (flow, Injection(device: host.device, bytes: RawPacket.frame(packet.bytes, from: host.mac, to: mac)))
    }

    func walk(_ packet: FlowPacket) throws -> FlowOutcome {
        try rules?.outcome(packet) ?? table?.outcome(packet) ?? FlowOutcome(verdict: .untouched)
    }

    func read(_ frames: [String: [[UInt8]]], _ packet: FlowPacket) -> Seen {
        var seen = Seen()
        let mark = TransportBytes.long(number)
        for frame in frames.values.joined() {
            guard !LiveCase.isLeftOut(frame), let received = Received(frame) else { continue }
            let body = Array(received.frame[received.transport..<received.end])
            if received.ipProtocol == 1 || received.ipProtocol == 58 {
                // Port unreachable; a protocol that the node does not speak is another answer.
                if Array(body.prefix(2)) == (received.isIPv6 ? [1, 4] : [3, 3]) { seen.isRefused = true } else { seen.isReset = true }
            } else if received.ipProtocol == packet.ipProtocol.rawValue, contains(body, mark, packet) {
                let to = received.destination.description(port: received.word(received.transport + 2))
                seen.forwarded = (to, received.source != packet.source)
            } else if received.destination == packet.source {
                seen.isReset = true
            }
        }
        return seen
    }

    /// Where the number of a first packet stands in it.
    private func contains(_ body: [UInt8], _ mark: [UInt8], _ packet: FlowPacket) -> Bool {
        let at = packet.ipProtocol == .tcp ? 4 : packet.ipProtocol == .udp ? 8 : 16
        return body.count >= at + 4 && Array(body[at..<at + 4]) == mark
    }

    private func isOwn(_ address: IPAddress) -> Bool { address.isLoopback || localAddresses.contains(address) }

    func agrees(_ seen: Seen, _ walk: FlowOutcome, _ packet: FlowPacket) -> Bool {
        let isFromNode = isOwn(packet.source)
        switch walk.verdict {
        case .dnat:
            let here = walk.to.filter { text in localAddresses.contains { text == $0.description(port: 8080) || text == $0.description(port: 8081) } }
            guard let forwarded = seen.forwarded else { return !here.isEmpty && (seen.isReset || seen.isRefused || isFromNode) }
            // The walk says that some way is masqueraded: a pod's way to itself is one. The node's own address stays where it is the one.
            let isEndpoint = walk.to.contains { $0.hasPrefix(packet.source.description(port: 0).dropLast(1)) }
            return walk.to.contains(forwarded.to) && (forwarded.masqueraded == walk.masquerade || isEndpoint || isFromNode)
        case .reject: return seen.forwarded == nil && (seen.isRefused || isFromNode)
        case .drop: return seen.forwarded == nil && !seen.isRefused && !seen.isReset
        case .untouched, .accept:
            // Nobody listens at the node; the world is beyond the gateway.
            if isOwn(packet.destination) { return seen.forwarded == nil && (isFromNode || seen.isReset || seen.isRefused) }
            return seen.forwarded?.to == packet.destination.description(port: packet.port) || packet.destination == packet.source
        }
    }
}
