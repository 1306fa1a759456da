import Foundation
import HawseSimulator
import Testing

@Suite struct PacketFlowsTests {
    static let table = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "pcaps/k8s/tables/kube-proxy-packet-flows.json")

    @Test func everyRowHolds() throws {
        let text = String(decoding: try Data(contentsOf: Self.table), as: UTF8.self)
        let rows = try PacketFlows.rows(of: PacketFlowTable(text: text, file: "flows.json"))
        #expect(rows.count == 277)
        for row in rows {
            #expect(row.expected != nil)
            #expect(row.holds, "\(row.id): expected \(row.expected.map { "\($0)" } ?? ""), got \(row.outcome)")
        }
    }

    @Test func aRowIsOneLineOfJSON() {
        let outcome = FlowOutcome(verdict: .dnat, to: ["10.0.0.1:80", "10.0.0.2:80"], masquerade: true)
        #expect(
            PacketFlows.Row(id: "a#0", outcome: outcome).json()
                == #"{"id":"a#0","verdict":"DNAT","to":["10.0.0.1:80","10.0.0.2:80"],"masquerade":true}"#)
    }

    @Test func damagedTablesAreRefusedWithTheirPlace() {
        let error = #expect(throws: PacketFlowTable.Failure.self) {
            try PacketFlowTable(text: "{\"cases\": [\n {\"id\": \"a\", \"mode\": \"iptable\"}]}", file: "f.json")
        }
        #expect(error?.description == "f.json:2:22: unknown mode \"iptable\"")
    }
}
