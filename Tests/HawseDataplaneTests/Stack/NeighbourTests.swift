import HawseModel
import HawseWire
import Testing

@testable import HawseDataplane

@Suite struct NeighbourTests {
    private static let stranger: UInt32 = 0x0a01_0063
    private static let strangerMAC = MACAddress(0x0200_0000_7701)

    private func request(_ node: inout StackNode) throws -> [StackNode.Output] {
        let packet = Frame.udp("192.0.2.20", "10.1.0.99")
        return try node.receive(Frame.ethernet(StackNode.eth0, StackNode.server, packet), on: "eth0")
    }

    @Test func packetsWaitForTheAnswerAndLeaveInOrder() throws {
        var node = try StackNode()
        let first = try request(&node)
        let question = Frame.arp(1, StackNode.eth1, 0x0a01_0001, .zero, Self.stranger)
        #expect(first == [.init(interface: "eth1", bytes: Frame.ethernet(.broadcast, StackNode.eth1, question, type: 0x0806))])
        let second = Frame.udp("192.0.2.20", "10.1.0.99", identification: 0x1002)
        #expect(try node.receive(Frame.ethernet(StackNode.eth0, StackNode.server, second), on: "eth0").isEmpty)
        let answer = Frame.arp(2, Self.strangerMAC, Self.stranger, StackNode.eth1, 0x0a01_0001)
        let out = try node.receive(Frame.ethernet(StackNode.eth1, Self.strangerMAC, answer, type: 0x0806), on: "eth1")
        #expect(out.map { Array($0.bytes[18..<20]) } == [[0x10, 0x01], [0x10, 0x02]])
        #expect(out.allSatisfy { $0.bytes.starts(with: [2, 0, 0, 0, 0x77, 1]) })
    }

    @Test func threeQuestionsThenHostUnreachable() throws {
        var node = try StackNode()
        #expect(try request(&node).count == 1)
        #expect(node.wait(.milliseconds(999)).isEmpty)
        #expect(node.wait(.milliseconds(1)).count == 1)
        #expect(node.wait(.seconds(1)).count == 1)
        let end = node.wait(.seconds(1))
        try #require(end.count == 1)
        #expect(end[0].interface == "eth0")
        #expect(Array(end[0].bytes[34..<36]) == [3, 1])
        #expect(node.wait(.seconds(60)).isEmpty)
    }

    @Test func gratuitousMessagesTeachNothingNew() throws {
        var node = try StackNode()
        let claim = Frame.arp(1, Self.strangerMAC, Self.stranger, .zero, Self.stranger)
        #expect(try node.receive(Frame.ethernet(.broadcast, Self.strangerMAC, claim, type: 0x0806), on: "eth1").isEmpty)
        #expect(try request(&node).first?.bytes[12...13].elementsEqual([8, 6]) == true)
    }

    @Test func whoAsksIsKnownFromThenOn() throws {
        var node = try StackNode()
        let question = Frame.arp(1, Self.strangerMAC, Self.stranger, .zero, 0x0a01_0001)
        let answer = try node.receive(Frame.ethernet(.broadcast, Self.strangerMAC, question, type: 0x0806), on: "eth1")
        let expected = Frame.arp(2, StackNode.eth1, 0x0a01_0001, Self.strangerMAC, Self.stranger)
        #expect(answer == [.init(interface: "eth1", bytes: Frame.ethernet(Self.strangerMAC, StackNode.eth1, expected, type: 0x0806))])
        #expect(try request(&node).first?.bytes[12...13].elementsEqual([8, 0]) == true)
        // Only seen, never confirmed: after five seconds it is asked again, now directly.
        let probe = node.wait(.seconds(5))
        #expect(probe.map { Array($0.bytes[0..<6]) } == [[2, 0, 0, 0, 0x77, 1]])
    }

    /// `net.ipv4.neigh.<device>`: each device asks in its own way.
    @Test func devicesHaveTheirOwnSettings() throws {
        var node = try StackNode { spec in
            spec.sysctls["net.ipv4.neigh.eth1.retrans_time_ms"] = "200"
            spec.sysctls["net.ipv4.neigh.eth1.mcast_solicit"] = "5"
            spec.sysctls["net.ipv4.neigh.default.mcast_solicit"] = "1"
            spec.sysctls["net.ipv4.neigh.eth1.app_solicit"] = "1"
        }
        #expect(try request(&node).isEmpty, "a program would be asked first")
        // Five questions, 200 ms apart, then the error.
        for _ in 0..<5 { #expect(node.wait(.milliseconds(200)).map { Array($0.bytes[12..<14]) } == [[8, 6]]) }
        #expect(node.wait(.milliseconds(200)).map { Array($0.bytes[34..<36]) } == [[3, 1]])
        // On eth0 one question is enough.
        let packet = Frame.ethernet(StackNode.eth1, StackNode.client, Frame.udp("10.1.0.10", "192.0.2.99"))
        #expect(try node.receive(packet, on: "eth1").count == 1)
        #expect(node.wait(.milliseconds(999)).isEmpty)
        #expect(node.wait(.milliseconds(1)).map(\.interface) == ["eth1"])
    }

    /// With `unres_qlen_bytes` 0 nobody waits; `locktime` decides when a neighbour may have moved.
    @Test func queueAndLock() throws {
        var node = try StackNode { spec in
            spec.sysctls["net.ipv4.neigh.eth1.unres_qlen_bytes"] = "0"
            spec.sysctls["net.ipv4.neigh.eth1.locktime"] = "0"
        }
        #expect(try request(&node).count == 1)
        let second = Frame.udp("192.0.2.20", "10.1.0.99", identification: 0x1002)
        _ = try node.receive(Frame.ethernet(StackNode.eth0, StackNode.server, second), on: "eth0")
        let answer = Frame.arp(2, Self.strangerMAC, Self.stranger, StackNode.eth1, 0x0a01_0001)
        let out = try node.receive(Frame.ethernet(StackNode.eth1, Self.strangerMAC, answer, type: 0x0806), on: "eth1")
        #expect(out.map { Array($0.bytes[18..<20]) } == [[0x10, 0x02]], "only the latest")
        // Another MAC a millisecond later: believed at once, as nothing is locked.
        let moved = MACAddress(0x0200_0000_7702)
        let other = Frame.arp(2, moved, Self.stranger, StackNode.eth1, 0x0a01_0001)
        _ = try node.receive(Frame.ethernet(StackNode.eth1, moved, other, type: 0x0806), on: "eth1", after: .milliseconds(1))
        #expect(try request(&node).first.map { Array($0.bytes[0..<6]) } == [2, 0, 0, 0, 0x77, 2])
    }

    private func asks(_ node: inout StackNode, _ numbers: ClosedRange<UInt32>) throws {
        for number in numbers {
            let question = Frame.arp(1, Self.strangerMAC, 0x0a01_0000 + number, .zero, 0x0a01_0001)
            _ = try node.receive(Frame.ethernet(.broadcast, Self.strangerMAC, question, type: 0x0806), on: "eth1")
        }
    }

    /// `neigh_periodic_work`: below `gc_thresh1` nobody goes; above it, who has not been used for `gc_stale_time`.
    @Test func entriesThatNobodyUsesAreCollected() throws {
        var node = try StackNode { $0.sysctls["net.ipv4.neigh.default.gc_thresh1"] = "20" }
        try asks(&node, 20...29)
        _ = node.wait(.seconds(200))
        #expect(node.dataplane.neighborStates().count { $0.state == .stale } == 10)
        try asks(&node, 30...49)
        #expect(node.dataplane.neighborStates().count { $0.state == .stale } == 30)
        _ = node.wait(.seconds(50))
        #expect(node.dataplane.neighborStates().count { $0.state == .stale } == 20)
        // Once there are fewer than 20, three permanent ones included, the rest stays however old it is.
        _ = node.wait(.seconds(500))
        #expect((1..<17).contains(node.dataplane.neighborStates().count { $0.state == .stale }))
    }

    /// `neigh_forced_gc`: a full table makes room only among entries that have not changed for five seconds.
    @Test func aFullTableMakesRoomAmongOldEntries() throws {
        var node = try StackNode {
            $0.sysctls["net.ipv4.neigh.default.gc_thresh2"] = "8"
            $0.sysctls["net.ipv4.neigh.default.gc_thresh3"] = "10"
        }
        try asks(&node, 20...35)
        #expect(node.dataplane.neighborStates().count { $0.state == .stale } == 10)
        _ = node.wait(.seconds(6))
        try asks(&node, 40...41)
        let stale = node.dataplane.neighborStates().filter { $0.state == .stale }.map { "\($0.address)" }
        #expect(stale.contains("10.1.0.40") && stale.contains("10.1.0.41") && stale.count <= 10, "\(stale)")
    }

    /// A reachable neighbour that nobody uses becomes stale when its time is up, and time goes on.
    @Test func reachableEndsByItself() throws {
        var node = try StackNode()
        _ = try request(&node)
        let answer = Frame.arp(2, Self.strangerMAC, Self.stranger, StackNode.eth1, 0x0a01_0001)
        _ = try node.receive(Frame.ethernet(StackNode.eth1, Self.strangerMAC, answer, type: 0x0806), on: "eth1")
        #expect(node.dataplane.neighborStates().count { $0.state == .reachable } == 1)
        _ = node.wait(.seconds(120))
        #expect(node.dataplane.neighborStates().count { $0.state == .stale } == 1)
    }
}
