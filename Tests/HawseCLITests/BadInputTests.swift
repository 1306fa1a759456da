import Foundation
import Testing

/// What users give by mistake: told by its place and name, the rest is read all the same.
@Suite struct BadInputTests {
    private func check(_ text: String, as options: String) throws -> HawseProgram.Result {
        try HawseProgram.shell("f=$(mktemp); printf '\(text)' >$f; hawse check \(options) $f | sed \"s#$f#FILE#\"; exit ${PIPESTATUS[0]}")
    }

    /// kubectl gives up at the first document that it cannot read.
    @Test func otherDocumentsOfAFileAreChecked() throws {
        let good = #"apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {ports: [{port: 99999}]}\n"#
        let result = try check("\(good)---\\nkind: a: b\\n---\\n\(good.replacing("name: a", with: "name: b"))", as: "-f")
        #expect(result.status == 1)
        let places = result.output.split(separator: "\n").compactMap { $0.split(separator: ":").dropFirst().first.flatMap { Int($0) } }
        #expect(Set(places) == [4, 6, 11] && places == places.sorted(), "\(result.output)")
    }

    @Test func damagedJSONIsToldByItsPlace() throws {
        let manifest = try check(#"{"apiVersion": "v1",\n "kind": "Pod",\n "metadata": {"name": "a"]}\n"#, as: "-f")
        #expect(manifest.status == 1)
        #expect(manifest.output.contains("FILE:3:26: error: no JSON: ',' or '}' is expected"), "\(manifest.output)")
        let network = try check(#"{"Network": "10.244.0.0/16",\n "Backend": {"Type": "vxlan",}}\n"#, as: "--net-conf")
        #expect(network.output.contains("FILE:2:30:"), "\(network.output)")
    }

    /// As kubectl reads a stream of them.
    @Test func severalJSONObjectsAreOneManifest() throws {
        let object = #"{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "%s"}}\n"#
        let result = try HawseProgram.shell("printf '\(object)\(object)' one two | hawse get configmaps -f - -o name")
        #expect(result.output.contains("configmap/one") && result.output.contains("configmap/two"), "\(result.errors)")
    }

    /// A sorted list: warnings stand where they belong.
    @Test func findingsComeInTheOrderOfLines() throws {
        let text = #"apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {ports: [{port: 0}]}\n---\napiVersion: v9\nkind: Thing\nmetadata: {name: t}\n"#
        let result = try check(text, as: "-f")
        let places = result.output.split(separator: "\n").compactMap { $0.split(separator: ":").dropFirst().first.flatMap { Int($0) } }
        #expect(places == places.sorted() && places.count >= 2, "\(result.output)")
    }

    /// iptables-restore takes a carriage return for a part of the word, except behind comments and declarations.
    @Test(arguments: [
        (#"*filter\r\n:INPUT ACCEPT [0:0]\r\nCOMMIT\r\n"#, "FILE:1:8:"),
        (#"*filter\n:INPUT ACCEPT [0:0]\r\n# x\r\n-A INPUT -p tcp -j ACCEPT\r\nCOMMIT\n"#, "FILE:4:26:"),
        (#"*filter\n:INPUT DROP\r\nCOMMIT\n"#, "FILE:2:12:"), (#"\xef\xbb\xbf*filter\nCOMMIT\n"#, "FILE:1:1:"),
    ])
    func lineEndsOfOtherSystemsAreNamed(_ text: String, _ place: String) throws {
        let result = try check(text, as: "--rules")
        #expect(result.status == 1)
        #expect(result.output.split(separator: "\n").count == 1, "\(result.output)")
        #expect(result.output.hasPrefix(place), "\(result.output)")
        #expect(result.output.contains("carriage return") || result.output.contains("byte order mark"))
    }

    @Test func lineEndsThatTheToolsTakeAreTaken() throws {
        #expect(try check(#"*filter\n:INPUT ACCEPT [0:0]\r\n:NEW - [0:0]\r\nCOMMIT\n"#, as: "--rules").status == 0)
        #expect(try check(#"\r\ncreate a hash:ip\r\nadd a 1.1.1.1\r\n"#, as: "--ipset").status == 0)
        let marked = try check(#"\xef\xbb\xbfcreate a hash:ip\nadd a 1.1.1.1\n"#, as: "--ipset")
        #expect(marked.status == 1 && marked.output.split(separator: "\n").count == 1, "\(marked.output)")
    }

    /// iptables-restore looks sets up.
    @Test func setsThatDoNotExistAreFound() throws {
        let rules = #"*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -m set --match-set blocked src -j DROP\nCOMMIT\n"#
        let missing = try check(rules, as: "--rules")
        #expect(missing.status == 1 && missing.output.contains("FILE:3") && missing.output.contains("blocked"), "\(missing.output)")
        let known = try HawseProgram.shell(
            "d=$(mktemp -d); printf '\(rules)' >$d/r; printf 'create blocked hash:ip\\n' >$d/s; hawse check --rules $d/r --ipset $d/s; s=$?; rm -r $d; exit $s")
        #expect(known.status == 0, "\(known.output)")
    }

    @Test(arguments: [
        (#"{"sysctls": {"net.ipv4.ip_foward": "1"}}"#, "case.json:1:15: there is no setting `net.ipv4.ip_foward' (did you mean `net.ipv4.ip_forward'?)"),
        (#"{"sysctls": {"net.ipv4.conf.eth0.rp_filer": "1"}}"#, "(did you mean `net.ipv4.conf.eth0.rp_filter'?)"),
        (#"{"sysctls": {"net.ipv4.ip_forward": "yes"}}"#, "`yes' is no number"),
        (#"{"interfaces": [{"name": "eth0", "mtu": "1500"}]}"#, #""mtu" is a number, not string"#),
        (#"{"interfaces": [{"name": "eth0", "mtu": 99999999999999999999}]}"#, #""mtu" is a number, not one so large"#),
        (#"{"events": [{"at": 1e300, "cmd": "true"}]}"#, "no device that a packet could enter by"),
        (#"{"interfaces": [{"name": "eth0",}]}"#, "case.json:1:33: a key in quotes is expected"),
    ])
    func slipsOfACaseAreRefused(_ text: String, _ message: String) throws {
        let result = try HawseProgram.shell(
            "d=$(mktemp -d); printf '%s' '\(text)' >$d/case.json; hawse trace --node-dir $d --from 10.0.0.2 --to 10.9.0.1:80; s=$?; rm -r $d; exit $s")
        #expect(result.status == 2)
        #expect(result.errors.contains(message), "\(result.errors)")
    }

    @Test func slipsOnTheCommandLineAreNamed() throws {
        let servers = "pcaps/cases/ipvs-sched/wrr-weights-2/ipvs"
        for (line, message) in [
            ("replay --nod-dir x", "Unknown option '--nod-dir' (did you mean '--node-dir'?)"),
            ("reply -r x", "There is no command 'reply' (did you mean 'replay'?)"),
            ("ipvs simulate --ipvs \(servers) --sysctl net.ipv4.vs.sloppy_tpc=1", "(did you mean `net.ipv4.vs.sloppy_tcp'?)"),
            ("ipvs simulate --ipvs \(servers) --change '3 -d -t 203.0.113.10:80 -r 10.1.0.99:80'",
                "No such destination (its servers then are 10.1.0.10:80, 10.1.0.11:80, 10.1.0.12:80)"),
            ("ipvs simulate --ipvs \(servers) --schedulers ,", "--schedulers: none is given"),
        ] {
            let result = try HawseProgram.shell("hawse \(line)")
            #expect(result.status == 2, "\(line)")
            #expect(result.output.isEmpty && result.errors.contains(message), "\(line): \(result.errors)")
        }
    }

    /// Bluetooth: a capture like any other, but not of packets that a node could take in.
    @Test(arguments: ["replay --node-dir pcaps/cases/nat/dnat-masquerade-v4", "replay -f pcaps/demo/cluster"])
    func linkTypesThatAreNotReadAreNamed(_ command: String) throws {
        let header = #"\xd4\xc3\xb2\xa1\x02\0\x04\0\0\0\0\0\0\0\0\0\xff\xff\0\0\xc9\0\0\0"# + #"\0\0\0\0\0\0\0\0\x04\0\0\0\x04\0\0\0abcd"#
        let result = try HawseProgram.shell("printf '\(header)' | hawse \(command) -r -")
        #expect(result.status == 3)
        #expect(result.errors == "hawse: -: 1 packets of link type BLUETOOTH_HCI_H4_WITH_PHDR (201), which is not read, are left out\n")
    }

    /// Ten aliases of ten aliases, ten levels deep.
    @Test func aliasesThatMultiplyAreRefused() throws {
        let levels = "bcdefghij".reduce(into: ("a: &a [x, x, x, x, x, x, x, x, x, x]\n", "a")) { text, name in
            text.0 += "\(name): &\(name) [\(Array(repeating: "*\(text.1)", count: 10).joined(separator: ", "))]\n"
            text.1 = "\(name)"
        }
        let result = try HawseProgram.shell("printf '\(levels.0)' | timeout 60 \"\(HawseProgram.path)\" check -f -")
        #expect(result.status == 1)
        #expect(result.output.contains("excessive aliasing"), "\(result.output)")
    }

    /// `<(command)` and other pipes are files, too.
    @Test func pipesAreRead() throws {
        let rules = try HawseProgram.shell("hawse check --rules <(printf '*filter\\nCOMIT\\n')")
        #expect(rules.status == 1 && rules.output.contains(":2:1:"), "\(rules.errors)")
        let manifests = try HawseProgram.shell("hawse get nodes -o name -f <(cat pcaps/demo/cluster/nodes.yaml)")
        #expect(manifests.output.contains("node/node-a"), "\(manifests.errors)")
    }

    /// A stream on stdout has it for itself.
    @Test func aCaptureOnStdoutStaysOne() throws {
        let node = "pcaps/cases/nat/dnat-masquerade-v4"
        let result = try HawseProgram.shell("hawse replay --node-dir \(node) -r \(node)/in/eth1.pcap -w - | hawse replay --node-dir \(node) -r - --summary json")
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.errors.contains("7 packets through"))
    }

    @Test(arguments: [
        ("a..b", "empty label"), (String(repeating: "a", count: 64) + ".b", "label too long: 64 bytes, 63 at most"),
        (String(repeating: "abcdefg.", count: 32) + "b", "name too long: 259 bytes, 255 at most"),
    ])
    func namesThatNobodyCanAskForAreRefused(_ name: String, _ reason: String) throws {
        let asked = try HawseProgram.shell("hawse dns -f pcaps/demo/cluster --query \(name)")
        #expect(asked.status == 2 && asked.errors.contains(reason), "\(asked.errors)")
        let listed = try HawseProgram.shell("echo '{\"name\": \"web\"}\n{\"name\": \"\(name)\"}' | hawse dns -f pcaps/demo/cluster --questions -")
        #expect(listed.status == 2 && listed.errors.contains(":2: \(name): \(reason)"), "\(listed.errors)")
    }
}
