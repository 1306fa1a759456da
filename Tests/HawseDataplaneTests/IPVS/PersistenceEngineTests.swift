import HawseModel
import HawseWire
import Testing

@testable import HawseDataplane

struct PersistenceEngineTests {
    private let key = VirtualService.Key.address(ipProtocol: .udp, address: DirectorRig.virtual, port: 5060)

    private func rig() throws -> DirectorRig {
        let rig = try DirectorRig()
        try rig.command(
            .addService(
                VirtualService(key: key, scheduler: .rr, flags: [.persistent, .onePacket], persistenceTimeout: 60, engine: .sip)))
        for n in 10...12 {
            try rig.command(.addDestination(key, Destination(address: DirectorRig.server(n), port: 5060, forwarding: .masquerade)))
        }
        return rig
    }

    private func invite(_ call: String, client: Int = 1, port: UInt16 = 5060) -> [UInt8] {
        DirectorRig.udp(
            DirectorRig.client(client), port, DirectorRig.virtual, 5060, "INVITE sip:a@b SIP/2.0\r\nVia: x\r\nCall-ID: \(call)\r\n\r\n")
    }

    @Test(arguments: [
        ("INVITE x\r\nCall-ID: abc@host\r\n", "abc@host"), ("INVITE x\ni: 1-2.3\nTo: b\n", "1-2.3"),
        ("x\r\ncall-id:\t q%z\r\n", "q%z"), ("x\r\nCall-ID: blank-behind \r\n", nil), ("x\r\nVia: a\r\n\tCall-ID: no\r\nCALL-ID : yes\r\n", "yes"),
        ("x\r\nCall-ID: a b\r\n", nil), ("x\r\nCall-ID: end", nil), ("Call-ID: first-line\r\n", nil), ("x\r\nCall-ID:\r\n", nil),
        ("x\r\nCall-ID: a@\r\nCall-ID: b\r\n", "b"), ("x\r\nitem: 5\r\n", nil), ("", nil),
    ] as [(String, String?)])
    func callIDs(_ message: String, _ expected: String?) {
        let found = Array(message.utf8).withUnsafeBytes { SIPEngine.callID($0) }
        #expect(found.map { String(decoding: $0, as: UTF8.self) } == expected)
    }

    @Test func randomBytesNeverDoHarm() {
        var chance = RandomStream(seed: 5, purpose: "test")
        let letters = Array("\r\n :iCal-ID@ax\t".utf8)
        for _ in 0..<20_000 {
            let bytes = (0..<Int(chance.below(60))).map { _ in letters[Int(chance.below(UInt32(letters.count)))] }
            let found = bytes.withUnsafeBytes { SIPEngine.callID($0) }
            #expect((found?.count ?? 1) > 0)
        }
    }

    @Test func callsOfOneClientAreSpreadAndStay() throws {
        let rig = try rig()
        func server(_ call: String, _ client: Int = 1) -> IPAddress? { rig.send(invite(call, client: client)).first?.destination }
        let first = ["a@1", "b@1", "c@1"].map { server($0) }
        #expect(first == [12, 11, 10].map { DirectorRig.server($0) })
        #expect(["a@1", "b@1", "c@1"].map { server($0) } == first)
        // Another client's call of the same name is another call.
        #expect(server("a@1", 2) == DirectorRig.server(12))
        #expect(rig.send(DirectorRig.udp(DirectorRig.client(1), 5060, DirectorRig.virtual, 5060, "no call")).isEmpty)
        let listing = rig.dataplane.ipvsListing()
        #expect(Set(listing.connections.compactMap(\.engineData)) == ["a@1", "b@1", "c@1"])
        #expect(listing.connections.count == 4)
        #expect(listing.services[0].service.engine == .sip)
        rig.wait(70)
        #expect(rig.dataplane.ipvs.connectionCount == 0)
    }

    /// A server that calls the client itself speaks as the virtual service, and the answer finds it.
    @Test func serversBeginToTalk() throws {
        let rig = try rig()
        let request = DirectorRig.udp(DirectorRig.server(11), 5060, DirectorRig.client(7), 5060, "BYE x\r\nCall-ID: z@9\r\n\r\n")
        let out = rig.send(request, on: "eth1")
        #expect(out.map(\.source) == [DirectorRig.virtual])
        #expect(rig.send(invite("z@9", client: 7)).first?.destination == DirectorRig.server(11))
    }

    @Test func templatesTravelWithTheirData() throws {
        let rig = try rig()
        try rig.command(.startDaemon(IPVSSyncDaemon(role: .master, interface: "eth1")))
        rig.dataplane.ipvs.set("net.ipv4.vs.sync_threshold", to: "0 1")
        for call in ["a@1", "b@1"] { _ = rig.send(invite(call)) }
        rig.wait(3)
        var messages: [[UInt8]] = []
        for output in rig.send(invite("c@1")) where output.payload.count > 8 && output.payload[2] == 0x22 && output.payload[3] == 0x90 {
            messages.append(Array(output.payload.dropFirst(8)))
        }
        let entries = try messages.flatMap { try $0.withUnsafeBytes { try SyncEntry.parse($0, syncID: 0) } }
        #expect(Set(entries.map { String(decoding: $0.engineData, as: UTF8.self) }) == ["a@1", "b@1"])
        let backup = try self.rig()
        try backup.command(.startDaemon(IPVSSyncDaemon(role: .backup, interface: "eth1")))
        for message in messages { #expect(backup.dataplane.ipvs.receiveSync(message)) }
        #expect(backup.dataplane.ipvs.connectionCount == 2)
        #expect(backup.send(invite("b@1")).first?.destination == DirectorRig.server(11))
    }
}
