import HawseCapture
import HawseModel
import HawseWire

/// The traffic that every scheduler of a study is given: connections of clients to the virtual service.
public struct StudyLoad: Sendable {
    /// One connection, or the datagrams of one client port.
    public struct Flow: Hashable, Sendable {
        public var client: IPAddress
        public var port: UInt16
        /// Nanoseconds from the beginning.
        public var start: Int64
        public var duration: Int64
        /// Requests that the client sends between opening and closing, evenly spread.
        public var requests: Int
        /// Bytes of payload of a request, and of the server's answer.
        public var requestBytes: Int
        public var responseBytes: Int

        public init(
            client: IPAddress, port: UInt16, start: Int64, duration: Int64, requests: Int = 1, requestBytes: Int = 200,
            responseBytes: Int = 1000
        ) {
            self.client = client
            self.port = port
            self.start = start
            self.duration = duration
            self.requests = requests
            self.requestBytes = requestBytes
            self.responseBytes = responseBytes
        }
    }

    /// By start.
    public var flows: [Flow]

    public init(flows: [Flow]) {
        self.flows = flows.sorted { ($0.start, $0.client, $0.port) < ($1.start, $1.client, $1.port) }
    }

    public var duration: Int64 { flows.map { $0.start + $0.duration }.max() ?? 0 }

    /// How generated connections come.
    public struct Generator: Hashable, Sendable {
        public var family = AddressFamily.ipv4
        public var clients = 200
        /// Connections a second, on average; their arrivals are independent of one another.
        public var rate = 50.0
        public var seconds = 60.0
        /// Mean of their exponentially distributed durations.
        public var meanDuration = 5.0
        /// 0: all clients alike; 1: the n-th client comes with a frequency of 1/n.
        public var skew = 0.0
        public var requests = 4
        public var seed: UInt64 = 1

        public init() {}
    }

    public init(_ generator: Generator) {
        var chance = RandomStream(seed: generator.seed, purpose: "study-load")
        func unit() -> Double { (Double(chance.next() >> 11) + 0.5) / 9_007_199_254_740_992 }
        let clients = max(generator.clients, 1)
        // Cumulative frequencies; powers are taken by repeated multiplication to stay the same on every machine.
        var cumulative: [Double] = []
        var sum = 0.0
        for n in 1...clients {
            sum += 1 - generator.skew + generator.skew / Double(n)
            cumulative.append(sum)
        }
        var ports = [UInt16](repeating: 20_000, count: clients)
        var flows: [Flow] = []
        var time = 0.0
        while true {
            time += Self.exponential(unit()) / max(generator.rate, 0.001)
            if time >= generator.seconds || flows.count >= 4_000_000 { break }
            let draw = unit() * sum
            var low = 0
            var high = clients - 1
            while low < high {
                let middle = (low + high) / 2
                if cumulative[middle] < draw { low = middle + 1 } else { high = middle }
            }
            ports[low] = ports[low] == 60_000 ? 20_000 : ports[low] + 1
            flows.append(
                Flow(
                    client: Self.client(low, generator.family), port: ports[low], start: Int64(time * 1e9),
                    duration: max(Int64(Self.exponential(unit()) * generator.meanDuration * 1e9), 10_000_000),
                    requests: generator.requests))
        }
        self.init(flows: flows)
    }

    private static func client(_ n: Int, _ family: AddressFamily) -> IPAddress {
        // 198.18.0.0/15 is set aside for benchmarks (RFC 2544), 2001:2::/48 likewise (RFC 5180).
        family == .ipv4
            ? IPAddress(ipv4: 0xc612_0000 &+ UInt32(truncatingIfNeeded: n % 0x1fffe) &+ 1)
            : IPAddress(ipv6High: 0x2001_0002 << 32, low: UInt64(n) + 1)
    }

    /// −ln(x) for x in (0, 1), by its own series, so that no mathematical library decides a bit.
    private static func exponential(_ x: Double) -> Double {
        var mantissa = x
        var halvings = 0.0
        while mantissa < 0.5 {
            mantissa *= 2
            halvings += 1
        }
        let z = (mantissa - 1) / (mantissa + 1)
        var power = z
        var logarithm = 0.0
        var n = 1.0
        while n < 40 {
            logarithm += power / n
            power *= z * z
            n += 2
        }
        return halvings * 0.693_147_180_559_945_3 - 2 * logarithm
    }

    /// The connections to one port in a capture: every client port is a flow, its packets are its requests.
    public init(capture path: String, port: UInt16, ipProtocol: IPProtocol) throws(CaptureError) {
        struct Key: Hashable {
            var client: IPAddress
            var port: UInt16
        }
        var reader = try CaptureReader(path: path)
        var order: [Key] = []
        var found: [Key: Flow] = [:]
        var first: Int64?
        while let record = try reader.next() {
            guard let packet = CapturedPacket(record), packet.ipProtocol == ipProtocol, let at = packet.transport else {
                continue
            }
            let bytes = packet.bytes
            let destinationPort = UInt16(bytes[at + 2]) << 8 | UInt16(bytes[at + 3])
            guard destinationPort == port else { continue }
            let source = packet.isIPv6 ? IPAddress(bytes: bytes[8..<24]) : IPAddress(bytes: bytes[12..<16])
            guard let source else { continue }
            let key = Key(client: source, port: UInt16(bytes[at]) << 8 | UInt16(bytes[at + 1]))
            let start = first ?? record.timestamp
            first = start
            let time = record.timestamp - start
            let header = ipProtocol == .tcp && at + 13 < bytes.count ? Int(bytes[at + 12] >> 4) * 4 : 8
            let payload = max(bytes.count - at - header, 0)
            if var flow = found[key] {
                flow.duration = time - flow.start
                if payload > 0 {
                    flow.requests += 1
                    flow.requestBytes = max(flow.requestBytes, payload)
                }
                found[key] = flow
            } else {
                order.append(key)
                found[key] = Flow(
                    client: source, port: key.port, start: time, duration: 0, requests: payload > 0 ? 1 : 0,
                    requestBytes: payload)
            }
        }
        self.init(flows: order.compactMap { found[$0] })
    }
}
