import Foundation
import Testing

/// The exit codes of the contract, and what bad input gets.
@Suite struct ExitCodeTests {
    static let node = "pcaps/cases/nat/dnat-masquerade-v4"

    @Test func usageErrorsEndWithTwo() throws {
        #expect(try HawseProgram.shell("hawse replay").status == 2)
        #expect(try HawseProgram.shell("hawse frobnicate").status == 2)
        #expect(try HawseProgram.shell("hawse replay --node-dir nowhere -r nothing.pcap").status == 2)
        #expect(try HawseProgram.shell("hawse replay --node-dir \(Self.node) -r nothing.pcap").status == 2)
    }

    @Test func helpEndsWithZero() throws {
        for verb in ["", "replay", "trace", "render", "check", "verify"] {
            let result = try HawseProgram.shell("hawse \(verb) --help")
            #expect(result.status == 0)
            #expect(result.output.contains("USAGE"))
        }
    }

    @Test func aFailingCaseEndsWithOne() throws {
        let result = try HawseProgram.shell("hawse verify --format ndjson pcaps/cases/ipvs-hash/dh6-0")
        #expect(result.status == 1)
        #expect(result.output.contains("\"result\":\"fail\""))
    }

    @Test func unknownWordsAreRefusedWithTheirPlace() throws {
        let rules = "*filter\\n:INPUT ACCEPT [0:0]\\n:FORWARD ACCEPT [0:0]\\n:OUTPUT ACCEPT [0:0]\\n-A INPUT -p tcp -m tcp --dprt 80 -j ACCEPT\\nCOMMIT\\n"
        let result = try HawseProgram.shell("f=$(mktemp); printf '\(rules)' >$f; hawse check --rules $f; s=$?; rm $f; exit $s")
        #expect(result.status == 1)
        #expect(result.output.contains(":5:"))
        #expect(result.output.contains("--dport"))
    }

    /// Each file ends in 0, 1 or 3, and within seconds; nothing crashes.
    @Test func malformedCapturesAreSurvived() throws {
        let folder = HawseProgram.root + "/pcaps/malformed"
        let files = try FileManager.default.subpathsOfDirectory(atPath: folder).sorted().filter { path in
            var isFolder: ObjCBool = false
            return FileManager.default.fileExists(atPath: folder + "/" + path, isDirectory: &isFolder) && !isFolder.boolValue
        }
        #expect(files.count > 300)
        for file in files {
            let result = try HawseProgram.shell(
                "timeout 20 \"\(HawseProgram.path)\" replay --node-dir \(Self.node) -r 'pcaps/malformed/\(file)' --summary none")
            #expect([0, 1, 3].contains(result.status), "\(file): status \(result.status): \(result.errors)")
        }
    }
}
