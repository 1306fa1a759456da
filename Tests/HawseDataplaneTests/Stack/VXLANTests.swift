import HawseModel
import HawseWire
import Testing

@testable import HawseDataplane

@Suite struct VXLANTests {
    private static let own = MACAddress(0xaabb_cc00_0000)
    private static let peer = MACAddress(0xaabb_cc00_0001)

    private func node(mtu: Int = 1500, isTracked: Bool = false, _ change: (inout VXLANSpec) -> Void = { _ in }) throws -> StackNode {
        let pods = try StackNode.prefix("10.244.2.0/24")
        let vtep = try StackNode.address("10.244.2.0")
        let own = try StackNode.prefix("10.244.1.0/32")
        let local = try StackNode.address("192.0.2.1")
        let remote = try StackNode.address("192.0.2.20")
        var vxlan = VXLANSpec(vni: 1, local: local, device: "eth0")
        change(&vxlan)
        return try StackNode {
            $0.interfaces[0].mtu = mtu
            $0.interfaces.append(
                InterfaceSpec(
                    name: "flannel.1", kind: .vxlan(vxlan), mac: Self.own,
                    mtu: 1450, addresses: [own]))
            $0.routes.append(
                Route(destination: pods, nextHops: [.init(gateway: vtep, device: "flannel.1", onlink: true)]))
            $0.neighbors.append(Neighbor(address: vtep, mac: Self.peer, device: "flannel.1"))
            $0.forwarding.append(ForwardingEntry(mac: Self.peer, device: "flannel.1", destination: remote))
            if isTracked {
                var filter = Table.builtin(.filter)
                filter.chains[1].rules = [Rule(matches: [.conntrack(ConntrackMatch(states: [.established]))], target: .accept)]
                $0.iptables = RuleSet(family: .ipv4, tables: [.builtin(.nat), filter])
            }
        }
    }

    private func encapsulated(_ node: inout StackNode, port: UInt16, tos: UInt8 = 0) throws -> [UInt8] {
        let packet = Frame.udp("10.1.0.10", "10.244.2.9", port: port, tos: tos)
        let out = try node.receive(Frame.ethernet(StackNode.eth1, StackNode.client, packet), on: "eth1")
        try #require(out.count == 1 && out[0].interface == "eth0")
        return out[0].bytes
    }

    @Test func outerHeaders() throws {
        var node = try node()
        let frame = try encapsulated(&node, port: 53)
        #expect(Array(frame[26..<34]) == [192, 0, 2, 1, 192, 0, 2, 20])
        #expect(frame[15] == 0 && frame[20] & 0x40 == 0 && frame[22] == 64 && frame[23] == 17)
        #expect(Array(frame[36..<38]) == [0x21, 0x18])
        #expect(Array(frame[42..<50]) == [8, 0, 0, 0, 0, 0, 1, 0])
        #expect(Array(frame[50..<62]) == [0xaa, 0xbb, 0xcc, 0, 0, 1, 0xaa, 0xbb, 0xcc, 0, 0, 0])
        #expect(frame[40] != 0 || frame[41] != 0)
        frame.withUnsafeBytes { bytes in
            let udp = bytes.baseAddress! + 34
            #expect(
                TransportChecksum.isValid(
                    udp, length: bytes.count - 34, protocolNumber: .udp, family: .ipv4,
                    source: AddressBits(ipv4: 0xc000_0201), destination: AddressBits(ipv4: 0xc000_0214)))
        }
    }

    @Test func optionsOfTheOuterHeader() throws {
        var node = try node {
            $0.dontFragment = .set
            $0.ttl = 9
            $0.tos = 0x10
            $0.udpChecksum = false
            $0.sourcePorts = 5000...5003
        }
        let frame = try encapsulated(&node, port: 53, tos: 2)
        #expect(frame[15] == 0x12 && frame[20] & 0x40 != 0 && frame[22] == 9)
        #expect(frame[40] == 0 && frame[41] == 0)
        #expect((5000...5003).contains(Int(frame[34]) << 8 | Int(frame[35])))
        var inheriting = try self.node {
            $0.dontFragment = .inherit
            $0.inheritsTTL = true
            $0.tos = 1
        }
        let other = try encapsulated(&inheriting, port: 53, tos: 0xb9)
        #expect(other[15] == 0xb9 && other[20] & 0x40 == 0 && other[22] == 63)
    }

    @Test func oneFlowOneSourcePortWithinTheRange() throws {
        var node = try node()
        var ports: Set<UInt16> = []
        for port in UInt16(1)...64 {
            let a = try encapsulated(&node, port: port)
            let b = try encapsulated(&node, port: port)
            #expect(a[34...35].elementsEqual(b[34...35]))
            ports.insert(UInt16(a[34]) << 8 | UInt16(a[35]))
        }
        #expect(ports.count > 32)
        #expect(ports.allSatisfy { (32768...60999).contains($0) })
    }

    @Test(arguments: [(UInt8(0), UInt8(0)), (1, 1), (2, 2), (3, 2), (0xb8, 0), (0xbb, 2)])
    func outerTOSIsECNOnly(inner: UInt8, outer: UInt8) throws {
        var node = try node()
        #expect(try encapsulated(&node, port: 1, tos: inner)[15] == outer)
    }

    @Test func decapsulationAndWhatItRefuses() throws {
        var node = try node()
        let inner = Frame.ethernet(Self.own, Self.peer, Frame.udp("10.244.2.9", "10.1.0.10"))
        func outer(_ flags: UInt8 = 8, vni: UInt8 = 1, _ frame: [UInt8]? = nil, tos: UInt8 = 0) -> [UInt8] {
            let payload = [flags, 0, 0, 0, 0, 0, vni, 0] + (frame ?? inner)
            var packet = Frame.udp("192.0.2.20", "192.0.2.1", port: 8472, sourcePort: 33333, payload: payload.count, tos: tos)
            packet.replaceSubrange(28..., with: payload)
            packet[26] = 0
            packet[27] = 0
            return Frame.ethernet(StackNode.eth0, StackNode.server, packet)
        }
        #expect(try node.receive(outer(), on: "eth0").map(\.interface) == ["eth1"])
        #expect(try node.receive(outer(0), on: "eth0").isEmpty)
        #expect(try node.receive(outer(0x88), on: "eth0").isEmpty)
        #expect(try node.receive(outer(8, vni: 2), on: "eth0").isEmpty)
        let looped = Frame.ethernet(Self.own, Self.own, Frame.udp("10.244.2.9", "10.1.0.10"))
        #expect(try node.receive(outer(8, looped), on: "eth0").isEmpty)
        // Congestion on the way and an inner packet that cannot say so.
        #expect(try node.receive(outer(8, tos: 3), on: "eth0").isEmpty)
        let capable = Frame.ethernet(Self.own, Self.peer, Frame.udp("10.244.2.9", "10.1.0.10", tos: 2))
        #expect(try node.receive(outer(8, capable, tos: 3), on: "eth0").first?.bytes[15] == 3)
    }

    @Test func theDeviceFitsItsUnderlay() throws {
        var node = try node(mtu: 1400)
        let packet = Frame.udp("10.1.0.10", "10.244.2.9", payload: 1350, dontFragment: true)
        let out = try node.receive(Frame.ethernet(StackNode.eth1, StackNode.client, packet), on: "eth1")
        try #require(out.count == 1 && out[0].interface == "eth1")
        #expect(Array(out[0].bytes[40..<42]) == [5, 70])
    }

    /// The tunnel's connections are leased to the packets of known flows. Whoever looks at them, at whatever time, sees what
    /// they are without that: when listed, when they run out, when the table is full, when others send by the same port.
    @Test(arguments: [UInt64(1), 2, 3])
    func tunnelConnectionsLiveAsLongAsWithoutFlowCache(_ seed: UInt64) throws {
        let range: (inout VXLANSpec) -> Void = { $0.sourcePorts = 5000...5011 }
        var nodes = [try node(isTracked: true, range), try node(isTracked: true, range)]
        nodes[1].dataplane.usesFlowCache = false
        var chance = RandomStream(seed: seed, purpose: "leases")
        var looked = 0
        for step in 0..<1500 {
            // One in fifty waits long enough for some to run out, and for others not.
            let pause: Int64 = chance.below(50) == 0 ? Int64(chance.below(32)) * 1_000_000_000 : Int64(chance.below(400)) * 1_000_000
            let port = UInt16(chance.below(40)) + 1
            let tos: UInt8 = chance.below(8) == 0 ? 0x10 : 0
            let looks = chance.below(20) == 0
            let answers = chance.below(60) == 0
            var frames: [[StackNode.Output]] = []
            var listings: [[String]] = []
            for index in nodes.indices {
                nodes[index].now = nodes[index].now + pause
                let packet = Frame.udp("10.1.0.10", "10.244.2.9", port: port, tos: tos)
                var out = try nodes[index].receive(Frame.ethernet(StackNode.eth1, StackNode.client, packet), on: "eth1")
                if answers {
                    // What nobody has asked of the peer: from then on the connection has another time.
                    let answer = Frame.udp("192.0.2.20", "192.0.2.1", port: 5000 + port % 12, sourcePort: 8472)
                    out += try nodes[index].receive(Frame.ethernet(StackNode.eth0, StackNode.server, answer), on: "eth0")
                }
                frames.append(out)
                listings.append(looks ? nodes[index].dataplane.connections().map { "\($0)" }.sorted() : [])
            }
            try #require(frames[0] == frames[1] && listings[0] == listings[1], "step \(step)")
            looked += listings[0].count
        }
        #expect(looked > 500)
        #expect(nodes[0].dataplane.knownFlowCounts.encapsulated > 500, "\(nodes[0].dataplane.knownFlowCounts)")
    }
}
