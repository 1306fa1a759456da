import ArgumentParser
import Hawse

struct Flows: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "What a proxy's rules make of each packet of a packet-flow table.",
        discussion: """
            A table holds states of a cluster (mode, configuration, Services, EndpointSlices) and packets for each. The rules of \
            each state are rendered and walked with every packet, over all choices that chance has. Exit status 1 when a row \
            does not hold that the table promises.

              hawse flows kube-proxy-packet-flows.json --format ndjson
            """)

    enum Format: String, ExpressibleByArgument, CaseIterable { case text, ndjson }

    @Argument(help: ArgumentHelp("A packet-flow table; - for stdin.", valueName: "FILE.json"))
    var file: String

    @Option(help: "text or ndjson (one object a packet).")
    var format: Format = .text

    func run() throws {
        let text = try TextFile.read(file)
        let rows: [PacketFlows.Row]
        do { rows = try PacketFlows.rows(of: PacketFlowTable(text: text, file: file)) } catch {
            throw Failure.input("\(error)")
        }
        var out = StandardOutput()
        for (index, row) in rows.enumerated() {
            out.line(format == .text ? Self.text(row) : row.json(schema: index == 0 ? "hawse.flows/1" : nil))
        }
        out.flush()
        let broken = rows.filter { !$0.holds }
        if !broken.isEmpty { throw Failure.no("\(broken.count) of \(rows.count) rows do not hold") }
    }

    private static func text(_ row: PacketFlows.Row) -> String {
        var line = "\(row.id)  \(Self.text(row.outcome))"
        if let expected = row.expected, !row.holds { line += "  expected \(Self.text(expected))" }
        return line
    }

    private static func text(_ outcome: FlowOutcome) -> String {
        var words = [outcome.verdict.rawValue]
        if !outcome.to.isEmpty { words.append("to " + outcome.to.joined(separator: ", ")) }
        if outcome.masquerade { words.append("masqueraded") }
        return words.joined(separator: " ")
    }
}
