import Foundation
import Testing

/// `hawse diff`: what changes between two configurations, and only that.
@Suite struct DiffTests {
    static let node = "pcaps/cases/nat/dnat-masquerade-v4"
    static let capture = "\(node)/in/eth1.pcap"

    @Test func aConfigurationFaresLikeItself() throws {
        let result = try HawseProgram.shell("hawse diff --left \(Self.node) --right \(Self.node) -r \(Self.capture) --compare bytes")
        #expect(result.status == 0)
        #expect(result.output.contains("no packet fares differently"))
    }

    /// Without the DNAT rule for DNS, its packets are routed to where nobody is; TCP's packets do as before.
    @Test func aMissingRuleShowsInItsFlowsAlone() throws {
        let result = try HawseProgram.shell(
            """
            d=$(mktemp -d); cp -r \(Self.node)/. $d; grep -v -- '--dport 53' \(Self.node)/iptables.v4 >$d/iptables.v4
            hawse diff --left \(Self.node) --right $d -r \(Self.capture) --compare endpoint --format ndjson; s=$?; rm -r $d; exit $s
            """)
        #expect(result.status == 1)
        let rows = result.output.split(separator: "\n").dropFirst()
        #expect(!rows.isEmpty)
        #expect(rows.allSatisfy { $0.contains("udp") && $0.contains(":53") })
    }

    /// Segments in mid-connection: kube-proxy's iptables rules translate them, a virtual server without a connection
    /// does not schedule them.
    @Test func aProxyModeShowsItsOwnWays() throws {
        let result = try HawseProgram.shell(
            "hawse diff --left pcaps/demo/cluster --right pcaps/demo/cluster --right-mode ipvs -r pcaps/demo/browsing.pcap --color never")
        #expect(result.status == 1)
        #expect(result.output.contains("left   at a pod\n  right  TCP reset"))
    }

    @Test func aNodesFolderHasNoProxyMode() throws {
        let result = try HawseProgram.shell("hawse diff --left \(Self.node) --right \(Self.node) --right-mode ipvs -r \(Self.capture)")
        #expect(result.status == 2)
    }
}
