import HawseModel
import HawseSimulator
import HawseWire
import Testing

@Suite struct TrafficGeneratorTests {
    static func spec(_ change: (inout TrafficSpec) -> Void = { _ in }) throws -> TrafficSpec {
        var spec = TrafficSpec()
        spec.packets = 5000
        spec.flows = 100
        spec.destinations = [TrafficSpec.Destination(address: try #require(IPAddress("10.96.0.80")), port: 80)]
        change(&spec)
        return spec
    }

    static func frames(_ spec: TrafficSpec) -> [[UInt8]] {
        var generator = TrafficGenerator(spec)
        var frames: [[UInt8]] = []
        while let (frame, _) = generator.next() { frames.append(Array(frame)) }
        return frames
    }

    static func address(_ frame: [UInt8], _ at: Int) -> IPAddress? { IPAddress(bytes: frame[at..<(at + 4)]) }

    @Test func checksumsAreRight() throws {
        let spec = try Self.spec {
            $0.protocols = .init(tcp: 50, udp: 30, icmp: 20)
            $0.size = .range(64...700)
            $0.newFlows = 50_000
            $0.clients.append(IPPrefix(IPAddress(ipv6High: 0x2001_0db8_000c_0000, low: 0), length: 64))
            $0.destinations.append(.init(address: IPAddress(ipv6High: 0xfd00 << 48, low: 80), port: 80))
        }
        var seen: Set<UInt8> = []
        for frame in Self.frames(spec) {
            frame.withUnsafeBytes { bytes in
                guard let base = bytes.baseAddress else { return }
                let isIPv6 = frame[12] == 0x86
                let network = isIPv6 ? 40 : 20
                let number = frame[isIPv6 ? 20 : 23]
                seen.insert(number)
                let length = isIPv6 ? Int(frame[18]) << 8 | Int(frame[19]) : (Int(frame[16]) << 8 | Int(frame[17])) - 20
                #expect(14 + network + length <= frame.count)
                if !isIPv6 { #expect(InternetChecksum.checksum(base + 14, count: 20) == 0) }
                let source = IPAddress(bytes: frame[(isIPv6 ? 22 : 26)..<(isIPv6 ? 38 : 30)])
                let destination = IPAddress(bytes: frame[(isIPv6 ? 38 : 30)..<(isIPv6 ? 54 : 34)])
                #expect(
                    TransportChecksum.isValid(
                        base + 14 + network, length: length, protocolNumber: IPProtocol(rawValue: number),
                        family: isIPv6 ? .ipv6 : .ipv4, source: source?.bits ?? .zero,
                        destination: destination?.bits ?? .zero))
            }
        }
        #expect(seen == [1, 6, 17, 58])
    }

    @Test func sizes() throws {
        #expect(Set(Self.frames(try Self.spec()).map(\.count)) == [60])
        let imix = Self.frames(try Self.spec { $0.protocols = .init(tcp: 0, udp: 100); $0.size = .imix; $0.packets = 12_000 })
        let counts = imix.reduce(into: [Int: Int]()) { $0[$1.count, default: 0] += 1 }
        #expect(Set(counts.keys) == [60, 590, 1514])
        #expect(abs((counts[60] ?? 0) - 7000) < 300)
        #expect(abs((counts[1514] ?? 0) - 1000) < 150)
    }

    /// A TCP flow opens with a handshake and its numbers follow on each other.
    @Test func conversationsAreWhole() throws {
        var spec = try Self.spec()
        spec.flows = 1
        spec.packets = 40
        spec.newFlows = 100_000
        let frames = Self.frames(spec)
        let flags = frames.map { $0[47] }
        #expect(Array(flags.prefix(3)) == [0x02, 0x12, 0x10])
        #expect(flags.contains(0x11))
        var expected: [IPAddress: UInt32] = [:]
        for frame in frames {
            let source = try #require(Self.address(frame, 26))
            let sequence = frame[38..<42].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
            let payload = UInt32((Int(frame[16]) << 8 | Int(frame[17])) - 40)
            if let next = expected[source], frame[47] & 2 == 0 { #expect(sequence == next) }
            expected[source] = sequence &+ payload &+ (frame[47] & 3 != 0 ? 1 : 0)
        }
    }

    @Test func newFlowsComeAtTheirRate() throws {
        let spec = try Self.spec {
            $0.protocols = .init(tcp: 0, udp: 100)
            $0.packets = 100_000
            $0.newFlows = 5000
        }
        // A tenth of a second: 500 new flows beside the first 100.
        var flows: Set<[UInt8]> = []
        for frame in Self.frames(spec) where Self.address(frame, 30) == IPAddress("10.96.0.80") {
            flows.insert(Array(frame[26..<30] + frame[34..<36]))
        }
        #expect((590...600).contains(flows.count), "\(flows.count)")
    }

    @Test func popularity() throws {
        func shares(_ popularity: TrafficSpec.Popularity) throws -> [Int] {
            let frames = Self.frames(
                try Self.spec {
                    $0.popularity = popularity
                    $0.protocols = .init(tcp: 0, udp: 100)
                    $0.isBothWays = false
                    $0.packets = 50_000
                    $0.flows = 1000
                })
            return frames.reduce(into: [[UInt8]: Int]()) { $0[Array($1[26..<36]), default: 0] += 1 }.values.sorted(by: >)
        }
        let even = try shares(.uniform)
        #expect(even.count == 1000)
        #expect((even.first ?? 0) < 100)
        let zipf = try shares(.zipf(exponent: 1))
        // The first of a thousand has 1/H(1000) = 13.4% of all, the second half of that.
        #expect(abs((zipf.first ?? 0) - 6680) < 400, "\(zipf.prefix(3))")
        #expect(abs(zipf[1] - 3340) < 300)
        let steep = try shares(.zipf(exponent: 2))
        // 1/zeta(2) = 60.8%.
        #expect(abs((steep.first ?? 0) - 30_400) < 600)
    }

    @Test func sameSeedSameBytes() throws {
        let one = try Self.spec { $0.size = .imix; $0.newFlows = 1000 }
        var other = one
        other.seed = 1
        #expect(Self.frames(one) == Self.frames(one))
        #expect(Self.frames(one) != Self.frames(other))
    }

    @Test func whatCannotBeMadeIsNamed() throws {
        #expect(try Self.spec().problem == nil)
        for (field, change) in [
            ("to", { $0.destinations = [] }), ("size", { $0.size = .fixed(63) }), ("flows", { $0.flows = 0 }),
            ("from", { $0.clients = [] }), ("popularity", { $0.popularity = .zipf(exponent: 0) }),
            ("proto", { $0.protocols = .init(tcp: 50) }), ("rate", { $0.rate = .nan }),
        ] as [(String, (inout TrafficSpec) -> Void)] {
            #expect(try Self.spec(change).problem?.field == field)
        }
        #expect(TrafficSpec.size("64-") == nil)
        #expect(TrafficSpec.protocols("tcp:70,upd:30") == nil)
        #expect(TrafficSpec.destination("10.0.0.1") == nil)
    }
}
