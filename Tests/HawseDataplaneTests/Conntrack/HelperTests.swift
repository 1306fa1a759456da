import HawseFormats
import HawseModel
import HawseWire
import Testing

@testable import HawseDataplane

/// A router that masquerades a client towards a server, with the FTP and TFTP helpers on.
private struct Router {
    static let client: UInt32 = 0x0a01_000a
    static let server: UInt32 = 0xc633_6407
    static let own: UInt32 = 0xc000_0201

    static let rules = """
        *raw
        :PREROUTING ACCEPT [0:0]
        :OUTPUT ACCEPT [0:0]
        -A PREROUTING -i eth1 -p tcp -m tcp --dport 21 -j CT --helper ftp
        -A PREROUTING -i eth1 -p udp -m udp --dport 69 -j CT --helper tftp
        COMMIT
        *nat
        :PREROUTING ACCEPT [0:0]
        :INPUT ACCEPT [0:0]
        :OUTPUT ACCEPT [0:0]
        :POSTROUTING ACCEPT [0:0]
        -A POSTROUTING -o eth0 -j MASQUERADE
        COMMIT
        *filter
        :INPUT ACCEPT [0:0]
        :FORWARD ACCEPT [0:0]
        :OUTPUT ACCEPT [0:0]
        -A FORWARD -i eth0 -m conntrack --ctstate RELATED
        -A FORWARD -i eth0 -m conntrack --ctstate NEW,INVALID -j DROP
        COMMIT

        """

    let dataplane: Dataplane
    private var clock = Instant(seconds: 1_700_000_000)

    init() throws {
        var spec = NodeSpec(name: "router")
        let location = SourceLocation(file: "test", line: 1)
        let mac = MACAddress(0x0200_0000_0001)
        let peer = MACAddress(0x0200_0000_0a0a)
        spec.interfaces = [
            InterfaceSpec(name: "eth0", mac: mac, addresses: [try #require(IPPrefix("192.0.2.1/24"))]),
            InterfaceSpec(name: "eth1", mac: mac, addresses: [try #require(IPPrefix("10.1.0.1/24"))]),
        ]
        spec.routes = [try RouteText.parse("default via 192.0.2.254 dev eth0", at: location)]
        spec.neighbors = [
            Neighbor(address: IPAddress(ipv4: Self.client), mac: peer, device: "eth1"),
            Neighbor(address: IPAddress(ipv4: 0xc000_02fe), mac: peer, device: "eth0"),
        ]
        spec.sysctls = Sysctls(["net.ipv4.ip_forward": "1"])
        spec.iptables = try IPTablesParser(family: .ipv4).parse(Self.rules)
        dataplane = try Dataplane(spec, seed: 5)
    }

    /// What one frame makes leave: interface and IP packet.
    mutating func send(_ packet: [UInt8], on interface: String) -> [(interface: String, packet: [UInt8])] {
        clock = clock + .milliseconds(1)
        let frame: [UInt8] = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0x0a, 0x0a, 8, 0] + packet
        guard let index = dataplane.interfaceIndex(interface) else { return [] }
        frame.withUnsafeBytes { dataplane.receive($0, on: index, at: clock) }
        var out: [(String, [UInt8])] = []
        dataplane.takeOutputs { out.append((dataplane.interfaceName($0.interface), Array($0.bytes.dropFirst(14)))) }
        return out
    }
}

private func ipv4(_ source: UInt32, _ destination: UInt32, _ ipProtocol: UInt8, _ body: [UInt8]) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 20) + body
    let count = bytes.count
    bytes.withUnsafeMutableBytes { raw in
        guard let base = raw.baseAddress else { return }
        let ip = IPv4Header(base)
        ip.versionAndLength = 0x45
        ip.totalLength = UInt16(count)
        ip.ttl = 64
        ip.protocolNumber = IPProtocol(rawValue: ipProtocol)
        ip.source = source
        ip.destination = destination
        ip.storeChecksum()
        TransportChecksum.store(
            base + 20, length: count - 20, protocolNumber: ip.protocolNumber, family: .ipv4, source: ip.sourceBits,
            destination: ip.destinationBits)
    }
    return bytes
}

private func tcp(
    _ from: (UInt32, UInt16), _ to: (UInt32, UInt16), _ flags: UInt8, sequence: UInt32, ack: UInt32, _ text: String = ""
) -> [UInt8] {
    var header = [UInt8](repeating: 0, count: 20)
    header.withUnsafeMutableBytes { raw in
        guard let base = raw.baseAddress else { return }
        let tcp = TCPHeader(base)
        tcp.sourcePort = from.1
        tcp.destinationPort = to.1
        tcp.sequence = sequence
        tcp.acknowledgement = ack
        tcp.headerLength = 20
        tcp.flags = TCPFlags(rawValue: flags)
        tcp.window = 8000
    }
    return ipv4(from.0, to.0, 6, header + Array(text.utf8))
}

private func udp(_ from: (UInt32, UInt16), _ to: (UInt32, UInt16), _ data: [UInt8]) -> [UInt8] {
    let length = 8 + data.count
    let ports = [from.1, to.1, UInt16(length), 0].flatMap { [UInt8($0 >> 8), UInt8($0 & 255)] }
    return ipv4(from.0, to.0, 17, ports + data)
}

private func word(_ packet: [UInt8], _ at: Int) -> UInt32 {
    packet[at..<(at + 4)].reduce(0) { $0 << 8 | UInt32($1) }
}

@Suite struct HelperTests {
    private let client = (Router.client, UInt16(40000))
    private let server = (Router.server, UInt16(21))
    private let outside = (Router.own, UInt16(40000))

    /// Handshake, greeting and a first command: both ends of the line are known then.
    private func begin(_ router: inout Router) {
        _ = router.send(tcp(client, server, 0x02, sequence: 1000, ack: 0), on: "eth1")
        _ = router.send(tcp(server, outside, 0x12, sequence: 5000, ack: 1001), on: "eth0")
        _ = router.send(tcp(client, server, 0x10, sequence: 1001, ack: 5001), on: "eth1")
        _ = router.send(tcp(server, outside, 0x18, sequence: 5001, ack: 1001, "220 hi\r\n"), on: "eth0")
        _ = router.send(tcp(client, server, 0x18, sequence: 1001, ack: 5009, "USER a\r\n"), on: "eth1")
    }

    @Test func activeFTPThroughMasquerade() throws {
        var router = try Router()
        begin(&router)
        let command = "PORT 10,1,0,10,160,1\r\n"
        let out = router.send(tcp(client, server, 0x18, sequence: 1009, ack: 5009, command), on: "eth1")
        let sent = try #require(out.first?.packet)
        let text = String(decoding: sent[40...], as: UTF8.self)
        #expect(text == "PORT 192,0,2,1,160,1\r\n")
        let intact = sent.withUnsafeBytes { raw in
            TransportChecksum.isValid(
                raw.baseAddress! + 20, length: raw.count - 20, protocolNumber: .tcp, family: .ipv4,
                source: AddressBits(ipv4: Router.own), destination: AddressBits(ipv4: Router.server))
        }
        #expect(intact)

        // What follows is shifted, and the server's acknowledgements are shifted back.
        let growth = UInt32(text.utf8.count - command.utf8.count)
        let next = 1009 + UInt32(command.utf8.count)
        let later = router.send(tcp(client, server, 0x18, sequence: next, ack: 5009, "LIST\r\n"), on: "eth1")
        #expect(word(try #require(later.first?.packet), 24) == next + growth)
        let answer = router.send(tcp(server, outside, 0x10, sequence: 5009, ack: next + growth), on: "eth0")
        #expect(word(try #require(answer.first?.packet), 28) == next)

        // The data connection is expected: RELATED, and sent on to the client.
        let data = router.send(
            tcp((Router.server, 20), (Router.own, 40961), 0x02, sequence: 1, ack: 0), on: "eth0")
        let forwarded = try #require(data.first)
        #expect(forwarded.interface == "eth1" && word(forwarded.packet, 16) == Router.client)
        #expect(word(forwarded.packet, 20) == 20 << 16 | 40961)
        // Only once.
        let other = router.send(
            tcp((Router.server, 22), (Router.own, 40961), 0x02, sequence: 1, ack: 0), on: "eth0")
        #expect(other.allSatisfy { $0.interface != "eth1" })
        let related = try #require(router.dataplane.ruleSet(.ipv4)[.filter]?.chains.first { $0.name == "FORWARD" })
        #expect(related.rules[0].counters.packets == 1)
        #expect(router.dataplane.connections().contains { $0.helper == "ftp" })
    }

    @Test func passiveFTP() throws {
        var router = try Router()
        begin(&router)
        _ = router.send(tcp(client, server, 0x18, sequence: 1009, ack: 5009, "PASV\r\n"), on: "eth1")
        let line = "227 Entering Passive Mode (198,51,100,7,4,1)\r\n"
        let out = router.send(tcp(server, outside, 0x18, sequence: 5009, ack: 1015, line), on: "eth0")
        #expect(String(decoding: try #require(out.first?.packet)[40...], as: UTF8.self) == line)
        let data = router.send(
            tcp((Router.client, 40001), (Router.server, 1025), 0x02, sequence: 1, ack: 0), on: "eth1")
        #expect(data.first?.interface == "eth0")
        #expect(router.dataplane.connections().filter { $0.ipProtocol == .tcp }.count == 2)
    }

    @Test func tftpAnswersFromAnotherPort() throws {
        var router = try Router()
        _ = router.send(udp(client, (Router.server, 69), [0, 1, 97, 0, 98, 0]), on: "eth1")
        let answer = router.send(udp((Router.server, 3000), outside, [0, 3, 0, 1, 1, 2]), on: "eth0")
        let forwarded = try #require(answer.first)
        #expect(forwarded.interface == "eth1" && word(forwarded.packet, 16) == Router.client)
        #expect(word(forwarded.packet, 20) == 3000 << 16 | 40000)
        let stranger = router.send(udp((0xc633_6408, 3000), outside, [0, 3, 0, 1, 1, 2]), on: "eth0")
        #expect(stranger.allSatisfy { $0.interface != "eth1" })
    }
}
