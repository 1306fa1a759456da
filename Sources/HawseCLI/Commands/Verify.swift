import ArgumentParser
import Hawse

struct Verify: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Replay golden cases and compare with what a real kernel did.",
        discussion: """
            Each CASE is a folder with case.json, rules and in/*.pcap; a folder of such folders is walked. A case passes when every \
            frame, counter and state is what the kernel gave, up to fields that the case declares free.

              hawse verify pcaps/cases/chains/*
              hawse verify --format ndjson pcaps/cases | jq -r 'select(.result != "pass") | .case'
              hawse verify -o produced pcaps/cases/nat
            """)

    enum Format: String, ExpressibleByArgument, CaseIterable { case text, ndjson }

    @Argument(help: ArgumentHelp("Case folders, or folders that hold them.", valueName: "CASE_DIR"))
    var cases: [String]

    @Option(help: "text or ndjson (one object a case).")
    var format: Format = .text

    @Option(name: [.customShort("o"), .long], help: ArgumentHelp("Also write what was produced, as DIR/<suite>/<case>/….", valueName: "DIR"))
    var output: String?

    @Flag(help: "With -o: also write every decision, as trace.ndjson (one JSON object a line).")
    var trace = false

    @Flag(name: [.customShort("q"), .long], help: "Print only cases that do not pass, and the counts.")
    var quiet = false

    func validate() throws {
        if trace, output == nil { throw ValidationError("--trace writes into the folder of -o: which one is missing") }
    }

    func run() throws {
        var out = StandardOutput()
        if let output { try TextFile.makeFolder(output) }
        var counts = (pass: 0, fail: 0, unsupported: 0)
        for directory in try GoldenCase.directories(cases) {
            let report = GoldenCaseRun.verify(directory, writingTo: output, isTraced: trace)
            switch report.result {
            case .pass: counts.pass += 1
            case .fail: counts.fail += 1
            case .unsupported: counts.unsupported += 1
            }
            switch format {
            case .ndjson:
                var object = JSONObject()
                object.set("case", report.name)
                object.set("result", report.result.rawValue)
                if report.result != .pass { object.set("why", report.why) }
                out.line(object.line)
            case .text:
                if report.result != .pass || !quiet {
                    out.line("\(report.result.rawValue.uppercased())\t\(report.name)" + (report.why.isEmpty ? "" : "\t\(report.why)"))
                }
            }
        }
        if format == .text { out.line("\(counts.pass) pass, \(counts.fail) fail, \(counts.unsupported) unsupported") }
        out.flush()
        if counts.fail + counts.unsupported > 0 { throw Failure.no() }
    }
}
