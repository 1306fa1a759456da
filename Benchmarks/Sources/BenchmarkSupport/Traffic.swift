import Hawse

/// Ready-made frames in one block of memory: so that a loop measures the node and not the making of packets.
public final class Traffic {
    public struct Item {
        public var offset: Int
        public var length: Int
        public var interface: UInt16
    }

    public private(set) var bytes: [UInt8] = []
    public private(set) var items: [Item] = []

    public init() {}

    public func append(_ frame: [UInt8], on interface: UInt16) {
        items.append(Item(offset: bytes.count, length: frame.count, interface: interface))
        bytes += frame
    }

    public var count: Int { items.count }

    /// Puts everything through once; a packet every 100 ns of the node's time.
    public func play(through node: Dataplane, from start: Instant) -> Instant {
        var now = start
        bytes.withUnsafeBytes { raw in
            withUnsafeTemporaryAllocation(of: InputFrame.self, capacity: 256) { batch in
                var filled = 0
                for item in items {
                    now = now + 100
                    batch.initializeElement(
                        at: filled,
                        to: InputFrame(
                            bytes: UnsafeRawBufferPointer(rebasing: raw[item.offset..<(item.offset + item.length)]),
                            interface: item.interface, time: now))
                    filled += 1
                    if filled == 256 {
                        node.receive(UnsafeBufferPointer(batch))
                        filled = 0
                    }
                }
                node.receive(UnsafeBufferPointer(rebasing: batch[0..<filled]))
            }
        }
        return now
    }

    /// Puts frames among the others at even distances, in their own order.
    public func interleave(_ frames: [([UInt8], UInt16)]) {
        let old = items
        let start = items.count
        for (frame, interface) in frames { append(frame, on: interface) }
        let new = items[start...]
        var mixed: [Item] = []
        var next = new.startIndex
        for (index, item) in old.enumerated() {
            mixed.append(item)
            while (next - start) * old.count < index * new.count, next < new.endIndex {
                mixed.append(items[next])
                next += 1
            }
        }
        items = mixed + items[next...]
        arrange()
    }

    /// The same items in another, seeded order, and in memory as they arrive, like a capture.
    public func shuffle(seed: UInt64) {
        var chance = RandomStream(seed: seed, purpose: "shuffle")
        items.shuffle(using: &chance)
        arrange()
    }

    /// Lays the frames out in memory as they arrive.
    private func arrange() {
        var ordered: [UInt8] = []
        ordered.reserveCapacity(bytes.count)
        for index in items.indices {
            let item = items[index]
            items[index].offset = ordered.count
            ordered += bytes[item.offset..<(item.offset + item.length)]
        }
        bytes = ordered
    }
}

/// TCP segments of connections to Services.
public struct Flow {
    public var client: UInt32
    public var port: UInt16
    public var service: UInt32

    /// Clients outside of the cluster, in 198.18.0.0/15: what they send to a Service is masqueraded.
    public static let outside: UInt32 = 0xc612_0001
    /// Pods of the cluster, in 10.244.0.0/16: they keep their addresses.
    public static let pods: UInt32 = 0x0af4_0101

    /// 32,768 ports of each client; Services in turn.
    public init(_ number: Int, services: Int, clients: UInt32 = Flow.outside) {
        client = clients + UInt32(number / 32_768)
        port = UInt16(20_000 + number % 32_768)
        service = KubeNode.clusterIP(number % services)
    }

    public static let syn: UInt8 = 0x02
    public static let ack: UInt8 = 0x10

    /// A frame of 64 bytes: 54 of headers and six of payload, the CRC not counted.
    public static func segment(
        to mac: [UInt8], from source: UInt32, _ sourcePort: UInt16, to destination: UInt32, _ destinationPort: UInt16,
        flags: UInt8, sequence: UInt32, acknowledgement: UInt32, payload: Int = 6
    ) -> [UInt8] {
        var frame = mac + [0x02, 0, 0, 0, 0xfe, 0xfe, 0x08, 0x00]
        let total = 40 + payload
        frame += [0x45, 0, UInt8(total >> 8), UInt8(total & 255), 0, 1, 0x40, 0, 64, 6, 0, 0]
        for word in [source, destination] { frame += (0..<4).map { UInt8(truncatingIfNeeded: word >> (24 - 8 * UInt32($0))) } }
        frame += [UInt8(sourcePort >> 8), UInt8(sourcePort & 255), UInt8(destinationPort >> 8), UInt8(destinationPort & 255)]
        for word in [sequence, acknowledgement] { frame += (0..<4).map { UInt8(truncatingIfNeeded: word >> (24 - 8 * UInt32($0))) } }
        frame += [0x50, flags, 0xff, 0xff, 0, 0, 0, 0]
        frame += [UInt8](repeating: 0x61, count: payload)
        frame.withUnsafeMutableBytes { raw in
            guard let base = raw.baseAddress else { return }
            IPv4Header(base + 14).storeChecksum()
            TransportChecksum.store(
                base + 34, length: 20 + payload, protocolNumber: .tcp, family: .ipv4, source: AddressBits(ipv4: source),
                destination: AddressBits(ipv4: destination))
        }
        return frame
    }
}
