import HawseModel
import HawseWire
import Testing

@testable import HawseDataplane

struct SyncMessageTests {
    private func backup() throws -> Dataplane {
        var spec = NodeSpec()
        spec.interfaces = [InterfaceSpec(name: "eth0", kind: .ether)]
        let key = VirtualService.Key.address(ipProtocol: .tcp, address: IPAddress(ipv4: 0x0a60_0001), port: 80)
        spec.ipvs = IPVSSpec(services: [
            VirtualService(
                key: key, scheduler: .wlc,
                destinations: [
                    Destination(address: IPAddress(ipv4: 0x0a01_0001), port: 8080, forwarding: .masquerade),
                    Destination(address: IPAddress(ipv4: 0x0a01_0002), port: 8080, forwarding: .masquerade),
                ])
        ])
        let dataplane = try Dataplane(spec, seed: 1)
        dataplane.advance(to: Instant(seconds: 1_700_000_000))
        try dataplane.ipvs.apply(.startDaemon(IPVSSyncDaemon(role: .backup, interface: "eth0", syncID: 3)))
        return dataplane
    }

    private func connection(_ n: Int, version: UInt8 = 4, state: IPVSTCPState = .established) -> VirtualConnection {
        var c = VirtualConnection()
        c.version = version
        c.destinationVersion = version
        c.ipProtocol = .tcp
        c.client = version == 4 ? AddressBits(ipv4: 0xc633_6400 + UInt32(n)) : AddressBits(high: 0xfd01 << 48, low: UInt64(n))
        c.clientPort = 4000
        c.virtual = version == 4 ? AddressBits(ipv4: 0x0a60_0001) : AddressBits(high: 0xfd00 << 48, low: 1)
        c.virtualPort = 80
        c.destination = version == 4 ? AddressBits(ipv4: 0x0a01_0001) : AddressBits(high: 0xfd02 << 48, low: 1)
        c.destinationPort = 8080
        c.state = state.rawValue
        c.setTimeout(900 * Jiffies.perSecond)
        c.flags = [.hashed, .timer]
        return c
    }

    private func message(_ version: Int, _ connections: [VirtualConnection]) -> [UInt8] {
        var message = SyncMessage(version: version, syncID: 3)
        for connection in connections { message.append(connection) }
        return message.finished
    }

    @Test(arguments: [0, 1])
    func backupRebuildsTheTable(_ version: Int) throws {
        let dataplane = try backup()
        #expect(dataplane.ipvs.receiveSync(message(version, (1...5).map { connection($0) })))
        let listing = dataplane.ipvsListing()
        #expect(listing.connections.count == 5)
        #expect(listing.connections.allSatisfy { $0.state == "ESTABLISHED" && $0.destination.bits.ipv4 == 0x0a01_0001 })
        let first = listing.services[0].destinations.first { $0.destination.address.bits.ipv4 == 0x0a01_0001 }
        #expect(first?.activeConnections == 5)
        // The same connection again, closing: moved, not made twice.
        var closing = connection(1, state: .finWait)
        closing.flags.insert(.inactive)
        #expect(dataplane.ipvs.receiveSync(message(version, [closing])))
        let after = dataplane.ipvsListing()
        #expect(after.connections.count == 5)
        #expect(after.connections.filter { $0.state == "FIN_WAIT" }.count == 1)
        let server = after.services[0].destinations.first { $0.destination.address.bits.ipv4 == 0x0a01_0001 }
        #expect(server?.activeConnections == 4)
        #expect(server?.inactiveConnections == 1)
    }

    @Test func layoutOfVersion1() {
        let bytes = message(1, [connection(7)])
        #expect(bytes.count == 44)
        #expect(bytes[0..<8] == [0, 3, 0, 44, 1, 1, 0, 0])
        #expect(bytes[8..<12] == [0, 6, 0, 36])
        // Flags without the hashed bit and without ours; state; the three ports.
        #expect(bytes[12..<24] == [0, 0, 0, 0, 0, 1, 0x0f, 0xa0, 0, 80, 0x1f, 0x90])
        #expect(bytes[28..<32] == [0, 0, 3, 0x84])
        #expect(bytes[32..<44] == [198, 51, 100, 7, 10, 96, 0, 1, 10, 1, 0, 1])
    }

    @Test func ipv6TravelsInVersion1() throws {
        let bytes = message(1, [connection(7, version: 6), connection(8)])
        let entries = try bytes.withUnsafeBytes { try SyncEntry.parse($0, syncID: 3) }
        #expect(entries.map(\.version) == [6, 4])
        #expect(entries[0].client == AddressBits(high: 0xfd01 << 48, low: 7))
        #expect(entries[0].timeout == 900)
    }

    @Test func liesAboutLengthsChangeNothingAndAreCounted() throws {
        let dataplane = try backup()
        let good = message(1, [connection(1), connection(2)])
        var bad: [[UInt8]] = []
        for length in 0..<good.count { bad.append(Array(good.prefix(length))) }
        // The size field, the number of entries, an entry's own size, its version, its type.
        for (offset, value) in [(3, UInt8(43)), (4, 3), (11, 200), (11, 8), (10, 0x10), (8, 4), (1, 4)] {
            var message = good
            message[offset] = value
            bad.append(message)
        }
        for message in bad { #expect(!dataplane.ipvs.receiveSync(message), "\(message)") }
        #expect(dataplane.ipvs.connectionCount == 0)
        #expect(dataplane.ipvs.syncCounts.refused == bad.count)
        #expect(dataplane.ipvs.receiveSync(good))
        #expect(dataplane.ipvs.connectionCount == 2)
    }

    @Test func randomBytesNeverDoHarm() throws {
        let dataplane = try backup()
        var chance = RandomStream(seed: 4, purpose: "test")
        let good = message(1, (1...3).map { connection($0) })
        for _ in 0..<20_000 {
            var bytes = good
            for _ in 0..<(1 + chance.below(6)) {
                bytes[Int(chance.below(UInt32(bytes.count)))] = UInt8(truncatingIfNeeded: chance.next())
            }
            if chance.below(4) == 0 { bytes[0] = 3 }
            dataplane.ipvs.receiveSync(bytes)
        }
        dataplane.advance(to: Instant(seconds: 1_700_000_000 + 90_000))
        #expect(dataplane.ipvs.syncCounts.accepted + dataplane.ipvs.syncCounts.refused == 20_000)
    }
}
