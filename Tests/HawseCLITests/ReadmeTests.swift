import Foundation
import Testing

/// Every `hawse …` line of the README's shell blocks is run as it stands.
@Suite struct ReadmeTests {
    static let examples: [String] = {
        let text = String(decoding: FileManager.default.contents(atPath: HawseProgram.root + "/README.md") ?? Data(), as: UTF8.self)
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
}
