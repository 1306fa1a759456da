import HawseModel
import HawseWire

/// Traffic to be made: how much, by whom, of what kind.
public struct TrafficSpec: Hashable, Sendable {
    /// Bytes of a frame with its checksum, as network testers count: a 64-byte frame is 60 bytes of a capture.
    public enum Size: Hashable, Sendable {
        case fixed(Int)
        /// Seven frames of 64 bytes, four of 594, one of 1518.
        case imix
        case range(ClosedRange<Int>)
    }

    public enum Popularity: Hashable, Sendable {
        case uniform
        case zipf(exponent: Double)
    }

    public struct Destination: Hashable, Sendable {
        public var address: IPAddress
        public var port: UInt16

        public init(address: IPAddress, port: UInt16) {
            self.address = address
            self.port = port
        }
    }

    /// Shares in percent of all flows.
    public struct Protocols: Hashable, Sendable {
        public var tcp: Int
        public var udp: Int
        public var icmp: Int

        public init(tcp: Int = 100, udp: Int = 0, icmp: Int = 0) {
            self.tcp = tcp
            self.udp = udp
            self.icmp = icmp
        }
    }

    public var seed: UInt64 = 0
    public var packets = 1_000_000
    /// Flows open at a time.
    public var flows = 10_000
    public var size = Size.fixed(64)
    public var protocols = Protocols()
    public var popularity = Popularity.uniform
    /// Flows that end and are followed by new ones, a second.
    public var newFlows = 0.0
    /// Packets a second, which gives the stamps.
    public var rate = 1_000_000.0
    /// Servers answer; without it only the clients' packets are made.
    public var isBothWays = true
    /// Where clients live: at most one prefix of each family.
    public var clients: [IPPrefix] = [IPPrefix(IPAddress(ipv4: 0xc633_6400), length: 24)]
    public var destinations: [Destination] = []
    public var start = Instant(seconds: 1_700_000_000)
    public var sourceMAC = MACAddress(0x0200_00fe_00fe)
    public var destinationMAC = MACAddress(0x0200_0001_0001)

    public init() {}

    /// What cannot be made, by field; `nil` when all is well.
    public var problem: (field: String, message: String)? {
        if packets < 1 { return ("packets", "at least one packet is needed") }
        guard (1...16_000_000).contains(flows) else { return ("flows", "1…16000000 flows are possible") }
        guard rate > 0, rate.isFinite, rate <= 1e12 else { return ("rate", "is not a number of packets a second") }
        // Stamps count nanoseconds since 1970 in 63 bits.
        guard Double(packets) / rate <= 2e9 else { return ("rate", "so slow that the stamps would pass the year 2080") }
        guard newFlows >= 0, newFlows.isFinite else { return ("new", "is not a number of flows a second") }
        if destinations.isEmpty { return ("to", "no destination is given") }
        for destination in destinations where !clients.contains(where: { $0.family == destination.address.family }) {
            return ("from", "no client could talk to \(destination.address): a prefix of its family is needed")
        }
        switch size {
        case .fixed(let bytes) where !(64...9018).contains(bytes): return ("size", "a frame has 64…9018 bytes")
        case .range(let range) where range.lowerBound < 64 || range.upperBound > 9018:
            return ("size", "a frame has 64…9018 bytes")
        default: break
        }
        if case .zipf(let exponent) = popularity, !(exponent > 0 && exponent <= 10) {
            return ("popularity", "zipf's exponent lies above 0 and up to 10")
        }
        guard protocols.tcp >= 0, protocols.udp >= 0, protocols.icmp >= 0,
            protocols.tcp + protocols.udp + protocols.icmp == 100
        else { return ("proto", "the shares have to make 100") }
        return nil
    }
}

extension TrafficSpec {
    /// `64`, `imix`, `64-1518`.
    public static func size(_ text: String) -> Size? {
        if text == "imix" { return .imix }
        let parts = text.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
        if parts.count == 1, let bytes = parts[0] { return .fixed(bytes) }
        guard parts.count == 2, let least = parts[0], let most = parts[1], least <= most else { return nil }
        return .range(least...most)
    }

    /// `uniform`, `zipf`, `zipf:1.2`.
    public static func popularity(_ text: String) -> Popularity? {
        if text == "uniform" { return .uniform }
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts[0] == "zipf" else { return nil }
        if parts.count == 1 { return .zipf(exponent: 1) }
        return Double(parts[1]).map { .zipf(exponent: $0) }
    }

    /// `tcp`, `udp`, `tcp:70,udp:25,icmp:5`.
    public static func protocols(_ text: String) -> Protocols? {
        var result = Protocols(tcp: 0)
        let items = text.split(separator: ",", omittingEmptySubsequences: false)
        for item in items {
            let parts = item.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard let share = parts.count == 2 ? Int(parts[1]) : items.count == 1 ? 100 : nil else { return nil }
            switch parts[0] {
            case "tcp": result.tcp += share
            case "udp": result.udp += share
            case "icmp": result.icmp += share
            default: return nil
            }
        }
        return result
    }

    /// `ADDR:PORT` or `[ADDR]:PORT`.
    public static func destination(_ text: String) -> Destination? {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]), port > 0 else {
            return nil
        }
        var host = text[..<colon]
        if host.first == "[", host.last == "]" { host = host.dropFirst().dropLast() }
        return IPAddress(host).map { Destination(address: $0, port: port) }
    }
}
