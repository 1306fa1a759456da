import HawseModel
import HawseWire
import Testing

@testable import HawseDataplane

/// `bridge link set dev … learning, flood, isolated`.
@Suite struct BridgePortTests {
    private func pod(_ number: UInt64) -> MACAddress { MACAddress(0x0200_0000_0400 + number) }

    private func node(ageing: Double = 300, _ change: @escaping (Int, inout BridgePort) -> Void) throws -> StackNode {
        try StackNode {
            for i in 1...3 {
                var device = InterfaceSpec(name: "veth\(i)", mac: MACAddress(0x0200_0000_0500 + UInt64(i)), bridge: "cni0")
                change(i, &device.port)
                $0.interfaces.append(device)
            }
            var bridge = InterfaceSpec(name: "cni0", kind: .bridge, mac: MACAddress(0x0200_0000_0301))
            bridge.ageing = ageing
            $0.interfaces.append(bridge)
        }
    }

    private func frame(_ destination: MACAddress) -> [UInt8] {
        Frame.ethernet(destination, pod(1), Frame.udp("10.244.1.10", "10.244.1.11"))
    }

    private func ports(_ node: inout StackNode, _ frame: [UInt8], on port: String = "veth1") throws -> [String] {
        try node.receive(frame, on: port).map(\.interface).sorted()
    }

    @Test func aPortThatDoesNotLearnIsFloodedForEver() throws {
        var node = try node { number, port in port.learns = number != 1 }
        _ = try ports(&node, frame(pod(2)))
        let back = Frame.ethernet(pod(1), pod(2), Frame.udp("10.244.1.11", "10.244.1.10"))
        #expect(try ports(&node, back, on: "veth2") == ["veth1", "veth3"])
        #expect(try ports(&node, frame(pod(2))) == ["veth2"])
    }

    @Test func eachKindOfFloodHasItsSwitch() throws {
        var node = try node { number, port in
            if number == 2 { port.floods = false }
            if number == 3 { (port.floodsMulticast, port.floodsBroadcast) = (number != 3, number != 3) }
        }
        #expect(try ports(&node, frame(pod(9))) == ["veth3"])
        #expect(try ports(&node, frame(MACAddress(0x0100_5e00_0005))) == ["veth2"])
        #expect(try ports(&node, frame(.broadcast)) == ["veth2"])
    }

    @Test func isolatedPortsReachTheOthersOnly() throws {
        var node = try node { number, port in port.isIsolated = number != 3 }
        #expect(try ports(&node, frame(.broadcast)) == ["veth3"])
        #expect(try ports(&node, frame(.broadcast), on: "veth3") == ["veth1", "veth2"])
    }

    @Test func ageingIsTheBridges() throws {
        var node = try node(ageing: 10) { _, _ in }
        let back = Frame.ethernet(pod(1), pod(2), Frame.udp("10.244.1.11", "10.244.1.10"))
        _ = try ports(&node, back, on: "veth2")
        #expect(try ports(&node, frame(pod(2))) == ["veth2"])
        #expect(node.wait(.seconds(11)).isEmpty)
        #expect(try ports(&node, frame(pod(2))) == ["veth2", "veth3"])
    }
}
