import HawseModel
import HawseWire

/// Makes traffic one frame at a time, in a buffer of its own: memory is sixteen bytes a flow, whatever the length.
///
/// TCP flows open with a handshake, talk in turn and close with FINs; UDP flows and echo requests are answered one for
/// one. The same spec gives the same bytes.
public struct TrafficGenerator: ~Copyable {
    private struct Flow {
        /// How many flows this one has followed.
        var generation: UInt32 = 0
        var clientSequence: UInt32 = 0
        var serverSequence: UInt32 = 0
        /// 0 SYN, 1 SYN-ACK, 2 ACK, 3 client's turn, 4 server's turn, 5 FIN, 6 FIN-ACK, 7 last ACK.
        var stage: UInt8 = 0
    }

    private enum Kind { case tcp, udp, icmp }

    private let spec: TrafficSpec
    private var chance: RandomStream
    private var zipf: ZipfSampler?
    private var flows: [Flow]
    private let buffer: UnsafeMutableRawPointer
    private let capacity = 9018
    private var made = 0
    private var ended = 0.0
    private var packetID: UInt16 = 0
    private let nanosecondsPerPacket: Double

    public init(_ spec: TrafficSpec) {
        self.spec = spec
        chance = RandomStream(seed: spec.seed, purpose: "traffic")
        if case .zipf(let exponent) = spec.popularity { zipf = ZipfSampler(count: spec.flows, exponent: exponent) }
        flows = Array(repeating: Flow(), count: spec.flows)
        nanosecondsPerPacket = 1e9 / spec.rate
        buffer = .allocate(byteCount: capacity, alignment: 16)
        buffer.initializeMemory(as: UInt8.self, repeating: 0, count: capacity)
        for (offset, mac) in [(0, spec.destinationMAC), (6, spec.sourceMAC)] {
            buffer.storeMAC(mac, at: offset)
        }
    }

    deinit { buffer.deallocate() }

    /// The next frame and its stamp; `nil` when all have been made. The bytes are valid until the next call.
    public mutating func next() -> (frame: UnsafeRawBufferPointer, time: Instant)? {
        guard made < spec.packets else { return nil }
        let time = spec.start + Int64(Double(made) * nanosecondsPerPacket)
        made += 1
        let number = zipf?.draw(&chance) ?? Int(chance.below(UInt32(spec.flows)))
        let length = makeFrame(number)
        return (UnsafeRawBufferPointer(start: buffer, count: length), time)
    }

    /// Whether it is time for a flow to end, by the rate of new ones.
    private mutating func endsFlow() -> Bool {
        guard spec.newFlows > 0 else { return false }
        let due = spec.newFlows * Double(made) * nanosecondsPerPacket / 1e9
        guard ended + 1 <= due else { return false }
        ended += 1
        return true
    }

    private func kind(_ number: Int) -> Kind {
        // A fixed share of the flow numbers, spread by a multiplicative hash.
        let point = Int(UInt64(truncatingIfNeeded: number) &* 0x9e37_79b9_7f4a_7c15 >> 40) % 100
        if point < spec.protocols.tcp { return .tcp }
        return point < spec.protocols.tcp + spec.protocols.udp ? .udp : .icmp
    }

    private func ends(_ number: Int, _ generation: UInt32) -> (client: IPAddress, port: UInt16, server: TrafficSpec.Destination) {
        let spread = Int(UInt64(truncatingIfNeeded: number) &* 0xd1b5_4a32_d192_ed03 >> 33)
        let server = spec.destinations[spread % spec.destinations.count]
        let prefix = spec.clients.first { $0.family == server.address.family } ?? spec.clients[0]
        let id = UInt64(number) &+ UInt64(generation) &* UInt64(spec.flows)
        let hostBits = min(prefix.family.bitCount - prefix.length, 32)
        // Without the network's own address and the broadcast address where there is room.
        let hosts = hostBits >= 2 ? (UInt64(1) << UInt64(hostBits)) - 2 : 1
        let host = hostBits >= 2 ? id % hosts + 1 : 0
        let bits = prefix.network.address.bits.adding(host)
        let port = UInt16(truncatingIfNeeded: 1024 + (id / hosts) % 64_000)
        return (IPAddress(family: prefix.family, bits: bits), port, server)
    }

    private mutating func frameLength() -> Int {
        let size: Int
        switch spec.size {
        case .fixed(let bytes): size = bytes
        case .imix:
            let draw = chance.below(12)
            size = draw < 7 ? 64 : draw < 11 ? 594 : 1518
        case .range(let range): size = range.lowerBound + Int(chance.below(UInt32(range.count)))
        }
        return size - 4
    }

    private mutating func makeFrame(_ number: Int) -> Int {
        var flow = flows[number]
        let (client, port, server) = ends(number, flow.generation)
        let kind = kind(number)
        let isIPv6 = client.family == .ipv6
        let network = isIPv6 ? 40 : 20
        let transport = kind == .tcp ? 20 : 8
        let isControl = kind == .tcp && ![3, 4].contains(flow.stage)
        let wanted = isControl ? 60 : frameLength()
        let payload = isControl ? 0 : max(0, wanted - 14 - network - transport)
        if kind == .tcp, flow.stage == 0 {
            flow.clientSequence = chance.nextUInt32()
            flow.serverSequence = chance.nextUInt32()
        }
        let fromServer = spec.isBothWays && (kind == .tcp ? [1, 4, 6].contains(flow.stage) : flow.stage == 1)
        let at = 14 + network
        switch kind {
        case .tcp: storeTCP(&flow, at, port, server.port, payload, fromServer)
        case .udp:
            buffer.storeBE16(fromServer ? server.port : port, at: at)
            buffer.storeBE16(fromServer ? port : server.port, at: at + 2)
            buffer.storeBE16(UInt16(truncatingIfNeeded: 8 + payload), at: at + 4)
            buffer.storeBE16(0, at: at + 6)
        case .icmp:
            let type: UInt8 = isIPv6 ? (fromServer ? 129 : 128) : (fromServer ? 0 : 8)
            buffer.storeBE16(UInt16(type) << 8, at: at)
            buffer.storeBE16(0, at: at + 2)
            buffer.storeBE16(port, at: at + 4)
            buffer.storeBE16(UInt16(truncatingIfNeeded: flow.clientSequence), at: at + 6)
        }
        storeIP(
            kind, from: fromServer ? server.address : client, to: fromServer ? client : server.address,
            length: transport + payload)
        flows[number] = advance(flow, kind, payload, fromServer)
        let length = at + transport + payload
        if length < 60 {
            // Ethernet pads; what the last frame left there goes.
            (buffer + length).initializeMemory(as: UInt8.self, repeating: 0, count: 60 - length)
            return 60
        }
        return length
    }

    private mutating func storeTCP(
        _ flow: inout Flow, _ at: Int, _ port: UInt16, _ serverPort: UInt16, _ payload: Int, _ fromServer: Bool
    ) {
        let flags: UInt8 =
            switch flow.stage {
            case 0: 0x02
            case 1: 0x12
            case 2, 7: 0x10
            case 5, 6: 0x11
            default: 0x18
            }
        buffer.storeBE16(fromServer ? serverPort : port, at: at)
        buffer.storeBE16(fromServer ? port : serverPort, at: at + 2)
        buffer.storeBE32(fromServer ? flow.serverSequence : flow.clientSequence, at: at + 4)
        let acknowledged = fromServer ? flow.clientSequence : flow.serverSequence
        buffer.storeBE32(flow.stage == 0 ? 0 : acknowledged, at: at + 8)
        buffer.storeBE16(0x5000 | UInt16(flags), at: at + 12)
        buffer.storeBE16(64240, at: at + 14)
        buffer.storeBE32(0, at: at + 16)
        let takes = UInt32(truncatingIfNeeded: payload) &+ (flags & 3 != 0 ? 1 : 0)
        if fromServer { flow.serverSequence &+= takes } else { flow.clientSequence &+= takes }
    }

    /// The flow's next step.
    private mutating func advance(_ before: Flow, _ kind: Kind, _ payload: Int, _ fromServer: Bool) -> Flow {
        var flow = before
        if kind != .tcp {
            flow.stage = spec.isBothWays ? 1 - flow.stage : 0
            if flow.stage == 0 {
                flow.clientSequence &+= 1
                if endsFlow() { flow.generation &+= 1 }
            }
            return flow
        }
        switch (flow.stage, spec.isBothWays) {
        case (0, true): flow.stage = 1
        case (0, false): flow.stage = 2
        case (1, _): flow.stage = 2
        case (2, _): flow.stage = 3
        case (3, true): flow.stage = 4
        case (3, false), (4, _): flow.stage = endsFlow() ? 5 : 3
        case (5, true): flow.stage = 6
        case (6, _): flow.stage = 7
        default:
            flow.stage = 0
            flow.generation &+= 1
        }
        return flow
    }

    /// The IP header, and the transport checksum over what stands behind it; payloads are zero and add nothing.
    private mutating func storeIP(_ kind: Kind, from source: IPAddress, to destination: IPAddress, length: Int) {
        let number: IPProtocol =
            switch kind {
            case .tcp: .tcp
            case .udp: .udp
            case .icmp: source.family == .ipv4 ? .icmp : .icmpv6
            }
        let header = kind == .tcp ? 20 : 8
        let network = source.family == .ipv4 ? 20 : 40
        if source.family == .ipv4 {
            packetID &+= 1
            buffer.storeBE16(0x0800, at: 12)
            buffer.storeBE16(0x4500, at: 14)
            buffer.storeBE16(UInt16(truncatingIfNeeded: 20 + length), at: 16)
            buffer.storeBE16(packetID, at: 18)
            buffer.storeBE16(0x4000, at: 20)
            buffer.storeBE16(0x4000 | UInt16(number.rawValue), at: 22)
            buffer.storeBE16(0, at: 24)
            buffer.storeBE32(source.bits.ipv4, at: 26)
            buffer.storeBE32(destination.bits.ipv4, at: 30)
            buffer.storeBE16(InternetChecksum.checksum(buffer + 14, count: 20), at: 24)
        } else {
            buffer.storeBE16(0x86dd, at: 12)
            buffer.storeBE32(0x6000_0000, at: 14)
            buffer.storeBE16(UInt16(truncatingIfNeeded: length), at: 18)
            buffer.storeBE16(UInt16(number.rawValue) << 8 | 64, at: 20)
            for (offset, bits) in [(22, source.bits), (38, destination.bits)] {
                buffer.storeBE64(bits.high, at: offset)
                buffer.storeBE64(bits.low, at: offset + 8)
            }
        }
        let at = 14 + network
        // Behind the header stands what earlier, shorter frames left as headers: clear it.
        (buffer + at + header).initializeMemory(as: UInt8.self, repeating: 0, count: min(length - header, 64))
        var sum = UInt64(InternetChecksum.sum(buffer + at, count: header))
        if number != .icmp {
            let (a, b) = (source.bits, destination.bits)
            for word in [a.high >> 32, a.high & 0xffff_ffff, a.low >> 32, a.low & 0xffff_ffff] { sum &+= word }
            for word in [b.high >> 32, b.high & 0xffff_ffff, b.low >> 32, b.low & 0xffff_ffff] { sum &+= word }
            sum &+= UInt64(length) &+ UInt64(number.rawValue)
        }
        var checksum = ~InternetChecksum.fold(sum)
        if kind == .udp, checksum == 0 { checksum = 0xffff }
        buffer.storeBE16(checksum, at: at + (kind == .tcp ? 16 : kind == .udp ? 6 : 2))
    }
}
