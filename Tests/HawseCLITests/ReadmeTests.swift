import Foundation
import Testing

/// Every `hawse …` line of the README's shell blocks is run as it stands.
@Suite struct ReadmeTests {
    static let text = String(decoding: FileManager.default.contents(atPath: HawseProgram.root + "/README.md") ?? Data(), as: UTF8.self)

    static let examples: [String] = {
        var isShell = false
        var lines: [String] = []
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("```") { isShell = line == "```sh" } else if isShell, line.hasPrefix("hawse ") { lines.append(String(line)) }
        }
        return lines
    }()

    @Test func thereAreExamples() { #expect(Self.examples.count >= 5) }

    @Test(arguments: examples)
    func exampleWorks(_ line: String) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
        let redirected = line.replacing("cluster.pcapng", with: folder + ".pcapng")
        defer { try? FileManager.default.removeItem(atPath: folder + ".pcapng") }
        let result = try HawseProgram.shell(redirected)
        // The examples of `diff` show something: the answer to "do they fare alike?" is no.
        #expect(result.status == (line.hasPrefix("hawse diff") ? 1 : 0), "\(line): \(result.errors)")
        #expect(!result.output.isEmpty || line.contains("check"), "\(line) says nothing")
    }

    private struct Judged: Decodable {
        var `case`: String
        var result: String
    }

    /// The table of what `hawse verify` says, suite by suite.
    @Test func casesAreCounted() throws {
        let printed = try HawseProgram.shell("hawse verify --format ndjson pcaps/cases").output
        var counts: [String: [String: Int]] = [:]
        for line in printed.split(separator: "\n") {
            let judged = try JSONDecoder().decode(Judged.self, from: Data(line.utf8))
            for suite in [String(judged.case.prefix { $0 != "/" }), "**all**"] {
                counts[suite, default: [:]][judged.result, default: 0] += 1
            }
        }
        let words = ["pass", "fail", "unsupported"]
        for (suite, count) in counts {
            let numbers = words.map { String(count[$0] ?? 0) }.map { suite == "**all**" ? "**\($0)**" : $0 }
            let row = "| \(([suite] + numbers).joined(separator: " | ")) |"
            #expect(Self.text.contains("\n\(row)\n"), "the README has no row \(row)")
        }
        let sum = counts["**all**"]?.values.reduce(0, +) ?? 0
        #expect(Self.text.contains("holds \(sum) golden cases"), "\(sum) cases")
    }
}
