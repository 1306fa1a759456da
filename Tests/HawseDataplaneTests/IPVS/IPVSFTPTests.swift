import HawseModel
import HawseWire
import Testing

@testable import HawseDataplane

struct IPVSFTPTests {
    private typealias Rig = DirectorRig

    private func passive(_ text: String, _ version: UInt8 = 4) -> IPVSFTPCommand.Passive {
        Array(text.utf8).withUnsafeBytes { IPVSFTPCommand.passive($0, version: version) }
    }

    @Test func goingPassive() {
        #expect(passive("PASV\r\n") == .pasv)
        #expect(passive("NOOP\r\npasv\r\n") == .pasv)
        #expect(passive("PASV\r\n", 6) == .none)
        #expect(passive("EPSV\r\n") == .epsv)
        #expect(passive("EPSV 1\r\n") == .epsv)
        #expect(passive("EPSV 2\r\n") == .unusable)
        #expect(passive("EPSV 2\r\n", 6) == .epsv)
        #expect(passive("EPSV ALL\r\n") == .unusable)
        #expect(passive("EPS") == .none)
    }

    @Test func numbers() {
        func plain(_ text: String, _ word: StaticString, _ skip: Unicode.Scalar) -> (UInt32, UInt16)? {
            Array(text.utf8).withUnsafeBytes { IPVSFTPCommand.plain($0, after: word, skipping: skip) }
                .map { ($0.address.ipv4, $0.port) }
        }
        #expect(plain("PORT 10,0,0,1,4,1\r\n", "PORT", " ")! == (0x0a00_0001, 1025))
        #expect(plain("227 Entering Passive Mode (10,1,0,10,200,3).\r\n", "227 ", "(")! == (0x0a01_000a, 51203))
        #expect(plain("227 =10,1,0,10,200,3\r\n", "227 ", "(")! == (0x0a01_000a, 51203))
        #expect(plain("PORT 10,0,0,1,4\r\n", "PORT", " ") == nil)
        #expect(plain("PORT 10,0,0,1,4,1", "PORT", " ") == nil)
        func extended(_ text: String, _ word: StaticString, _ skip: Unicode.Scalar, _ version: UInt8, _ own: AddressBits?) -> (IPAddress, UInt16)? {
            Array(text.utf8).withUnsafeBytes { IPVSFTPCommand.extended($0, after: word, skipping: skip, version: version, own: own) }
                .map { (IPAddress(family: version == 6 ? .ipv6 : .ipv4, bits: $0.address), $0.port) }
        }
        let own = AddressBits(ipv4: 0x0a01_000a)
        #expect(extended("229 Extended (|||51203|)\r\n", "229 ", "(", 4, own)! == (IPAddress(ipv4: 0x0a01_000a), 51203))
        #expect(extended("EPRT |1|10.0.0.1|1025|\r\n", "EPRT", " ", 4, nil)! == (IPAddress(ipv4: 0x0a00_0001), 1025))
        #expect(extended("EPRT !2!fd00::1!1025!\r\n", "EPRT", " ", 6, nil)! == (IPAddress(ipv6High: 0xfd00 << 48, low: 1), 1025))
        for bad in ["EPRT |2|10.0.0.1|1025|", "EPRT |1|10.0.0.1|0|", "EPRT |||1025|", "EPRT |1|10.0.0|5|", "EPRT |1|", "EPRT"] {
            #expect(extended(bad, "EPRT", " ", 4, nil) == nil, "\(bad)")
        }
    }

    /// Control connection up to `230`, then what the client and the server say; the server's own last packet is returned.
    private func session(
        _ rig: Rig, _ client: IPAddress, _ virtual: IPAddress, _ server: IPAddress
    ) -> (fromClient: (String) -> Void, fromServer: (String) -> [Rig.Output]) {
        _ = rig.send(Rig.tcp(client, 4000, virtual, 21, 0x02, sequence: 100))
        _ = rig.send(Rig.tcp(server, 21, client, 4000, 0x12, sequence: 500, acknowledgement: 101), on: "eth1")
        _ = rig.send(Rig.tcp(client, 4000, virtual, 21, 0x10, sequence: 101, acknowledgement: 501))
        var said: UInt32 = 101
        var answered: UInt32 = 501
        return (
            { text in
                _ = rig.send(Rig.tcp(client, 4000, virtual, 21, 0x18, sequence: said, acknowledgement: answered, text))
                said += UInt32(text.utf8.count)
            },
            { text in
                defer { answered += UInt32(text.utf8.count) }
                return rig.send(
                    Rig.tcp(server, 21, client, 4000, 0x18, sequence: answered, acknowledgement: said, text), on: "eth1")
            }
        )
    }

    private func rig(_ virtual: IPAddress, _ server: IPAddress) throws -> Rig {
        let rig = try Rig()
        let key = VirtualService.Key.address(ipProtocol: .tcp, address: virtual, port: 21)
        try rig.command(.addService(VirtualService(key: key, scheduler: .rr)))
        try rig.command(.addDestination(key, Destination(address: server, port: 21, forwarding: .masquerade)))
        return rig
    }

    private func text(_ output: Rig.Output?) -> String {
        String(decoding: output.map { Array($0.payload.dropFirst(20)) } ?? [], as: UTF8.self)
    }

    /// What the helper may have to rewrite must be right; other services do not look.
    @Test func wrongChecksumsEndHere() throws {
        let (client, server) = (Rig.client(1), Rig.server(10))
        let rig = try rig(Rig.virtual, server)
        _ = session(rig, client, Rig.virtual, server)
        var packet = Rig.tcp(client, 4000, Rig.virtual, 21, 0x18, sequence: 101, acknowledgement: 501, "NOOP\r\n")
        packet[37] ^= 1
        #expect(rig.send(packet).isEmpty)
        packet[37] ^= 1
        #expect(rig.send(packet).first?.destination == server)
    }

    @Test func passiveAnswerNamesTheVirtualService() throws {
        let (client, server) = (Rig.client(1), Rig.server(10))
        let rig = try rig(Rig.virtual, server)
        let talk = session(rig, client, Rig.virtual, server)
        talk.fromClient("PASV\r\n")
        let answer = talk.fromServer("227 Entering Passive Mode (10,1,0,10,200,3).\r\n")
        #expect(text(answer.first) == "227 Entering Passive Mode (203,0,113,10,200,3).\r\n")
        // The data connection goes to the server that announced it.
        let data = rig.send(Rig.tcp(client, 4001, Rig.virtual, 51203, 0x02))
        #expect(data.first?.destination == server)
        #expect(rig.dataplane.ipvs.connectionCount == 2)
    }

    @Test func extendedPassiveNamesThePortOnly() throws {
        let (client, server) = (Rig.client(1), Rig.server(10))
        let rig = try rig(Rig.virtual, server)
        let talk = session(rig, client, Rig.virtual, server)
        talk.fromClient("EPSV\r\n")
        let answer = talk.fromServer("229 Entering Extended Passive Mode (|||51203|)\r\n")
        #expect(text(answer.first) == "229 Entering Extended Passive Mode (|||51203|)\r\n")
        #expect(rig.send(Rig.tcp(client, 4001, Rig.virtual, 51203, 0x02)).first?.destination == server)
    }

    @Test func extendedPassiveInIPv6() throws {
        let client = IPAddress(ipv6High: 0x2001_0db8_00ff_0000, low: 9)
        let server = Rig.server6(10)
        let rig = try rig(Rig.virtual6, server)
        let talk = session(rig, client, Rig.virtual6, server)
        talk.fromClient("EPSV 2\r\n")
        #expect(!talk.fromServer("229 Extended (|||51203|)\r\n").isEmpty)
        #expect(rig.send(Rig.tcp(client, 4001, Rig.virtual6, 51203, 0x02)).first?.destination == server)
    }

    @Test(arguments: ["PORT 198,51,100,1,15,161\r\n", "EPRT |1|198.51.100.1|4001|\r\n"])
    func activeDataComesFromTheVirtualService(_ command: String) throws {
        let (client, server) = (Rig.client(1), Rig.server(10))
        let rig = try rig(Rig.virtual, server)
        let talk = session(rig, client, Rig.virtual, server)
        talk.fromClient(command)
        let data = rig.send(Rig.tcp(server, 20, client, 4001, 0x02), on: "eth1")
        #expect(data.first?.source == Rig.virtual)
        #expect(data.first?.device == "eth0")
        let back = rig.send(Rig.tcp(client, 4001, Rig.virtual, 20, 0x12))
        #expect(back.first?.destination == server)
    }
}
