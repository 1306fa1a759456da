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

    @Test func whatCannotBeWrittenIsSaid() throws {
        for command in ["render -f pcaps/demo/cluster", "get pods -f pcaps/demo/cluster"] {
            let result = try HawseProgram.shell("hawse \(command) >/dev/full")
            #expect(result.status == 2)
            #expect(result.errors == "hawse: stdout: No space left on device\n")
        }
        let trace = try HawseProgram.shell("hawse replay --node-dir \(Self.node) -r \(Self.node)/in/eth1.pcap --trace /dev/full")
        #expect(trace.status == 2)
        #expect(trace.errors == "hawse: /dev/full: No space left on device\n")
    }

    /// What the API server takes is shown; that something was refused, the exit code tells.
    @Test func refusedObjectsAreLeftOut() throws {
        let service = #"apiVersion: v1\nkind: Service\nmetadata: {name: %s}\nspec: {ports: [{port: %s}]}\n"#
        let text = "printf '\(service)---\\n\(service)' good 80 bad 99999"
        let listed = try HawseProgram.shell("\(text) | hawse get services -f -")
        #expect(listed.status == 3)
        #expect(listed.output.contains("good") && !listed.output.contains("bad"))
        #expect(listed.errors.contains("spec.ports[0].port"))
        #expect(try HawseProgram.shell("\(text) | hawse describe service good -f -").status == 3)
        #expect(try HawseProgram.shell("printf '\(service)' good 80 | hawse get services -f -").status == 0)
    }

    /// A version that API servers have given up is read as the one of today, and that is said.
    @Test func versionsOfThePastAreNamed() throws {
        let service = #"apiVersion: v2\nkind: Service\nmetadata: {name: web}\nspec: {ports: [{port: 80}]}\n"#
        let result = try HawseProgram.shell("printf '\(service)' | hawse get services -f -")
        #expect(result.status == 0)
        #expect(result.errors.contains(":1:13: ") && result.errors.contains("read as v1"))
    }

    /// Nothing is produced where the input cannot be opened.
    @Test func inputErrorsLeaveStdoutEmpty() throws {
        for command in [
            "replay --node-dir \(Self.node) -r nothing.pcap", "replay -f pcaps/demo/cluster -r nothing.pcap",
            "replay --node-dir \(Self.node) -r \(Self.node)/in/eth1.pcap 'tcp prot 80'", "check -f nothing.yaml",
            "diff --left \(Self.node) --right \(Self.node) -r nothing.pcap", "trace --node-dir docs --from 10.0.0.1 --to 10.0.0.2:80",
            "generate --to 10.96.0.80:80 --rate 1e-300 --packets 5 -w /dev/null",
        ] {
            let result = try HawseProgram.shell("hawse \(command)")
            #expect(result.status == 2, "\(command)")
            #expect(result.output.isEmpty, "\(command)")
            #expect(!result.errors.isEmpty, "\(command)")
        }
    }

    /// A word of case.json that means nothing is not passed over.
    @Test func unknownWordsOfACaseAreNamed() throws {
        let text = #"{"interfaces": [{"name": "eth0", "mac": "02:00:00:00:00:01", "addreses": ["10.0.0.1/24"]}], "routes": ["default dev eth1"]}"#
        let result = try HawseProgram.shell(
            "d=$(mktemp -d); printf '%s' '\(text)' >$d/case.json; hawse trace --node-dir $d --from 10.0.0.2 --to 10.9.0.1:80; s=$?; rm -r $d; exit $s")
        #expect(result.errors.contains(#"case.json:1:63: "addreses" says nothing here (did you mean `addresses'?)"#))
        #expect(result.errors.contains("route default dev eth1: the node has no device `eth1': left out"))
    }

    /// kube-proxy says in a rule's comment what it is about.
    @Test func aStorySaysWhatRulesSay() throws {
        let manifest = "apiVersion: v1\\nkind: Service\\nmetadata: {name: lost}\\nspec: {clusterIP: 10.96.7.7, selector: {a: b}, ports: [{port: 80}]}\\n"
        let result = try HawseProgram.shell(
            "printf '\(manifest)' | hawse trace -f pcaps/demo/cluster -f - --from 10.244.1.10:40000 --to 10.96.7.7:80 --color never")
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.output.contains("REJECT icmp-port-unreachable (default/lost has no endpoints)"))
    }

    /// What the kernel refuses when the rules are loaded.
    @Test func unknownAccountingObjectsAreRefused() throws {
        func check(_ name: String) throws -> HawseProgram.Result {
            let rules = "*filter\\n:INPUT ACCEPT [0:0]\\n-A INPUT -m nfacct --nfacct-name  \(name)\\nCOMMIT\\n"
            return try HawseProgram.shell("f=$(mktemp); printf '\(rules)' >$f; hawse check --rules $f; s=$?; rm $f; exit $s")
        }
        let refused = try check("bytes_in")
        #expect(refused.status == 1)
        #expect(refused.output.contains("`bytes_in', which does not exist"))
        #expect(try check("ct_state_invalid_dropped_pkts").status == 0)
    }

    /// The words that people look for in a node's log.
    @Test func aFullConnectionTableIsToldAsInTheKernelsLog() throws {
        let node = "pcaps/cases/conntrack/table-full-assured"
        let captures = ["eth0", "eth1"].map { "-r \(node)/in/\($0).pcap" }.joined(separator: " ")
        for format in ["text", "json"] {
            let result = try HawseProgram.shell("hawse replay --node-dir \(node) \(captures) --summary \(format)")
            #expect(result.output.contains("nf_conntrack: table full, dropping packet"), "\(format): \(result.output)")
        }
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
