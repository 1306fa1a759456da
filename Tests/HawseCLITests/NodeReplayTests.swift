import Foundation
import Testing

/// What `hawse replay` of a single node tells.
@Suite struct NodeReplayTests {
    /// A packet waits for a neighbour that never answers: three requests, one a second, then the error, each at its own time.
    @Test func whatTimersDoIsToldAtItsTime() throws {
        let node = #"{"interfaces": [{"name": "eth0", "addresses": ["192.0.2.1/24"]}, {"name": "eth1", "mac": "02:00:00:00:01:02", "addresses": ["10.1.0.1/24"]}], "neighbors": ["10.1.0.10 dev eth1 lladdr 02:00:00:00:0a:0a"], "sysctls": {"net.ipv4.ip_forward": "1"}}"#
        let result = try HawseProgram.shell(
            """
            d=$(mktemp -d); echo '\(node)' > $d/case.json
            hawse generate --to 192.0.2.77:80 --from 10.1.0.10/32 --flows 1 --packets 1 --one-way --destination-mac 02:00:00:00:01:02 -w $d/in.pcap
            hawse replay --node-dir $d -r $d/in.pcap --interface eth1 --trace - 2>$d/errors; cat $d/errors >&2; rm -r $d
            """)
        let events = result.output.split(separator: "\n").compactMap {
            try? JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
        }
        func times(_ isMeant: ([String: Any]) -> Bool) -> [Int] { events.filter(isMeant).compactMap { $0["time"] as? Int } }
        let start = try #require(times { $0["event"] != nil }.first, "\(result.errors)")
        let sent = times { $0["event"] as? String == "transmitted" }.map { ($0 - start) / 1_000_000 }
        #expect(sent == [0, 1000, 2000, 3000], "\(sent)")
        let dropped = times { ($0["outcome"] as? String)?.hasPrefix("dropped") == true }.map { ($0 - start) / 1_000_000 }
        #expect(dropped == [3000], "\(dropped)")
    }
}
