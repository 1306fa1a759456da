import Hawse

/// A node in the middle of its work: established flows in both directions, of either family, with packets of one size or
/// a mix, straight or through the overlay, and connections that open and close among them.
public final class MixedLoad {
    public enum Sizes: Sendable {
        /// 64 bytes with the checksum that a card adds; over IPv6 the least that fits.
        case small
        /// 7 small, 4 of 594 and one of 1,518 bytes.
        case imix
    }

    public let node: Dataplane
    public let traffic = Traffic()
    private var now = Instant(seconds: 1_000)
    private let isIPv6: Bool
    private let isOverlay: Bool
    private let eth0: UInt16
    private let eth1: UInt16

    /// An end of a connection.
    private struct End {
        var address: AddressBits
        var port: UInt16
    }

    /// `opening`: connections that open, speak and close in every round, seven packets each; their Services should have one
    /// endpoint, so that every round is like the first.
    public init(_ kube: KubeNode, flows: Int, sizes: Sizes = .small, opening: Int = 0, seed: UInt64 = 1) throws {
        node = try Dataplane(kube.spec, seed: seed)
        guard let eth0 = node.interfaceIndex("eth0"), let eth1 = node.interfaceIndex("eth1") else { fatalError("no devices") }
        self.eth0 = eth0
        self.eth1 = eth1
        isIPv6 = kube.isIPv6
        isOverlay = node.interfaceIndex("flannel.1") != nil
        var chance = RandomStream(seed: seed, purpose: "sizes")
        for number in 0..<flows {
            let flow = Flow(number, services: kube.services)
            let client = End(address: kube.bits(client: flow.client), port: flow.port)
            let service = End(address: kube.bits(service: flow.service), port: 80)
            let (near, far) = open(client, service)
            for _ in 0..<2 {
                traffic.append(request(client, service, Flow.ack, 1001, 5001, size(sizes, &chance)), on: eth0)
                traffic.append(reply(far, near, Flow.ack, 5001, 1001, size(sizes, &chance)), on: eth1)
            }
            let first = traffic.items.count - 4
            for item in traffic.items[first...] { play(item) }
        }
        traffic.shuffle(seed: seed)
        mix(kube, flows, opening)
        node.keepsOutputs = false
    }

    private func size(_ sizes: Sizes, _ chance: inout RandomStream) -> Int {
        guard sizes == .imix else { return 6 }
        switch chance.below(12) {
        case 0..<7: return 6
        case 7..<11: return 536
        default: return isOverlay ? 1390 : isIPv6 ? 1440 : 1460
        }
    }

    /// Handshake; returns the client's end as the server sees it, and the server's.
    private func open(_ client: End, _ service: End) -> (End, End) {
        guard let (near, far) = send(request(client, service, Flow.syn, 1000, 0, 0), on: eth0) else {
            fatalError("the SYN of port \(client.port) did not come through")
        }
        _ = send(reply(far, near, Flow.syn | Flow.ack, 5000, 1001, 0), on: eth1)
        return (near, far)
    }

    /// Whole connections, their packets in order, spread among the others.
    private func mix(_ kube: KubeNode, _ flows: Int, _ opening: Int) {
        guard opening > 0 else { return }
        let fin: UInt8 = 0x11
        var frames: [([UInt8], UInt16)] = []
        for number in flows..<(flows + opening) {
            let flow = Flow(number, services: kube.services)
            let client = End(address: kube.bits(client: flow.client), port: flow.port)
            let service = End(address: kube.bits(service: flow.service), port: 80)
            let (near, far) = open(client, service)
            frames += [
                (request(client, service, Flow.syn, 1000, 0, 0), eth0),
                (reply(far, near, Flow.syn | Flow.ack, 5000, 1001, 0), eth1),
                (request(client, service, Flow.ack, 1001, 5001, 6), eth0),
                (reply(far, near, Flow.ack, 5001, 1007, 6), eth1),
                (request(client, service, fin, 1007, 5007, 0), eth0),
                (reply(far, near, fin, 5007, 1008, 0), eth1),
                (request(client, service, Flow.ack, 1008, 5008, 0), eth0),
            ]
        }
        for index in frames.count - 7 * opening..<frames.count where index % 7 > 3 { _ = send(frames[index].0, on: frames[index].1) }
        traffic.interleave(frames)
    }

    // MARK: Frames

    private func request(_ from: End, _ to: End, _ flags: UInt8, _ sequence: UInt32, _ acknowledgement: UInt32, _ payload: Int) -> [UInt8] {
        segment([2, 0, 0, 0, 1, 1], from, to, flags, sequence, acknowledgement, payload)
    }

    private func reply(_ from: End, _ to: End, _ flags: UInt8, _ sequence: UInt32, _ acknowledgement: UInt32, _ payload: Int) -> [UInt8] {
        guard isOverlay else { return segment([2, 0, 0, 0, 1, 2], from, to, flags, sequence, acknowledgement, payload) }
        return Self.encapsulated(
            segment([2, 0, 0, 0, 0x0f, 1], from, to, flags, sequence, acknowledgement, payload), port: 32_768 + from.port % 64)
    }

    private func segment(
        _ mac: [UInt8], _ from: End, _ to: End, _ flags: UInt8, _ sequence: UInt32, _ acknowledgement: UInt32, _ payload: Int
    ) -> [UInt8] {
        guard isIPv6 else {
            return Flow.segment(
                to: mac, from: from.address.ipv4, from.port, to: to.address.ipv4, to.port, flags: flags, sequence: sequence,
                acknowledgement: acknowledgement, payload: payload)
        }
        var frame = mac + [0x02, 0, 0, 0, 0xfe, 0xfe, 0x86, 0xdd] + [UInt8](repeating: 0, count: 60)
        frame += [UInt8](repeating: 0x61, count: payload)
        frame.withUnsafeMutableBytes { raw in
            guard let ip = raw.baseAddress.map({ $0 + 14 }) else { return }
            ip.storeBE32(0x6000_0000, at: 0)
            ip.storeBE16(UInt16(20 + payload), at: 4)
            ip.storeBE16(6 << 8 | 64, at: 6)
            ip.storeAddressBits(from.address, at: 8)
            ip.storeAddressBits(to.address, at: 24)
            let tcp = ip + 40
            tcp.storeBE16(from.port, at: 0)
            tcp.storeBE16(to.port, at: 2)
            tcp.storeBE32(sequence, at: 4)
            tcp.storeBE32(acknowledgement, at: 8)
            tcp.storeBE32(0x5000_ffff | UInt32(flags) << 16, at: 12)
            TransportChecksum.store(
                tcp, length: 20 + payload, protocolNumber: .tcp, family: .ipv6, source: from.address, destination: to.address)
        }
        return frame
    }

    /// As the peer's tunnel sends it, without UDP checksum.
    private static func encapsulated(_ inner: [UInt8], port: UInt16) -> [UInt8] {
        var frame: [UInt8] = [2, 0, 0, 0, 1, 2, 2, 0, 0, 0, 0x0b, 2, 0x08, 0x00] + [UInt8](repeating: 0, count: 36) + inner
        frame.withUnsafeMutableBytes { raw in
            guard let ip = raw.baseAddress.map({ $0 + 14 }) else { return }
            ip.storeBE16(0x4500, at: 0)
            ip.storeBE16(UInt16(inner.count + 36), at: 2)
            ip.storeBE16(64 << 8 | 17, at: 8)
            ip.storeBE32(0x0a01_0002, at: 12)
            ip.storeBE32(0x0a01_0001, at: 16)
            IPv4Header(ip).storeChecksum()
            ip.storeBE16(port, at: 20)
            ip.storeBE16(8472, at: 22)
            ip.storeBE16(UInt16(inner.count + 16), at: 24)
            ip.storeBE32(0x0800_0000, at: 28)
            ip.storeBE32(1 << 8, at: 32)
        }
        return frame
    }

    // MARK: Playing

    private func play(_ item: Traffic.Item) {
        now = now + 1000
        traffic.bytes.withUnsafeBytes {
            node.receive(UnsafeRawBufferPointer(rebasing: $0[item.offset..<(item.offset + item.length)]), on: item.interface, at: now)
        }
        node.takeOutputs { _ in }
    }

    /// Sends a frame and reads both ends of what leaves by eth1.
    private func send(_ frame: [UInt8], on interface: UInt16) -> (End, End)? {
        now = now + 1000
        frame.withUnsafeBytes { node.receive($0, on: interface, at: now) }
        var ends: (End, End)?
        let ip = isOverlay ? 64 : 14
        node.takeOutputs { frame in
            guard frame.interface == eth1, frame.bytes.count >= ip + (isIPv6 ? 60 : 40), let base = frame.bytes.baseAddress else { return }
            let header = base + ip
            let ports = header.loadBE32(at: isIPv6 ? 40 : 20)
            let source = isIPv6 ? header.loadAddressBits(at: 8) : AddressBits(ipv4: header.loadBE32(at: 12))
            let destination = isIPv6 ? header.loadAddressBits(at: 24) : AddressBits(ipv4: header.loadBE32(at: 16))
            ends = (End(address: source, port: UInt16(ports >> 16)), End(address: destination, port: UInt16(ports & 0xffff)))
        }
        return ends
    }

    /// Plays all packets once.
    public func round() { now = traffic.play(through: node, from: now) }
}
