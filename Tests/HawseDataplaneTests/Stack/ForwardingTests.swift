import HawseModel
import HawseWire
import Testing

@testable import HawseDataplane

@Suite struct ForwardingTests {
    @Test func forwardedPacketHasNewLinkHeaderTTLAndChecksum() throws {
        var node = try StackNode()
        let packet = Frame.udp("10.1.0.10", "198.51.100.7")
        let out = try node.receive(Frame.ethernet(StackNode.eth1, StackNode.client, packet), on: "eth1")
        var expected = packet
        expected[8] = 63
        // One less in the TTL's byte is one more in the checksum's high byte.
        expected[10] &+= 1
        #expect(out == [.init(interface: "eth0", bytes: Frame.ethernet(StackNode.server, StackNode.eth0, expected))])
    }

    @Test func lastHopIsAnsweredWithTimeExceeded() throws {
        var node = try StackNode()
        let packet = Frame.udp("10.1.0.10", "198.51.100.7", payload: 600, ttl: 1, tos: 0x48)
        let out = try node.receive(Frame.ethernet(StackNode.eth1, StackNode.client, packet), on: "eth1")
        try #require(out.count == 1 && out[0].interface == "eth1")
        let answer = out[0].bytes
        #expect(answer.count == 14 + 576)
        #expect(answer[15] == 0xc8)
        #expect(answer[22] == 64)
        #expect(Array(answer[26..<34]) == [10, 1, 0, 1, 10, 1, 0, 10])
        #expect(Array(answer[34..<36]) == [11, 0])
        #expect(Array(answer[42...]) == Array(packet[0..<548]))
        answer.withUnsafeBytes { bytes in
            #expect(InternetChecksum.sum(bytes.baseAddress! + 34, count: bytes.count - 34) == 0xffff)
            #expect(InternetChecksum.sum(bytes.baseAddress! + 14, count: 20) == 0xffff)
        }
    }

    @Test(arguments: [
        ("unreachable", Route.Kind.unreachable, UInt8(1)), ("prohibit", .prohibit, 13),
    ])
    func refusingRoutesAnswer(name: String, kind: Route.Kind, code: UInt8) throws {
        let prefix = try StackNode.prefix("203.0.113.0/24")
        var node = try StackNode { $0.routes.append(Route(kind: kind, destination: prefix)) }
        let packet = Frame.udp("10.1.0.10", "203.0.113.5")
        let out = try node.receive(Frame.ethernet(StackNode.eth1, StackNode.client, packet), on: "eth1")
        try #require(out.count == 1)
        #expect(Array(out[0].bytes[34..<36]) == [3, code], "\(name)")
    }

    @Test func blackholeIsSilentAndMartiansAreDropped() throws {
        let prefix = try StackNode.prefix("203.0.113.0/24")
        var node = try StackNode { $0.routes.append(Route(kind: .blackhole, destination: prefix)) }
        for (source, destination) in [
            ("10.1.0.10", "203.0.113.5"), ("127.0.0.1", "198.51.100.7"), ("10.1.0.1", "198.51.100.7"),
            ("224.0.0.1", "198.51.100.7"), ("10.1.0.10", "127.0.0.1"),
        ] {
            let packet = Frame.udp(source, destination)
            let out = try node.receive(Frame.ethernet(StackNode.eth1, StackNode.client, packet), on: "eth1")
            #expect(out.isEmpty, "\(source) to \(destination)")
        }
    }

    @Test func fiveRouteErrorsAtOnceThenOneASecond() throws {
        let prefix = try StackNode.prefix("203.0.113.0/24")
        var node = try StackNode {
            $0.routes.append(Route(kind: .unreachable, destination: prefix))
            $0.sysctls["net.ipv4.icmp_ratemask"] = "0"
        }
        let frame = Frame.ethernet(StackNode.eth1, StackNode.client, Frame.udp("10.1.0.10", "203.0.113.5"))
        var answered = 0
        for _ in 0..<9 { answered += try node.receive(frame, on: "eth1").count }
        #expect(answered == 5)
        #expect(try node.receive(frame, on: "eth1", after: .seconds(1)).count == 1)
        #expect(try node.receive(frame, on: "eth1").isEmpty)
    }

    @Test func withoutRulesTheLongestPrefixOfLocalAndMainWins() throws {
        let local = try StackNode.prefix("198.18.0.0/16")
        let inside = try StackNode.prefix("198.18.5.0/24")
        let gateway = try StackNode.address("192.0.2.20")
        func node(_ rules: [RoutingRule]) throws -> StackNode {
            try StackNode {
                $0.routes.append(Route(kind: .local, destination: local, nextHops: [.init(device: "lo")], table: 255))
                $0.routes.append(Route(destination: inside, nextHops: [.init(gateway: gateway, device: "eth0")]))
                $0.rules += rules
            }
        }
        let frame = Frame.ethernet(StackNode.eth1, StackNode.client, Frame.udp("10.1.0.10", "198.18.5.5"))
        var merged = try node([])
        #expect(try merged.receive(frame, on: "eth1").first?.interface == "eth0")
        // Once somebody used `ip rule`, local is looked at first: the packet is for the node, and no port is open.
        var apart = try node([RoutingRule(priority: 100, mark: MaskedValue(value: 9), action: .lookup(table: 100))])
        #expect(try apart.receive(frame, on: "eth1").first?.interface == "eth1")
    }

    @Test func multipathKeepsAPairOfAddressesOnOneHop() throws {
        let a = try StackNode.address("192.0.2.20")
        let b = try StackNode.address("192.0.2.254")
        let prefix = try StackNode.prefix("203.0.113.0/24")
        let other = MACAddress(0x0200_0000_0bfe)
        var node = try StackNode {
            $0.neighbors[0].mac = other
            $0.routes.append(
                Route(
                    destination: prefix,
                    nextHops: [.init(gateway: a, device: "eth0"), .init(gateway: b, device: "eth0", weight: 3)]))
        }
        var seen: [MACAddress: Int] = [:]
        for host in 1..<200 {
            var chosen: Set<[UInt8]> = []
            for port in UInt16(1)..<4 {
                let packet = Frame.udp("10.1.0.10", "203.0.113.\(host)", port: port)
                let out = try node.receive(Frame.ethernet(StackNode.eth1, StackNode.client, packet), on: "eth1")
                try #require(out.count == 1)
                chosen.insert(Array(out[0].bytes[0..<6]))
                let mac = out[0].bytes.withUnsafeBytes { $0.baseAddress!.loadMAC(at: 0) }
                seen[mac, default: 0] += 1
            }
            #expect(chosen.count == 1)
        }
        let share = Double(seen[other] ?? 0) / 597
        #expect(share > 0.6 && share < 0.9)
    }

    @Test func largePacketsLeaveInPiecesOrAreRefused() throws {
        var node = try StackNode { $0.interfaces[0].mtu = 600 }
        let packet = Frame.udp("10.1.0.10", "198.51.100.7", payload: 1172)
        let out = try node.receive(Frame.ethernet(StackNode.eth1, StackNode.client, packet), on: "eth1")
        #expect(out.map { $0.bytes.count - 14 } == [596, 596, 48])
        #expect(out.map { UInt16($0.bytes[20]) << 8 | UInt16($0.bytes[21]) } == [0x2000, 0x2000 | 72, 144])
        #expect(out.flatMap { $0.bytes[34...] } == Array(packet[20...]))
        let refused = Frame.udp("10.1.0.10", "198.51.100.7", payload: 1172, dontFragment: true)
        let answer = try node.receive(Frame.ethernet(StackNode.eth1, StackNode.client, refused), on: "eth1")
        try #require(answer.count == 1)
        #expect(Array(answer[0].bytes[34..<36]) == [3, 4])
        #expect(Array(answer[0].bytes[40..<42]) == [2, 88])
    }
}
