import HawseControl
import HawseModel
@testable import HawseSimulator
import HawseWire
import Testing

/// Clients' first packets to Services, what the walk over the rules says of them, and what the kernel did: which way the packet
/// went on, on the wires and on `lo`, and what its sender was told.
final class FirstPackets {
    struct Seen: CustomStringConvertible {
        /// The packet itself, translated or not.
        struct Passing {
            var device: String
            var destination: IPAddress
            var port: UInt16
            var source: IPAddress
        }

        enum Answer: String {
            /// The ICMP message of REJECT, and of a UDP port where nobody listens.
            case unreachable = "port unreachable"
            /// A TCP RST or an SCTP ABORT, in the name of whom the packet was sent to.
            case reset
            case other = "another answer"
        }

        var passings: [Passing] = []
        var answers: [Answer] = []

        var description: String {
            let words = passings.map { "sends to \($0.destination.description(port: $0.port)) from \($0.source) by \($0.device)" }
            let all = words + answers.map { "says \($0.rawValue)" }
            return all.isEmpty ? "says nothing" : all.joined(separator: ", ")
        }
    }

    private let scene: LiveProxyTests.Scene
    private let draw: Draw
    private let rules: FlowRuleWalk?
    private let table: FlowTableWalk?
    private var number: UInt32 = 0x5a00_0000
    private var port: UInt16 = 20000
    private let localAddresses: Set<IPAddress>
    /// What masquerading by a device takes.
    private let deviceAddresses: [String: IPAddress]
    let mark: UInt32

    init(_ scene: LiveProxyTests.Scene, _ mode: ProxyMode) throws {
        (self.scene, draw) = (scene, scene.draw)
        let node = scene.place.drawn.node
        let local = Set(node.localAddresses)
        localAddresses = local
        let proxy = try #require(scene.proxies[mode])
        mark = ProxySettings(proxy.configuration, mode: mode, family: scene.family, node: node).mark
        if mode == .iptables {
            (rules, table) = (FlowRuleWalk(rules: try scene.rules(), localAddresses: local, mark: mark), nil)
        } else {
            let own = try #require(proxy.state().nftTables.first { $0.family == scene.family })
            (rules, table) = (nil, FlowTableWalk(table: own, localAddresses: local, mark: mark))
        }
        deviceAddresses = Dictionary(
            scene.place.setup.interfaces.compactMap { device in
                device.addresses.first.flatMap { IPAddress($0.prefix { $0 != "/" }) }.map { (device.name, $0) }
            }, uniquingKeysWith: { first, _ in first })
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

    func ways(_ packet: FlowPacket) throws -> [FlowState] {
        if let rules { return try rules.ways(packet) }
        return try #require(table).ways(packet)
    }

    // MARK: what the kernel did

    func read(_ frames: [String: [[UInt8]]], _ packet: FlowPacket) -> Seen {
        var seen = Seen()
        let all = frames.sorted { $0.key < $1.key }.flatMap { device, frames in frames.map { (device: device, frame: $0) } }
        for (device, frame) in all {
            guard !LiveCase.isLeftOut(frame), let received = Received(frame) else { continue }
            let body = Array(received.frame[received.transport..<received.end])
            if received.ipProtocol == 1 || received.ipProtocol == 58 {
                if received.destination == packet.source, let answer = error(body, received.isIPv6) { seen.answers.append(answer) }
            } else if received.ipProtocol == packet.ipProtocol.rawValue {
                let ports = (received.word(received.transport), received.word(received.transport + 2))
                if contains(body, packet) {
                    seen.passings.append(
                        Seen.Passing(device: device, destination: received.destination, port: ports.1, source: received.source))
                } else if received.destination == packet.source, ports.1 == port {
                    let isReset = body.count > 13 && (packet.ipProtocol == .tcp ? body[13] & 4 != 0 : body[12] == 6)
                    let isOfAsked = received.source == packet.destination && ports.0 == packet.port
                    seen.answers.append(isReset && isOfAsked ? .reset : .other)
                }
            }
        }
        return seen
    }

    /// An ICMP error that quotes the packet; redirects and neighbour discovery are none.
    private func error(_ body: [UInt8], _ isIPv6: Bool) -> Seen.Answer? {
        let quoted = 8 + (isIPv6 ? 40 : 20)
        guard body.count >= quoted + 2, isIPv6 ? body[0] < 128 : [3, 11, 12].contains(body[0]),
            UInt16(body[quoted]) << 8 | UInt16(body[quoted + 1]) == port
        else { return nil }
        return Array(body.prefix(2)) == (isIPv6 ? [1, 4] : [3, 3]) ? .unreachable : .other
    }

    /// Whether the number of the packet stands in it.
    private func contains(_ body: [UInt8], _ packet: FlowPacket) -> Bool {
        let at = packet.ipProtocol == .tcp ? 4 : packet.ipProtocol == .udp ? 8 : 16
        return body.count >= at + 4 && Array(body[at..<at + 4]) == TransportBytes.long(number)
    }

    // MARK: whether that is one of the ways

    private func isOwn(_ address: IPAddress) -> Bool { address.isLoopback || localAddresses.contains(address) }

    /// Whether one of the ways that make up the walk's verdict is the one that was seen.
    func agrees(_ seen: Seen, _ ways: [FlowState], _ packet: FlowPacket) -> Bool {
        func verdict(_ ways: [FlowState]) -> FlowOutcome.Verdict { FlowState.outcome(of: ways, markBit: mark).verdict }
        return ways.contains { verdict([$0]) == verdict(ways) && isWay($0, seen, packet) }
    }

    private func isWay(_ way: FlowState, _ seen: Seen, _ packet: FlowPacket) -> Bool {
        // What the node sends to itself is refused or dropped before or behind `lo`.
        let hasLeft = seen.passings.contains { $0.device != "lo" }
        switch way.end {
        case .rejected: return !hasLeft && seen.answers == [.unreachable]
        case .dropped: return !hasLeft && seen.answers.isEmpty
        case .none, .accepted: break
        }
        guard isOwn(way.packet.destination) else { return hasLeft && passes(way, seen, packet) && seen.answers.isEmpty }
        // Nobody listens at the node.
        let isHeard = isOwn(packet.source) ? !hasLeft && passes(way, seen, packet) : seen.passings.isEmpty
        return isHeard && isClosed(seen, packet)
    }

    private func passes(_ way: FlowState, _ seen: Seen, _ packet: FlowPacket) -> Bool {
        guard seen.passings.count == 1, let passing = seen.passings.first else { return false }
        let isSource: Bool
        if !way.isMasqueraded {
            isSource = passing.source == packet.source
        } else if let address = deviceAddresses[passing.device] {
            isSource = passing.source == address
        } else {
            isSource = isOwn(passing.source)
        }
        return isSource && passing.destination == way.packet.destination && passing.port == way.packet.port
    }

    private func isClosed(_ seen: Seen, _ packet: FlowPacket) -> Bool {
        switch packet.ipProtocol {
        case .tcp: seen.answers == [.reset]
        case .udp: seen.answers == [.unreachable]
        // Nobody there speaks the protocol, unless the kernel has SCTP.
        default: seen.answers == [.other] || seen.answers == [.reset]
        }
    }
}
