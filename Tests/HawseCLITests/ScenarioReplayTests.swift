import Foundation
import Testing

/// `hawse replay --scenario` with steps: over a capture, and with clients of its own.
@Suite struct ScenarioReplayTests {
    private func scenario(_ text: String) throws -> String {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString + ".yaml").path
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }

    private func rows(_ output: String, _ schema: String) throws -> [[String: Any]] {
        try output.split(separator: "\n").compactMap { line in
            try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
        }.filter { $0["schema"] as? String == schema }
    }

    /// The pods behind six connections of the capture end while these are open.
    @Test(arguments: ["iptables", "ipvs"])
    func aCapturesConnectionsEndWithTheirPod(mode: String) throws {
        let path = try scenario("steps:\n- {at: 1.9s, name: upload end, scale: {deployment: upload, replicas: 0}}\n")
        defer { try? FileManager.default.removeItem(atPath: path) }
        let result = try HawseProgram.shell(
            "hawse replay -f pcaps/demo/cluster -r pcaps/demo/browsing.pcap --scenario \(path) --proxy-mode \(mode) --summary json")
        #expect(result.status == 0, "\(result.errors)")
        let findings = try rows(result.output, "hawse.finding/1").filter { $0["service"] as? String == "default/upload:http" }
        #expect(findings.count == 6, "\(result.output)")
        for finding in findings {
            #expect(["reset", "blackholed"].contains(finding["fate"] as? String ?? ""))
            #expect(finding["step"] as? String == "upload end")
            #expect(finding["node"] as? String == "node-a")
            #expect(finding["proxy_mode"] as? String == mode)
            #expect((finding["servers"] as? String ?? "").hasPrefix("default/upload-"))
        }
    }

    @Test func withoutHarmNothingIsFound() throws {
        let path = try scenario("steps:\n- {at: 1s, observe: true}\n")
        defer { try? FileManager.default.removeItem(atPath: path) }
        let result = try HawseProgram.shell(
            "hawse replay -f pcaps/demo/cluster -r pcaps/demo/browsing.pcap --scenario \(path) --summary json")
        #expect(result.status == 0, "\(result.errors)")
        #expect(try rows(result.output, "hawse.finding/1").isEmpty, "\(result.output)")
    }

    /// A wire that is down and a machine that is off delay; a registry out of reach keeps what was known.
    @Test func faultsCostWhatThePageSays() throws {
        let command = "hawse replay -f pcaps/demo/cluster --generate pcaps/demo/faults.yaml --summary json"
        let result = try HawseProgram.shell(command)
        #expect(result.status == 0, "\(result.errors)")
        let all = try rows(result.output, "hawse.conversation/1")
        func outcomes(_ client: String) -> [String] { all.filter { $0["client"] as? String == client }.compactMap { $0["outcome"] as? String } }
        for client in ["before", "wire", "machine", "frozen"] {
            #expect(outcomes(client) == Array(repeating: "completed", count: 10), "\(client)")
        }
        #expect(outcomes("heard") == Array(repeating: "timed out", count: 10))
        func sentAgain(_ client: String) -> Int {
            all.filter { $0["client"] as? String == client && ($0["retransmissions"] as? Int ?? 0) > 0 }.count
        }
        #expect(sentAgain("wire") == 10 && sentAgain("machine") == 10)
        #expect(sentAgain("before") == 0 && sentAgain("frozen") == 0)
        #expect(try HawseProgram.shell(command).output == result.output)
    }

    /// Applications alone, without a capture: every conversation is told of, the captures are kept, and the same file makes
    /// the same bytes.
    @Test func applicationsLeaveTheirCaptures() throws {
        let path = try scenario(
            """
            seed: 3
            servers:
            - {pods: default/pages-0, kind: http, port: 80, size: 3000}
            clients:
            - {name: reader, from: default/browser, to: default/pages, kind: http, path: /, count: 4, interval: 50ms}
            """)
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer {
            try? FileManager.default.removeItem(atPath: path)
            try? FileManager.default.removeItem(at: folder)
        }
        var captures: [Data] = []
        // Twice into the same file: its header tells the command line.
        for _ in 0..<2 {
            let file = folder.appendingPathComponent("kept.pcapng").path
            let result = try HawseProgram.shell("hawse replay -f pcaps/demo/cluster --generate \(path) -w \(file) --summary json")
            #expect(result.status == 0, "\(result.errors)")
            let conversations = try rows(result.output, "hawse.conversation/1")
            #expect(conversations.map { $0["outcome"] as? String } == Array(repeating: "completed", count: 4), "\(result.output)")
            captures.append(try Data(contentsOf: URL(filePath: file)))
        }
        #expect(captures[0].count > 20_000)
        #expect(captures[0] == captures[1])
    }

    /// The README's rollout: requests are lost without a preStop delay, none with one.
    @Test func aPreStopDelaySavesARollout() throws {
        func lost(_ manifests: String) throws -> Int {
            let result = try HawseProgram.shell(
                "hawse replay -f pcaps/demo/rollout/\(manifests).yaml --scenario pcaps/demo/rollout/rollout.yaml --summary json")
            #expect(result.status == 0, "\(result.errors)")
            let rows = try rows(result.output, "hawse.conversation/1")
            #expect(rows.count == 800)
            return rows.reduce(0) { $0 + ($1["lost"] as? Int ?? 0) }
        }
        #expect(try lost("web") > 0)
        #expect(try lost("prestop") == 0)
    }

    /// Every conversation of the capture goes through the proxy's sockets and comes back.
    @Test func theUserspaceProxyCarriesACapture() throws {
        func summary(_ mode: String) throws -> [String: Any] {
            let result = try HawseProgram.shell(
                "hawse replay -f pcaps/demo/cluster -r pcaps/demo/browsing.pcap --summary json --proxy-mode \(mode)")
            #expect(result.status == 0, "\(result.errors)")
            return try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any] ?? [:]
        }
        let (redirected, relayed) = (try summary("iptables"), try summary("userspace"))
        for key in ["packets", "requests", "replies", "replies_arrived"] {
            #expect(redirected[key] as? Int == relayed[key] as? Int && redirected[key] != nil, "\(key): \(relayed)")
        }
    }

    @Test func nftablesModeIsRefusedByName() throws {
        let result = try HawseProgram.shell(
            "hawse replay -f pcaps/demo/rollout/web.yaml --scenario pcaps/demo/rollout/rollout.yaml --proxy-mode nftables")
        #expect(result.status == 2)
        #expect(result.errors.contains("nftables mode"))
    }
}
