import Hawse

/// A node of a cluster between clients on eth0 and endpoints behind eth1, and random traffic for it: handshakes, data and
/// datagrams in both directions, and what goes wrong with them.
struct GeneratedTraffic {
    struct Kind: OptionSet, Hashable, Sendable, CustomStringConvertible {
        var rawValue: Int
        static let ipvs = Kind(rawValue: 1)
        static let overlay = Kind(rawValue: 2)
        static let ipv6 = Kind(rawValue: 4)
        static let unverified = Kind(rawValue: 8)
        /// The tunnel's datagrams have no checksum.
        static let bareTunnel = Kind(rawValue: 16)
        /// Direct routing and no connection tracking by the virtual server.
        static let direct = Kind(rawValue: 32)
        static let masqueradeAll = Kind(rawValue: 64)
        /// Masquerading virtual servers alone, without connection tracking.
        static let director = Kind(rawValue: 128)
        /// Rules that ask conntrack and the virtual server about packets.
        static let watched = Kind(rawValue: 256)
        /// A synchronisation daemon tells of the virtual server's connections.
        static let master = Kind(rawValue: 512)

        var description: String {
            let names: [(Kind, String)] = [
                (.ipvs, "ipvs"), (.overlay, "overlay"), (.ipv6, "ipv6"), (.unverified, "unverified"),
                (.bareTunnel, "bare tunnel"), (.direct, "direct"), (.masqueradeAll, "masquerade all"),
                (.director, "director"), (.watched, "watched"), (.master, "master"),
            ]
            let present = names.filter { contains($0.0) }.map(\.1)
            return present.isEmpty ? "iptables" : present.joined(separator: ", ")
        }
    }

    struct Step {
        var bytes: [UInt8]
        var interface: String
        var time: Instant
    }

    static let clientMAC: [UInt8] = [2, 0, 0, 0, 0xfe, 0xfe]
    static let serverMAC: [UInt8] = [2, 0, 0, 0, 0x0b, 2]
    static let eth0: [UInt8] = [2, 0, 0, 0, 1, 1]
    static let eth1: [UInt8] = [2, 0, 0, 0, 1, 2]
    static let tunnelMAC: [UInt8] = [2, 0, 0, 0, 0x0f, 1]
    static let tunnelPeer: [UInt8] = [2, 0, 0, 0, 0x0f, 2]

    let kind: Kind
    private(set) var steps: [Step] = []
    /// A packet of each direction of flows that the steps have opened.
    private(set) var steady: [Step] = []
    private var chance: RandomStream
    private var now = Instant(seconds: 1_000)
    private var flows: [Flow] = []
    /// Nothing out of the ordinary.
    private var isPlain = false

    /// A connection as its ends see it.
    private struct Flow {
        var client: IPAddress
        var port: UInt16
        var service: IPAddress
        var servicePort: UInt16
        var ipProtocol: UInt8
        /// What the server sees, once a packet has come through.
        var server: (client: IPAddress, clientPort: UInt16, address: IPAddress, port: UInt16)?
        var clientNext: UInt32
        var serverNext: UInt32
        var isOpen = false
    }

    init(_ kind: Kind, steps count: Int, seed: UInt64) throws {
        self.kind = kind
        chance = RandomStream(seed: seed, purpose: "generated-traffic")
        let node = try Dataplane(Self.spec(kind), seed: 5)
        node.usesFlowCache = false
        for number in 0..<24 { flows.append(newFlow(number)) }
        for _ in 0..<count { step(node) }
    }

    /// Flows that are open and in order, and packets that keep them so.
    init(steady kind: Kind, flows count: Int) throws {
        self.kind = kind
        chance = RandomStream(seed: 3, purpose: "generated-traffic")
        isPlain = true
        let node = try Dataplane(Self.spec(kind), seed: 5)
        for number in 0..<count {
            var flow = newFlow(number * 4)
            for (flags, isReply) in [(0x02, false), (0x12, true), (0x10, false), (0x10, true), (0x10, false), (0x10, true)] as [(UInt8, Bool)] {
                now = now + 1_000
                let payload = flags & 0x02 == 0 ? 6 : 0
                let sequence = isReply ? flow.serverNext : flow.clientNext
                let acknowledgement = flags == 0x02 ? 0 : isReply ? flow.clientNext : flow.serverNext
                let segment = segment(flags, sequence, acknowledgement, 0xfff0, [], payload)
                guard let packet = ip(flow, isReply, segment) else { continue }
                let seen = feed(packet, isReply, node)
                if !isReply, let seen { flow.server = seen }
                if flags & 0x02 != 0 { if isReply { flow.serverNext &+= 1 } else { flow.clientNext &+= 1 } }
            }
            steady += steps.suffix(2)
        }
    }

    static func address(_ kind: Kind, _ v4: UInt32, _ tail: UInt64) -> IPAddress {
        kind.contains(.ipv6) ? IPAddress(ipv6High: 0xfd00_0000_0000_0000 | (tail >> 32) << 16, low: tail & 0xffff_ffff) : IPAddress(ipv4: v4)
    }

    private mutating func newFlow(_ number: Int) -> Flow {
        let isUDP = number % 4 == 3
        let service = number % 3
        return Flow(
            client: Self.address(kind, 0xc612_0001 + UInt32(number % 5), 0x0a00_0000_0000 + UInt64(number % 5) + 1),
            port: UInt16(20_000 + chance.below(20_000)), service: Self.service(kind, service),
            servicePort: isUDP ? 53 : 80, ipProtocol: isUDP ? 17 : 6, clientNext: chance.nextUInt32(),
            serverNext: chance.nextUInt32())
    }

    private func pick(_ odds: UInt32, _ stream: inout RandomStream) -> Bool { stream.below(odds) == 0 }

    private mutating func step(_ node: Dataplane) {
        now = now + Int64(chance.below(50_000))
        if pick(60, &chance) { now = now + Int64(chance.below(5)) * 1_000_000_000 }
        if pick(700, &chance) { now = now + 125_000_000_000 }
        let number = Int(chance.below(UInt32(flows.count)))
        if pick(150, &chance) { flows[number] = newFlow(number) }
        var flow = flows[number]
        defer { flows[number] = flow }
        let isReply = flow.server != nil && pick(2, &chance) && !kind.contains(.direct)
        let segment = flow.ipProtocol == 6 ? tcp(&flow, isReply) : udp()
        guard let packet = ip(flow, isReply, segment) else { return }
        let toServer = feed(packet, isReply, node)
        if !isReply, let toServer { flow.server = toServer }
    }

    // MARK: Packets

    private mutating func udp() -> [UInt8] {
        [UInt8](repeating: 0, count: 8) + [UInt8](repeating: 0x62, count: Int(chance.below(40)))
    }

    /// A segment with ports and checksum still to come.
    private mutating func tcp(_ flow: inout Flow, _ isReply: Bool) -> [UInt8] {
        var flags: UInt8 = 0x10
        var payload = pick(3, &chance) ? 0 : Int(chance.below(pick(10, &chance) ? 1460 : 60))
        var sequence = isReply ? flow.serverNext : flow.clientNext
        var acknowledgement = isReply ? flow.clientNext : flow.serverNext
        if !flow.isOpen, !isReply, flow.server == nil || pick(3, &chance) {
            flags = 0x02
            payload = 0
            acknowledgement = 0
            flow.isOpen = flow.server != nil
        } else if !flow.isOpen, isReply {
            flags = 0x12
            payload = 0
            flow.isOpen = true
        } else if pick(90, &chance) {
            flags = pick(2, &chance) ? 0x11 : 0x14
        } else {
            if pick(4, &chance) { flags |= 0x08 }
            if pick(60, &chance) { flags |= 0x20 }
        }
        if pick(12, &chance) { sequence &-= chance.below(3000) }
        if pick(60, &chance) { sequence &+= chance.below(200_000) }
        if pick(40, &chance) { acknowledgement &+= chance.below(100_000) }
        var options: [UInt8] = []
        if flags & 0x02 != 0 { options = [1, 3, 3, UInt8(chance.below(8)), 4, 2, 1, 1] }
        else if pick(3, &chance) { options = [1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2] }
        else if pick(20, &chance) { options = [1, 1, 5, 10] + big(acknowledgement &+ 100) + big(acknowledgement &+ 300) }
        let next = sequence &+ UInt32(payload) &+ (flags & 0x03 != 0 ? 1 : 0)
        if isReply { flow.serverNext = next } else { flow.clientNext = next }
        let window = UInt16(truncatingIfNeeded: pick(30, &chance) ? 0 : 1000 + chance.below(60_000))
        return segment(flags, sequence, acknowledgement, window, options, payload)
    }

    private func segment(
        _ flags: UInt8, _ sequence: UInt32, _ acknowledgement: UInt32, _ window: UInt16, _ options: [UInt8], _ payload: Int
    ) -> [UInt8] {
        [0, 0, 0, 0] + big(sequence) + big(acknowledgement) + [UInt8((20 + options.count) / 4) << 4, flags]
            + [UInt8(window >> 8), UInt8(window & 255), 0, 0, 0, 0] + options + [UInt8](repeating: 0x61, count: payload)
    }

    private func big(_ word: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: word >> (24 - 8 * UInt32($0))) } }

    private mutating func ip(_ flow: Flow, _ isReply: Bool, _ transport: [UInt8]) -> [UInt8]? {
        let source = isReply ? flow.server?.address : flow.client
        let destination = isReply ? flow.server?.client : flow.service
        guard let source, let destination else { return nil }
        let ports = isReply ? (flow.server?.port ?? 0, flow.server?.clientPort ?? 0) : (flow.port, flow.servicePort)
        let service: UInt8 = pick(8, &chance) && !isPlain ? UInt8(chance.below(4)) : 0
        let hops: UInt8 = pick(80, &chance) && !isPlain ? 1 : 64
        let isIPv4 = !kind.contains(.ipv6)
        var packet = [UInt8](repeating: 0, count: isIPv4 ? 20 : 40) + transport
        let hasChecksum = !(flow.ipProtocol == 17 && isIPv4 && pick(4, &chance))
        let isWrong = pick(50, &chance) && !isPlain
        let label: UInt32 = pick(3, &chance) ? 0x12345 : 0
        let fragments: UInt16 = pick(2, &chance) ? 0x4000 : 0
        packet.withUnsafeMutableBytes { raw in
            guard let base = raw.baseAddress else { return }
            let header = base + (isIPv4 ? 20 : 40)
            header.storeBE16(ports.0, at: 0)
            header.storeBE16(ports.1, at: 2)
            if flow.ipProtocol == 17 { header.storeBE16(UInt16(transport.count), at: 4) }
            if isIPv4 {
                base.storeBE16(0x4500 | UInt16(service), at: 0)
                base.storeBE16(UInt16(raw.count), at: 2)
                base.storeBE16(0x1234, at: 4)
                base.storeBE16(fragments, at: 6)
                base.storeBE16(UInt16(hops) << 8 | UInt16(flow.ipProtocol), at: 8)
                base.storeBE32(source.bits.ipv4, at: 12)
                base.storeBE32(destination.bits.ipv4, at: 16)
                IPv4Header(base).storeChecksum()
            } else {
                base.storeBE32(0x6000_0000 | UInt32(service) << 20 | label, at: 0)
                base.storeBE16(UInt16(transport.count), at: 4)
                base.storeBE16(UInt16(flow.ipProtocol) << 8 | UInt16(hops), at: 6)
                base.storeAddressBits(source.bits, at: 8)
                base.storeAddressBits(destination.bits, at: 24)
            }
            guard hasChecksum else { return }
            TransportChecksum.store(
                header, length: transport.count, protocolNumber: IPProtocol(rawValue: flow.ipProtocol),
                family: isIPv4 ? .ipv4 : .ipv6, source: source.bits, destination: destination.bits)
            if isWrong { header.store8(header.load8(at: transport.count - 1) ^ 0x40, at: transport.count - 1) }
        }
        return packet
    }

    // MARK: Feeding

    /// Plays a packet through the reference node; returns what a server saw of it.
    private mutating func feed(
        _ packet: [UInt8], _ isReply: Bool, _ node: Dataplane
    ) -> (client: IPAddress, clientPort: UInt16, address: IPAddress, port: UInt16)? {
        let type: [UInt8] = kind.contains(.ipv6) ? [0x86, 0xdd] : [0x08, 0x00]
        var frame = (isReply ? Self.eth1 + Self.serverMAC : Self.eth0 + Self.clientMAC) + type + packet
        if isReply, kind.contains(.overlay) { frame = encapsulated(Self.tunnelMAC + Self.tunnelPeer + type + packet) }
        if frame.count < 60 { frame += [UInt8](repeating: 0, count: 60 - frame.count) }
        let step = Step(bytes: frame, interface: isReply ? "eth1" : "eth0", time: now)
        steps.append(step)
        guard let index = node.interfaceIndex(step.interface) else { return nil }
        frame.withUnsafeBytes { node.receive($0, on: index, at: now) }
        var seen: (client: IPAddress, clientPort: UInt16, address: IPAddress, port: UInt16)?
        let ip = kind.contains(.overlay) ? 64 : 14
        let isIPv4 = !kind.contains(.ipv6)
        node.takeOutputs { frame in
            guard node.interfaceName(frame.interface) == "eth1", frame.bytes.count >= ip + (isIPv4 ? 28 : 48),
                let base = frame.bytes.baseAddress, base.load8(at: ip) >> 4 == (isIPv4 ? 4 : 6)
            else { return }
            let header = base + ip
            let ports = header.loadBE32(at: isIPv4 ? 20 : 40)
            seen = (
                isIPv4 ? IPAddress(ipv4: header.loadBE32(at: 12)) : IPAddress(family: .ipv6, bits: header.loadAddressBits(at: 8)),
                UInt16(ports >> 16),
                isIPv4 ? IPAddress(ipv4: header.loadBE32(at: 16)) : IPAddress(family: .ipv6, bits: header.loadAddressBits(at: 24)),
                UInt16(ports & 0xffff)
            )
        }
        return seen
    }

    private mutating func encapsulated(_ inner: [UInt8]) -> [UInt8] {
        let length = inner.count + 16
        let service: UInt8 = pick(4, &chance) && !isPlain ? UInt8(chance.below(4)) : 0
        var frame = Self.eth1 + Self.serverMAC + [0x08, 0x00] + [UInt8](repeating: 0, count: 36)
        frame[14 + 28] = 8
        frame[14 + 34] = pick(40, &chance) && !isPlain ? 2 : 1
        frame += inner
        let port = UInt16(40_000 + chance.below(3))
        let hasChecksum = pick(2, &chance)
        let isWrong = pick(40, &chance) && !isPlain
        frame.withUnsafeMutableBytes { raw in
            guard let base = raw.baseAddress else { return }
            let ip = base + 14
            ip.storeBE16(0x4500 | UInt16(service), at: 0)
            ip.storeBE16(UInt16(length + 20), at: 2)
            ip.storeBE16(64 << 8 | 17, at: 8)
            ip.storeBE32(0x0a01_0002, at: 12)
            ip.storeBE32(0x0a01_0001, at: 16)
            IPv4Header(ip).storeChecksum()
            ip.storeBE16(port, at: 20)
            ip.storeBE16(8472, at: 22)
            ip.storeBE16(UInt16(length), at: 24)
            if hasChecksum {
                TransportChecksum.store(
                    ip + 20, length: length, protocolNumber: .udp, family: .ipv4, source: AddressBits(ipv4: 0x0a01_0002),
                    destination: AddressBits(ipv4: 0x0a01_0001))
                if isWrong { ip.store8(ip.load8(at: 26) ^ 1, at: 26) }
            }
        }
        return frame
    }
}
