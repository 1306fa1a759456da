import Foundation
import HawseControl
import HawseFormats
import HawseModel
import Testing

/// The rendered rules of every scenario in a real kernel: loaded in a namespace of their own, they come back as they were.
@Suite struct ProxyLiveTests {
    static let isPossible = run("unshare -n sh -c 'iptables-restore --version && nft --version && ipset --version'").status == 0
    static let scenarios = ProxyScenarios.stages

    static func run(_ script: String) -> (status: Int32, output: String) {
        let process = Process()
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments = ["-c", "(\(script)) 2>&1"]
        let pipe = Pipe()
        process.standardOutput = pipe
        guard (try? process.run()) != nil else { return (127, "") }
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: data, as: UTF8.self))
    }

    private func state(_ stage: ProxyScenarios.Stage, _ mode: ProxyMode) throws -> ProxyState {
        let objects = try ProxyScenarios.objects(stage)
        // Accounting objects would have to be made first, and the lab's kernel has no ipvs match.
        return ProxyRenderer.render(
            objects, node: objects.node(stage.nodes[0]), mode: mode,
            configuration: try ProxyScenarios.configuration(stage.scenario),
            kernel: .init(hasNFAcct: false, hasIPVSMatch: false))
    }

    private func file(_ text: String) throws -> String {
        let path = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path
        try text.write(toFile: path, atomically: false, encoding: .utf8)
        return path
    }

    @Test(.enabled(if: isPossible, "needs root, network namespaces and the tools"), arguments: scenarios)
    func iptablesTakesTheRulesAndGivesThemBack(_ scenario: ProxyScenarios.Stage) throws {
        let state = try state(scenario, .iptables)
        for (command, rules) in [("iptables", state.iptables), ("ip6tables", state.ip6tables)] {
            let text = IPTablesPrinter().text(try #require(rules))
            let path = try file(text)
            defer { try? FileManager.default.removeItem(atPath: path) }
            let answer = Self.run("unshare -n sh -c '\(command)-restore < \(path) && \(command)-save'")
            #expect(answer.status == 0, "\(answer.output.prefix(400))")
            let differences = RuleComparison.differences(iptables: text, answer.output)
            #expect(differences.isEmpty, "\(differences.prefix(3))")
        }
    }

    @Test(.enabled(if: isPossible, "needs root, network namespaces and the tools"), arguments: scenarios)
    func nftTakesTheTablesAndGivesThemBack(_ scenario: ProxyScenarios.Stage) throws {
        let text = try #require(try state(scenario, .nftables).nft)
        let path = try file(text)
        defer { try? FileManager.default.removeItem(atPath: path) }
        let answer = Self.run("unshare -n sh -c 'nft -f \(path) && nft list ruleset'")
        #expect(answer.status == 0, "\(answer.output.prefix(400))")
        let differences = RuleComparison.differences(
            lines: RuleComparison.nftLines(text), RuleComparison.nftLines(answer.output), normal: { $0 })
        #expect(differences.isEmpty, "\(differences.prefix(3))")
    }

    @Test(.enabled(if: isPossible, "needs root, network namespaces and the tools"), arguments: scenarios)
    func ipsetAndIptablesTakeTheIPVSRules(_ scenario: ProxyScenarios.Stage) throws {
        let state = try state(scenario, .ipvs)
        let sets = try file(IPSetPrinter().text(state.sets))
        let rules = try file(IPTablesPrinter().text(try #require(state.iptables)))
        let rules6 = try file(state.ip6tables.map { IPTablesPrinter().text($0) } ?? "")
        defer { for path in [sets, rules, rules6] { try? FileManager.default.removeItem(atPath: path) } }
        let answer = Self.run(
            "unshare -n sh -c 'ipset restore < \(sets) && iptables-restore --test < \(rules) "
                + "&& ip6tables-restore --test < \(rules6)'")
        #expect(answer.status == 0, "\(answer.output.prefix(400))")
    }
}
