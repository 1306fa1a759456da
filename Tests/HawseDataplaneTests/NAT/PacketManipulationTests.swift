import HawseWire
import Testing

@testable import HawseDataplane

/// IPv4 or IPv6 packets with right checksums, to be rewritten.
private struct Sample: Equatable {
    var bytes: [UInt8]
    let version: UInt8
    let ipProtocol: IPProtocol
    var headerLength: Int { version == 4 ? 20 : 40 }

    init(version: UInt8, ipProtocol: IPProtocol, payload: Int) {
        self.version = version
        self.ipProtocol = ipProtocol
        let header = version == 4 ? 20 : 40
        let transport = ipProtocol == .tcp ? 20 : ipProtocol == .sctp ? 12 : 8
        bytes = (0..<(header + transport + payload)).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 11) }
        let count = bytes.count
        bytes.withUnsafeMutableBytes { raw in
            guard let base = raw.baseAddress else { return }
            if version == 4 {
                let ip = IPv4Header(base)
                ip.versionAndLength = 0x45
                ip.totalLength = UInt16(count)
                ip.fragmentField = 0
                ip.protocolNumber = ipProtocol
                ip.source = 0x0a01_000a
                ip.destination = 0x0a60_000a
                ip.storeChecksum()
            } else {
                let ip = IPv6Header(base)
                ip.versionWord = 0x6000_0000
                ip.payloadLength = UInt16(count - 40)
                ip.nextHeader = ipProtocol
                ip.source = AddressBits(high: 0x2001_0db8_0001_0000, low: 10)
                ip.destination = AddressBits(high: 0xfd00_0096_0000_0000, low: 10)
            }
            if ipProtocol == .tcp { (base + header).store8(0x50, at: 12) }
            if ipProtocol == .udp { (base + header).storeBE16(UInt16(count - header), at: 4) }
            if ipProtocol == .icmp { (base + header).store8(8, at: 0) }
            if ipProtocol == .icmpv6 { (base + header).store8(128, at: 0) }
        }
        storeChecksum()
    }

    mutating func storeChecksum() {
        let (source, destination, header, version, number) = (source, destination, headerLength, version, ipProtocol)
        bytes.withUnsafeMutableBytes { raw in
            guard let base = raw.baseAddress else { return }
            if number == .sctp {
                if let crc = CRC32C.sctpChecksum(base + header, length: raw.count - header) {
                    (base + header).storeLE32(crc, at: 8)
                }
                return
            }
            TransportChecksum.store(
                base + header, length: raw.count - header, protocolNumber: number,
                family: version == 4 ? .ipv4 : .ipv6, source: source, destination: destination)
        }
    }

    var source: AddressBits { address(0) }
    var destination: AddressBits { address(1) }

    private func address(_ i: Int) -> AddressBits {
        bytes.withUnsafeBytes { raw in
            guard let base = raw.baseAddress else { return .zero }
            return version == 4
                ? AddressBits(ipv4: base.loadBE32(at: 12 + i * 4)) : base.loadAddressBits(at: 8 + i * 16)
        }
    }

    func word(_ offset: Int) -> UInt16 { UInt16(bytes[headerLength + offset]) << 8 | UInt16(bytes[headerLength + offset + 1]) }

    var hasRightChecksum: Bool {
        bytes.withUnsafeBytes { raw in
            guard let base = raw.baseAddress else { return false }
            if ipProtocol == .sctp {
                return CRC32C.sctpChecksum(base + headerLength, length: raw.count - headerLength)
                    == (base + headerLength).loadLE32(at: 8)
            }
            return TransportChecksum.isValid(
                base + headerLength, length: raw.count - headerLength, protocolNumber: ipProtocol,
                family: version == 4 ? .ipv4 : .ipv6, source: source, destination: destination)
        }
    }

    /// The packet after the manipulation; `nil` when it is too short for it.
    func applied(_ target: Tuple, _ manip: NATManip, available: Int? = nil) -> Sample? {
        var result = self
        let end = available ?? bytes.count
        let isDone = result.bytes.withUnsafeMutableBytes { raw in
            guard let base = raw.baseAddress else { return false }
            return PacketManipulation(ip: base, end: base + end, version: version).apply(target, manip)
        }
        return isDone ? result : nil
    }

    func target(_ low: UInt64, port: UInt16) -> Tuple {
        let high: UInt64 = version == 4 ? 0 : 0x2001_0db8_00ff_0000
        return Tuple(
            source: AddressBits(high: high, low: low), destination: AddressBits(high: high, low: low + 1),
            sourcePort: port, destinationPort: port &+ 1, ipProtocol: ipProtocol, version: version)
    }
}

@Suite struct PacketManipulationTests {
    @Test(arguments: [UInt8(4), UInt8(6)], [IPProtocol.tcp, .udp, .sctp])
    func keepsChecksumsRight(_ version: UInt8, _ ipProtocol: IPProtocol) throws {
        for payload in 0..<9 {
            for port in [UInt16(1), 512, 40000, 65534] {
                let before = Sample(version: version, ipProtocol: ipProtocol, payload: payload)
                let target = before.target(0xc000_0201, port: port)
                var sample = try #require(before.applied(target, .source))
                #expect(sample.source == target.source && sample.destination == before.destination)
                #expect(sample.word(0) == port && sample.word(2) == before.word(2))
                #expect(sample.hasRightChecksum)
                sample = try #require(sample.applied(target, .destination))
                #expect(sample.destination == target.destination && sample.word(2) == port &+ 1)
                #expect(sample.hasRightChecksum)
                if version == 4 {
                    #expect(sample.bytes.withUnsafeBytes { InternetChecksum.sum($0.baseAddress!, count: 20) } == 0xffff)
                }
            }
        }
    }

    @Test(arguments: [UInt8(4), UInt8(6)])
    func echoIdentifiers(_ version: UInt8) throws {
        let before = Sample(version: version, ipProtocol: version == 4 ? .icmp : .icmpv6, payload: 5)
        let sample = try #require(before.applied(before.target(9, port: 777), .source))
        #expect(sample.word(4) == 777 && sample.hasRightChecksum)
    }

    @Test func noChecksumStaysNone() throws {
        var before = Sample(version: 4, ipProtocol: .udp, payload: 3)
        before.bytes[26] = 0
        before.bytes[27] = 0
        let sample = try #require(before.applied(before.target(9, port: 777), .source))
        #expect(sample.word(6) == 0 && sample.word(0) == 777)
    }

    @Test func aWrongChecksumStaysAsWrong() throws {
        let before = Sample(version: 4, ipProtocol: .tcp, payload: 30)
        var damaged = before
        damaged.bytes[60] ^= 0x40
        let target = before.target(0xc000_0201, port: 5)
        let good = try #require(before.applied(target, .source))
        let bad = try #require(damaged.applied(target, .source))
        #expect(good.word(16) == bad.word(16) && good.hasRightChecksum && !bad.hasRightChecksum)
    }

    @Test func eightBytesOfATransportHeaderWillDo() throws {
        let before = Sample(version: 4, ipProtocol: .tcp, payload: 0)
        let target = before.target(9, port: 7)
        #expect(before.applied(target, .source, available: 27) == nil)
        let sample = try #require(before.applied(target, .source, available: 28))
        #expect(sample.word(0) == 7 && sample.word(16) == before.word(16))
    }
}
