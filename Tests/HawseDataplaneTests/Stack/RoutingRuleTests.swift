import HawseFormats
import HawseModel
import HawseWire
import Testing

@testable import HawseDataplane

/// `ip rule`: what selects a packet, and what a route that was found may be.
@Suite struct RoutingRuleTests {
    private func node(_ rules: [String], routes: [String]) throws -> StackNode {
        try StackNode {
            let place = SourceLocation(file: "test", line: 1, column: 1)
            for line in routes { if let route = try? RouteText.parse(line, at: place) { $0.routes.append(route) } }
            for line in rules {
                if let rule = try? RoutingRuleText.parse(line, family: .ipv4, at: place) { RoutingRuleText.add(rule, to: &$0.rules) }
            }
        }
    }

    private func device(_ node: inout StackNode, port: UInt16 = 9, tos: UInt8 = 0) throws -> [String] {
        let packet = Frame.udp("10.1.0.10", "203.0.113.7", port: port, tos: tos)
        return try node.receive(Frame.ethernet(StackNode.eth1, StackNode.client, packet), on: "eth1").map(\.interface)
    }

    @Test func protocolAndPorts() throws {
        var node = try node(
            ["ipproto udp dport 50-60 lookup 100 priority 100"], routes: ["default via 10.1.0.10 dev eth1 table 100"])
        #expect(try device(&node, port: 53) == ["eth1"])
        #expect(try device(&node, port: 61) == ["eth0"])
    }

    @Test func shortPrefixesAreSuppressed() throws {
        var node = try node(
            ["lookup 100 suppress_prefixlength 0 priority 100"],
            routes: ["default via 10.1.0.10 dev eth1 table 100", "203.0.112.0/24 via 10.1.0.10 dev eth1 table 100"])
        #expect(try device(&node) == ["eth0"])
        var longer = try self.node(
            ["lookup 100 suppress_prefixlength 0 priority 100"], routes: ["203.0.113.0/24 via 10.1.0.10 dev eth1 table 100"])
        #expect(try device(&longer) == ["eth1"])
    }

    /// IPv4 looks at the four bits that were the type of service, whatever the precedence says.
    @Test func typeOfServiceIsComparedWithoutPrecedence() throws {
        var node = try node([], routes: ["203.0.113.0/24 via 10.1.0.10 dev eth1 tos 0x10"])
        #expect(try device(&node, tos: 0x10) == ["eth1"])
        #expect(try device(&node, tos: 0xd0) == ["eth1"])
        #expect(try device(&node, tos: 0x08) == ["eth0"])
    }

    @Test(arguments: ["ipproto xyz lookup main", "dport 9-3 lookup main", "sport x lookup main", "suppress_prefixlength 999"])
    func wrongWordsAreRefused(line: String) {
        #expect(throws: FormatError.self) {
            try RoutingRuleText.parse(line, at: SourceLocation(file: "test", line: 1, column: 1))
        }
    }
}
