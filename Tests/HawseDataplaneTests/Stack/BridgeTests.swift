import HawseModel
import HawseWire
import Testing

@testable import HawseDataplane

@Suite struct BridgeTests {
    private static let bridge = MACAddress(0x0200_0000_0301)
    private func pod(_ number: UInt64) -> MACAddress { MACAddress(0x0200_0000_0400 + number) }

    private func node(hairpin: Bool = false) throws -> StackNode {
        let prefix = try StackNode.prefix("10.244.1.1/24")
        return try StackNode {
            for i in 1...3 {
                $0.interfaces.append(
                    InterfaceSpec(
                        name: "veth\(i)", mac: MACAddress(0x0200_0000_0500 + UInt64(i)), bridge: "cni0", hairpin: hairpin))
            }
            $0.interfaces.append(InterfaceSpec(name: "cni0", kind: .bridge, mac: Self.bridge, addresses: [prefix]))
        }
    }

    @Test func unknownMACsAreFloodedLastPortFirstAndLearntOnesAreNot() throws {
        var node = try node()
        let there = Frame.ethernet(pod(2), pod(1), Frame.udp("10.244.1.10", "10.244.1.11"))
        #expect(try node.receive(there, on: "veth1") == ["veth3", "veth2"].map { .init(interface: $0, bytes: there) })
        let back = Frame.ethernet(pod(1), pod(2), Frame.udp("10.244.1.11", "10.244.1.10"))
        #expect(try node.receive(back, on: "veth2") == [.init(interface: "veth1", bytes: back)])
        #expect(try node.receive(there, on: "veth1") == [.init(interface: "veth2", bytes: there)])
        // After 300 s of silence the second pod may be anywhere again.
        #expect(try node.receive(there, on: "veth1", after: .seconds(300)).count == 2)
    }

    @Test func hairpinSendsAFrameBackWhereItCameFrom() throws {
        let frame = Frame.ethernet(pod(1), pod(1), Frame.udp("10.244.1.10", "10.244.1.10"))
        var off = try node()
        #expect(try off.receive(frame, on: "veth1").isEmpty)
        var on = try node(hairpin: true)
        #expect(try on.receive(frame, on: "veth1") == [.init(interface: "veth1", bytes: frame)])
    }

    @Test func framesForTheBridgeAreRouted() throws {
        var node = try node()
        let frame = Frame.ethernet(Self.bridge, pod(1), Frame.udp("10.244.1.10", "198.51.100.7"))
        let out = try node.receive(frame, on: "veth1")
        #expect(out.map(\.interface) == ["eth0"])
        #expect(out.first?.bytes[22] == 63)
    }
}
