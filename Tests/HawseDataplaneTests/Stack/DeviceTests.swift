import HawseModel
import HawseWire
import Testing

@testable import HawseDataplane

/// Devices that the recording kernel does not have: the bytes on the wire by their standards.
@Suite struct DeviceTests {
    private func vlan() throws -> StackNode {
        try StackNode { spec in
            spec.interfaces[1].addresses = []
            spec.interfaces.append(
                InterfaceSpec(
                    name: "eth1.5", kind: .vlan(id: 5, parent: "eth1"), mac: StackNode.eth1,
                    addresses: [IPPrefix(IPAddress(ipv4: 0x0a01_0001), length: 24)]))
            spec.neighbors[2].device = "eth1.5"
        }
    }

    /// IEEE 802.1Q: the tag stands behind the addresses, 0x8100 and the identifier, the type behind it.
    @Test func vlanDevicesTagAndUntag() throws {
        var node = try vlan()
        let packet = Frame.udp("192.0.2.20", "10.1.0.10")
        let out = try node.receive(Frame.ethernet(StackNode.eth0, StackNode.server, packet), on: "eth0")
        try #require(out.count == 1)
        #expect(out[0].interface == "eth1")
        #expect(Array(out[0].bytes[0..<18]) == [2, 0, 0, 0, 10, 10, 2, 0, 0, 0, 1, 2, 0x81, 0, 0, 5, 8, 0])
        #expect(out[0].bytes[26] == 63, "and the packet is forwarded")
        func tagged(_ control: UInt16) -> [UInt8] {
            var frame = Frame.ethernet(StackNode.eth1, StackNode.client, Frame.udp("10.1.0.10", "192.0.2.20"))
            frame.insert(contentsOf: [0x81, 0, UInt8(control >> 8), UInt8(control & 255)], at: 12)
            return frame
        }
        // Priority and drop eligibility do not matter; another tag, or none, is for nobody here.
        for control: UInt16 in [5, 0xb005] {
            let back = try node.receive(tagged(control), on: "eth1")
            #expect(back.map(\.interface) == ["eth0"])
            #expect(back.first.map { Array($0.bytes[12..<14]) } == [8, 0])
        }
        #expect(try node.receive(tagged(6), on: "eth1").isEmpty)
    }

    private func ipip() throws -> StackNode {
        try StackNode { spec in
            spec.interfaces.append(
                InterfaceSpec(
                    name: "tunl", kind: .ipip(IPIPSpec(local: IPAddress(ipv4: 0xc000_0201))), mtu: 1480,
                    addresses: [IPPrefix(IPAddress(ipv4: 0x0a02_0001), length: 32)]))
            spec.routes.append(
                Route(
                    destination: IPPrefix(IPAddress(ipv4: 0x0a02_0500), length: 24),
                    nextHops: [.init(gateway: IPAddress(ipv4: 0xc000_0214), device: "tunl", onlink: true)]))
        }
    }

    /// RFC 2003 as the kernel does it: protocol 4 to the gateway, the inner TTL, DF, ECN by RFC 6040.
    @Test func ipipWrapsAndUnwraps() throws {
        var node = try ipip()
        let inner = Frame.udp("10.1.0.10", "10.2.5.7", ttl: 20, tos: 0xb9)
        let out = try node.receive(Frame.ethernet(StackNode.eth1, StackNode.client, inner), on: "eth1")
        try #require(out.count == 1)
        let frame = out[0].bytes
        #expect(out[0].interface == "eth0")
        #expect(frame.count == 14 + 20 + inner.count)
        #expect(Array(frame[14..<18]) == [0x45, 1, 0, UInt8(20 + inner.count)], "of the TOS only ECN")
        #expect(Array(frame[20..<24]) == [0x40, 0, 19, 4], "DF, the inner TTL after forwarding, protocol")
        #expect(Array(frame[26..<34]) == [192, 0, 2, 1, 192, 0, 2, 20])
        #expect(Array(frame[34..<36]) == [0x45, 0xb9])
        #expect(frame[42] == 19)
        // Back: CE on the outer header reaches the inner one.
        var outer = Array(frame[14..<34])
        outer.replaceSubrange(12..<20, with: [192, 0, 2, 20, 192, 0, 2, 1])
        outer[1] = 3
        outer.withUnsafeMutableBytes { IPv4Header($0.baseAddress!).storeChecksum() }
        let answer = Frame.udp("10.2.5.7", "10.1.0.10", tos: 1)
        let back = try node.receive(Frame.ethernet(StackNode.eth0, StackNode.server, outer + answer), on: "eth0")
        try #require(back.count == 1)
        #expect(back[0].interface == "eth1")
        #expect(back[0].bytes.count == 14 + answer.count)
        #expect(back[0].bytes[15] == 3)
    }

    /// A packet with DF that the outer way cannot take is answered with what is left for it.
    @Test func ipipSaysWhatFits() throws {
        var node = try ipip()
        let inner = Frame.udp("10.1.0.10", "10.2.5.7", payload: 1460, dontFragment: true)
        let out = try node.receive(Frame.ethernet(StackNode.eth1, StackNode.client, inner), on: "eth1")
        try #require(out.count == 1)
        #expect(out[0].interface == "eth1")
        #expect(Array(out[0].bytes[34..<36]) == [3, 4])
        #expect(Array(out[0].bytes[40..<42]) == [1480 >> 8, 1480 & 255])
    }

    /// A dummy swallows, a tun takes and gives bare packets.
    @Test func dummyAndTun() throws {
        var node = try StackNode { spec in
            spec.interfaces.append(
                InterfaceSpec(
                    name: "dummy0", kind: .dummy, mac: MACAddress(0x0200_0000_0103),
                    addresses: [IPPrefix(IPAddress(ipv4: 0x0a05_0001), length: 24)]))
            spec.interfaces.append(
                InterfaceSpec(name: "tun0", kind: .tun, addresses: [IPPrefix(IPAddress(ipv4: 0x0a06_0001), length: 24)]))
        }
        let lost = Frame.ethernet(StackNode.eth1, StackNode.client, Frame.udp("10.1.0.10", "10.5.0.9"))
        #expect(try node.receive(lost, on: "eth1").isEmpty)
        let local = Frame.ethernet(StackNode.eth1, StackNode.client, Frame.udp("10.1.0.10", "10.5.0.1"))
        #expect(try node.receive(local, on: "eth1").count == 1, "its address is the node's: the port is closed")
        let out = try node.receive(
            Frame.ethernet(StackNode.eth1, StackNode.client, Frame.udp("10.1.0.10", "10.6.0.9")), on: "eth1")
        #expect(out.map(\.interface) == ["tun0"])
        #expect(out.first?.bytes.first == 0x45)
        let back = try node.receive(Frame.udp("10.6.0.9", "10.1.0.10"), on: "tun0")
        #expect(back.map(\.interface) == ["eth1"])
        #expect(back.first.map { Array($0.bytes[0..<14]) } == [2, 0, 0, 0, 10, 10, 2, 0, 0, 0, 1, 2, 8, 0])
    }
}
