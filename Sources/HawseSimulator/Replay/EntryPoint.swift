import HawseCapture
import HawseDataplane
import HawseModel
import HawseWire

/// Where a captured packet enters a node.
public struct EntryPoint {
    public enum Choice: Hashable, Sendable {
        /// By the capture's own interface name, else by the sender's address.
        case automatic
        case interface(String)
    }

    /// An interface and the Ethernet address that takes its frames: its own, or its bridge's.
    private struct Port {
        var index: UInt16
        var name: String
        var mac: MACAddress
        var isBare: Bool
        var mtu: Int
    }

    private var ports: [Port] = []
    private var addresses: Set<IPAddress> = []
    private var networks: [(prefix: IPPrefix, port: Int)] = []
    private var macs: Set<MACAddress> = []
    private var ownMACs: Set<MACAddress> = []
    private let choice: Choice
    private let fixed: Int?
    /// Frames for other machines are addressed to the node, as a capture from elsewhere needs it.
    public var rewritesMAC = true

    /// `nil` when the interface named is none of the node's.
    public init?(_ spec: NodeSpec, _ dataplane: Dataplane, choice: Choice) {
        self.choice = choice
        for interface in spec.interfaces {
            guard let index = dataplane.interfaceIndex(interface.name) else { continue }
            let bridge = interface.bridge.flatMap { name in spec.interfaces.first { $0.name == name } }
            let isBare = interface.kind == .tun
            if [.ether, .veth].contains(interface.kind) || isBare {
                ports.append(Port(index: index, name: interface.name, mac: bridge?.mac ?? interface.mac, isBare: isBare, mtu: interface.mtu))
            }
            macs.insert(interface.mac)
            if interface.mac.value != 0 { ownMACs.insert(interface.mac) }
            addresses.formUnion(interface.addresses.map(\.address))
        }
        for neighbor in spec.neighbors { if let mac = neighbor.mac { macs.insert(mac) } }
        for interface in spec.interfaces {
            guard let port = Self.port(for: interface, spec, ports.map(\.name)) else { continue }
            for prefix in interface.addresses { networks.append((prefix.network, port)) }
            for route in spec.routes where route.nextHops.first?.device == interface.name && route.kind == .unicast {
                networks.append((route.destination, port))
            }
        }
        networks.sort { $0.prefix.length > $1.prefix.length }
        if case .interface(let name) = choice {
            guard let index = ports.firstIndex(where: { $0.name == name }) else { return nil }
            fixed = index
        } else {
            fixed = nil
        }
    }

    /// A bridge's network is entered by its first port; a tunnel's by the underlay.
    private static func port(for interface: InterfaceSpec, _ spec: NodeSpec, _ names: [String]) -> Int? {
        switch interface.kind {
        case .bridge: return spec.interfaces.first { $0.bridge == interface.name }.flatMap { names.firstIndex(of: $0.name) }
        case .vxlan(let options): return options.device.flatMap { names.firstIndex(of: $0) }
        default: return names.firstIndex(of: interface.name)
        }
    }

    public var interfaceNames: [String] { ports.map(\.name) }

    public enum Entry {
        /// A frame on an interface; several, where a device had put segments together.
        case frames(UInt16, [[UInt8]])
        /// A packet of the node's own process, or several.
        case local([[UInt8]])
        /// The node itself had sent this on, as its Ethernet source says.
        case own
        case unsupported(LinkPayload.Refusal)
    }

    /// How a record enters. `captureInterface` is the name that a pcapng gives it.
    public func enter(_ record: CaptureRecord, captureInterface: String) -> Entry {
        let payload = record.payload
        guard payload.kind != .unsupported else { return .unsupported(payload.refusal) }
        let packet = CapturedPacket(record)
        let found = port(captureInterface, packet)
        if let packet, isLocal(packet.tuple.source) { return .local(packet.segments(limit: found.map { ports[$0].mtu } ?? 1500)) }
        guard let found else { return .unsupported(.linkType) }
        let port = ports[found]
        if port.isBare {
            return packet.map { .frames(port.index, $0.segments(limit: port.mtu)) } ?? .unsupported(.notIP)
        }
        guard payload.kind == .ethernet, record.bytes.count >= payload.offset + 14 else {
            guard let packet else { return .unsupported(.notIP) }
            return .frames(
                port.index,
                packet.segments(limit: port.mtu).map { PacketText.frame($0, from: PlanMAC.gateway, to: port.mac) })
        }
        var frame = Array(record.bytes[payload.offset...])
        if isOwn(Self.address(frame[6..<12])) { return .own }
        if !accepts(Self.address(frame[0..<6])) {
            frame.replaceSubrange(0..<6, with: (0..<6).map { UInt8(truncatingIfNeeded: port.mac.value >> (40 - 8 * UInt64($0))) })
        }
        guard let packet else { return .frames(port.index, [frame]) }
        let at = packet.start - payload.offset
        let segments = packet.segments(limit: port.mtu)
        if segments.count > 1 { return .frames(port.index, segments.map { frame[..<at] + $0 }) }
        frame.replaceSubrange(at..<(at + packet.bytes.count), with: packet.bytes)
        return .frames(port.index, [frame])
    }

    private static func address(_ bytes: ArraySlice<UInt8>) -> MACAddress { MACAddress(bytes.reduce(0) { $0 << 8 | UInt64($1) }) }

    private func port(_ captureInterface: String, _ packet: CapturedPacket?) -> Int? {
        port(captured: captureInterface) ?? port(from: packet?.tuple.source)
    }

    // What the questions above come down to, for those who keep the answers: ports by number.

    /// By the choice made, or by the name that a capture gives the interface: `node-a/eth0` of a capture that hawse wrote, or
    /// plain `eth0`.
    func port(captured name: String) -> Int? {
        if let fixed { return fixed }
        let name = name.split(separator: "/").last.map(String.init) ?? ""
        return ports.firstIndex { $0.name == name }
    }

    /// By the sender's network, else the first.
    func port(from source: IPAddress?) -> Int? {
        if let source, let match = networks.first(where: { $0.prefix.contains(source) }) { return match.port }
        return ports.isEmpty ? nil : 0
    }

    func isLocal(_ source: IPAddress) -> Bool { choice == .automatic && addresses.contains(source) }
    /// Whether frames to this address are left as they are.
    func accepts(_ destination: MACAddress) -> Bool { !rewritesMAC || destination.isGroup || macs.contains(destination) }
    /// Whether a frame's Ethernet source says that the node itself had sent it.
    func isOwn(_ source: MACAddress) -> Bool { ownMACs.contains(source) }
    /// By port: the interface's index, its Ethernet address, whether its packets have no Ethernet header, and the longest frame.
    var portTable: [(index: UInt16, mac: MACAddress, isBare: Bool, longest: Int)] {
        ports.map { ($0.index, $0.mac, $0.isBare, $0.mtu + 18) }
    }
}
