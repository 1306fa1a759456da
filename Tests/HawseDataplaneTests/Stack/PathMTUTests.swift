import HawseModel
import HawseWire
import Testing

@testable import HawseDataplane

/// What errors and redirects teach a node about its own packets' ways.
@Suite struct PathMTUTests {
    private static let far: UInt32 = 0xc633_6407
    private static let other = MACAddress(0x0200_0000_0b15)

    private func node(_ change: (inout NodeSpec) -> Void = { _ in }) throws -> StackNode {
        let neighbour = try StackNode.address("192.0.2.21")
        return try StackNode {
            $0.neighbors.append(Neighbor(address: neighbour, mac: Self.other, device: "eth0"))
            change(&$0)
        }
    }

    /// An IPv4 packet around an ICMP message, from a host behind eth0 to the node.
    private func icmp(_ source: UInt32, type: UInt8, code: UInt8 = 0, rest: UInt32 = 0, _ data: [UInt8]) -> [UInt8] {
        var packet = [UInt8](repeating: 0, count: 28) + data
        packet.withUnsafeMutableBytes {
            guard let base = $0.baseAddress else { return }
            let ip = IPv4Header(base)
            ip.versionAndLength = 0x45
            ip.totalLength = UInt16(28 + data.count)
            ip.identification = 0x2222
            ip.ttl = 64
            ip.protocolNumber = .icmp
            ip.source = source
            ip.destination = 0xc000_0201
            ip.storeChecksum()
            let message = ICMPHeader(base + 20)
            message.type = type
            message.code = code
            message.rest = rest
            message.checksum = InternetChecksum.checksum(base + 20, count: 8 + data.count)
        }
        return Frame.ethernet(StackNode.eth0, StackNode.server, packet)
    }

    private func echo(_ node: inout StackNode, size: Int = 1400) throws -> [StackNode.Output] {
        try node.receive(icmp(Self.far, type: 8, rest: 7, [UInt8](repeating: 1, count: size - 28)), on: "eth0")
    }

    private func tell(_ node: inout StackNode, type: UInt8, code: UInt8, rest: UInt32, about packet: StackNode.Output) throws {
        #expect(
            try node.receive(icmp(0xc000_02fe, type: type, code: code, rest: rest, Array(packet.bytes[14..<80])), on: "eth0").isEmpty)
    }

    private func lengths(_ outputs: [StackNode.Output]) -> [Int] {
        outputs.map { Int($0.bytes[16]) << 8 | Int($0.bytes[17]) }
    }

    @Test func fragmentationNeededCountsForTenMinutes() throws {
        var node = try node()
        let first = try echo(&node)
        #expect(lengths(first) == [1400])
        try tell(&node, type: 3, code: 4, rest: 1000, about: first[0])
        #expect(lengths(try echo(&node)) == [996, 424])
        // A larger value later changes nothing, and forwarded packets do not care.
        try tell(&node, type: 3, code: 4, rest: 1200, about: first[0])
        #expect(lengths(try echo(&node)) == [996, 424])
        let through = Frame.udp("10.1.0.10", "198.51.100.7", payload: 1300)
        #expect(lengths(try node.receive(Frame.ethernet(StackNode.eth1, StackNode.client, through), on: "eth1")) == [1328])
        _ = node.wait(.seconds(601))
        #expect(lengths(try echo(&node)) == [1400])
    }

    @Test func verySmallValuesAreRaisedAndLocked() throws {
        var node = try node()
        try tell(&node, type: 3, code: 4, rest: 68, about: echo(&node)[0])
        #expect(lengths(try echo(&node)) == [548, 548, 344])
        var deaf = try self.node { $0.sysctls["net.ipv4.ip_no_pmtu_disc"] = "2" }
        try tell(&deaf, type: 3, code: 4, rest: 1000, about: echo(&deaf)[0])
        #expect(lengths(try echo(&deaf)) == [1400])
    }

    @Test func aQuotationOfSomebodyElsesPacketTeachesNothing() throws {
        var node = try node()
        var reply = try echo(&node)[0]
        reply.bytes[14 + 12 + 3] ^= 0x40
        try tell(&node, type: 3, code: 4, rest: 1000, about: reply)
        #expect(lengths(try echo(&node)) == [1400])
    }

    @Test func redirectsFromTheGatewayAreFollowed() throws {
        var node = try node()
        let reply = try echo(&node, size: 100)[0]
        #expect(reply.bytes.starts(with: [2, 0, 0, 0, 0x0b, 0x14]))
        try tell(&node, type: 5, code: 1, rest: 0xc000_0215, about: reply)
        #expect(try echo(&node, size: 100)[0].bytes.starts(with: [2, 0, 0, 0, 0x0b, 0x15]))
        var deaf = try self.node { $0.sysctls["net.ipv4.conf.all.accept_redirects"] = "0" }
        try tell(&deaf, type: 5, code: 1, rest: 0xc000_0215, about: echo(&deaf, size: 100)[0])
        #expect(try echo(&deaf, size: 100)[0].bytes.starts(with: [2, 0, 0, 0, 0x0b, 0x14]))
    }
}
