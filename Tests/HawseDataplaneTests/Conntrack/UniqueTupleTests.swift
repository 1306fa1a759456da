import HawseModel
import HawseWire
import Testing

@testable import HawseDataplane

/// A table with a way to ask for the binding of a new connection.
private final class Chooser {
    let table = UnsafeMutablePointer<ConnectionTable>.allocate(capacity: 1)
    let chance = UnsafeMutablePointer<RandomStream>.allocate(capacity: 1)
    let draws = UnsafeMutablePointer<PortDraws>.allocate(capacity: 1)

    init(seed: UInt64 = 3) {
        table.initialize(to: ConnectionTable(Sysctls(), seed: seed))
        chance.initialize(to: RandomStream(seed: seed, purpose: "nat-port"))
        draws.initialize(to: PortDraws())
    }

    deinit {
        table.pointee.deallocate()
        table.deinitialize(count: 1)
        table.deallocate()
        chance.deallocate()
        draws.deallocate()
    }

    func tuple(_ source: UInt32, _ port: UInt16, to destination: UInt32 = 0xc633_6407, _ toPort: UInt16 = 80, ipProtocol: IPProtocol = .tcp)
        -> Tuple
    {
        Tuple(
            source: AddressBits(ipv4: source), destination: AddressBits(ipv4: destination), sourcePort: port,
            destinationPort: toPort, ipProtocol: ipProtocol, version: 4)
    }

    /// Binds and confirms; the tuple behind the manipulation.
    @discardableResult
    func bind(_ tuple: Tuple, _ range: NATRange, _ manip: NATManip) -> Tuple? {
        guard let connection = table.pointee.allocate(now: .zero, hash: 0), let inverse = tuple.inverted else { return nil }
        connection.pointee.bits = [.zoneOriginal, .zoneReply]
        table.pointee.setOriginal(connection, tuple)
        table.pointee.setReply(connection, inverse)
        connection.pointee.state = TCPState.synSent.rawValue
        let chosen = UniqueTuple(
            table: table, chance: chance, draws: draws, connection: connection, range: range, manip: manip, now: .zero
        ).choose(tuple)
        guard let reply = chosen.inverted, table.pointee.find(reply, zone: 0, now: .zero) == nil else {
            table.pointee.release(connection)
            return nil
        }
        table.pointee.setReply(connection, reply)
        connection.pointee.timeout = Instant(seconds: 600)
        if manip == .source { table.pointee.bySource.insert(connection, in: table.pointee.records) }
        table.pointee.insert(connection)
        table.pointee.release(connection)
        return chosen
    }
}

@Suite struct UniqueTupleTests {
    private let masquerade = NATRange(address: AddressBits(ipv4: 0xc000_0201))

    @Test(arguments: [(UInt16(100), 1...511), (600, 600...1023), (512, 600...1023), (40000, 1024...65535)])
    func clashStaysInThePortsOfItsKind(_ port: UInt16, _ range: ClosedRange<Int>) throws {
        let chooser = Chooser()
        #expect(chooser.bind(chooser.tuple(0x0a01_000a, port), masquerade, .source)?.sourcePort == port)
        for client in UInt32(11)...60 {
            let chosen = try #require(chooser.bind(chooser.tuple(0x0a01_0000 + client, port), masquerade, .source))
            #expect(chosen.sourcePort != port && range.contains(Int(chosen.sourcePort)))
            #expect(chosen.source == AddressBits(ipv4: 0xc000_0201))
        }
    }

    @Test func thePortIsKeptTowardsAnotherDestination() {
        let chooser = Chooser()
        chooser.bind(chooser.tuple(0x0a01_000a, 40000), masquerade, .source)
        #expect(chooser.bind(chooser.tuple(0x0a01_000b, 40000, to: 0xc633_6408), masquerade, .source)?.sourcePort == 40000)
        #expect(chooser.bind(chooser.tuple(0x0a01_000b, 40000, to: 0xc633_6407, 81), masquerade, .source)?.sourcePort == 40000)
    }

    @Test func theSameSourceKeepsItsMapping() throws {
        let chooser = Chooser()
        chooser.bind(chooser.tuple(0x0a01_000a, 40000), masquerade, .source)
        let mapped = try #require(chooser.bind(chooser.tuple(0x0a01_000b, 40000), masquerade, .source)).sourcePort
        #expect(mapped != 40000)
        #expect(chooser.bind(chooser.tuple(0x0a01_000b, 40000, to: 0xc633_6409), masquerade, .source)?.sourcePort == mapped)
    }

    @Test func aSmallRangeIsUsedUpAndThenNothing() {
        let chooser = Chooser()
        var range = masquerade
        range.minimumPort = 5000
        range.maximumPort = 5002
        range.flags.insert(.protoSpecified)
        var ports: Set<UInt16> = []
        for client in UInt32(10)...12 {
            if let chosen = chooser.bind(chooser.tuple(0x0a01_0000 + client, 40000), range, .source) {
                ports.insert(chosen.sourcePort)
            }
        }
        #expect(ports == [5000, 5001, 5002])
        #expect(chooser.bind(chooser.tuple(0x0a01_0020, 40000), range, .source) == nil)
    }

    @Test func destinationPortsByOffset() {
        let chooser = Chooser()
        var range = NATRange(address: AddressBits(ipv4: 0x0a02_0001), flags: [.mapIPs, .protoSpecified, .protoOffset])
        range.minimumPort = 6000
        range.maximumPort = 6010
        range.basePort = 5000
        #expect(chooser.bind(chooser.tuple(1, 1000, to: 2, 5003), range, .destination)?.destinationPort == 6003)
        #expect(chooser.bind(chooser.tuple(1, 1001, to: 2, 5010), range, .destination)?.destinationPort == 6010)
    }

    @Test func destinationPortRangeStartsAtItsFirst() {
        let chooser = Chooser()
        var range = NATRange(address: AddressBits(ipv4: 0x0a02_0001), flags: [.mapIPs, .protoSpecified])
        range.minimumPort = 7000
        range.maximumPort = 7003
        #expect(chooser.bind(chooser.tuple(1, 1000, to: 2, 80), range, .destination)?.destinationPort == 7000)
        #expect(chooser.bind(chooser.tuple(1, 1001, to: 2, 7002), range, .destination)?.destinationPort == 7002)
        #expect(chooser.bind(chooser.tuple(1, 1000, to: 3, 80), range, .destination)?.destinationPort == 7001)
    }

    @Test func addressRangeIsAFunctionOfTheAddresses() throws {
        var range = NATRange()
        range.minimum = AddressBits(ipv4: 0xc000_0210)
        range.maximum = AddressBits(ipv4: 0xc000_021f)
        range.flags = .mapIPs
        var persistent = range
        persistent.flags.insert(.persistent)
        for client in UInt32(1)...100 {
            let one = Chooser(seed: 1)
            let other = Chooser(seed: 2)
            let a = try #require(one.bind(one.tuple(0x0a01_0000 + client, 1), range, .source)?.source)
            let b = try #require(other.bind(other.tuple(0x0a01_0000 + client, 2), range, .source)?.source)
            #expect(a == b && a >= range.minimum && a <= range.maximum)
            let p = one.bind(one.tuple(0x0b01_0000 + client, 3, to: 5), persistent, .source)?.source
            let q = one.bind(one.tuple(0x0b01_0000 + client, 4, to: 6), persistent, .source)?.source
            #expect(p == q)
        }
    }

    @Test func protocolsWithoutPortsCannotShare() {
        let chooser = Chooser()
        #expect(chooser.bind(chooser.tuple(0x0a01_000a, 0, to: 9, 0, ipProtocol: .esp), masquerade, .source) != nil)
        #expect(chooser.bind(chooser.tuple(0x0a01_000b, 0, to: 9, 0, ipProtocol: .esp), masquerade, .source) == nil)
    }
}
