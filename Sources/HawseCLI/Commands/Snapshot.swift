import ArgumentParser
import Foundation
import Hawse
import HawseHost

/// The running host as a node's folder.
struct Snapshot: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "The running host (its network namespace) as a folder for --node-dir.",
        discussion: """
            Devices, addresses, routes, rules, neighbours, forwarding entries, settings and listeners are read over netlink and \
            from /proc/sys, and written as case.json. iptables-save, ip6tables-save, ipset and ipvsadm are run for the rest, as \
            far as they are installed; they need root. Nothing is changed. On a node without hawse, scripts/dump-node writes \
            such a folder by iproute2 alone.

              sudo hawse snapshot -o node/
              sudo ip netns exec blue hawse snapshot -o blue/
              hawse trace --node-dir node/ --from 192.0.2.7:40000 --to 10.96.0.10:53 --proto udp
            """)

    @Option(name: [.customShort("o"), .customLong("output")], help: ArgumentHelp("Write files into this folder.", valueName: "DIR"))
    var output: String

    @Option(help: ArgumentHelp("What the node is called; its host name otherwise.", valueName: "NAME"))
    var name: String?

    /// The files and the commands whose output they are.
    private static let tools = [
        ("iptables.v4", ["iptables-save"]), ("iptables.v6", ["ip6tables-save"]), ("ipset", ["ipset", "save"]),
        ("ipvs", ["ipvsadm", "--save", "--numeric"]), ("nfct", ["nfct", "list", "timeout"]),
    ]

    /// iptables keeps rules in one of two places in the kernel. Where iptables-save looks into nf_tables, what iptables-legacy
    /// has is read by its own tool.
    private static let legacy = [
        "iptables-save": (tables: "/proc/net/ip_tables_names", tool: "iptables-legacy-save"),
        "ip6tables-save": (tables: "/proc/net/ip6_tables_names", tool: "ip6tables-legacy-save"),
    ]

    func run() throws {
        let host: HostReading
        do { host = try HostReading(name: name ?? ProcessInfo.processInfo.hostName) } catch { throw Failure.input("\(error)") }
        for note in host.notes { StandardError.write("hawse: \(note)\n") }
        try TextFile.makeFolder(output)
        try TextFile.write(try CaseText.text(host.spec, about: "A snapshot of \(host.spec.name)."), to: output + "/case.json")
        var failed = false
        var namesPolicies = false
        for (file, words) in Self.tools {
            try? FileManager.default.removeItem(atPath: output + "/" + file)
            // Few nodes have nfct, and only rules that name policies need it.
            if words[0] == "nfct", !namesPolicies { continue }
            // ipvsadm would load the module.
            if words[0] == "ipvsadm", !FileManager.default.fileExists(atPath: "/proc/net/ip_vs") { continue }
            switch Self.rules(of: words, &failed) {
            case .missing: StandardError.write("hawse: \(words[0]) is not installed: no \(file)\n")
            case .failed(let why):
                failed = true
                StandardError.write("hawse: \(words.joined(separator: " ")): \(why): no \(file)\n")
            case .text(let text):
                if file.hasPrefix("iptables"), text.contains("-j CT"), text.contains(" --timeout ") { namesPolicies = true }
                // A family or a kind that the kernel has never been asked for prints nothing.
                if !text.isEmpty { try TextFile.write(text, to: output + "/" + file) }
            }
        }
        if failed { throw ExitCode(3) }
    }

    /// What a tool prints; of the two places of iptables' rules, the one that has some.
    private static func rules(of words: [String], _ failed: inout Bool) -> Result {
        let first = output(of: words)
        guard let legacy = legacy[words[0]],
            let names = try? String(contentsOfFile: legacy.tables, encoding: .utf8), !names.isEmpty,
            case .text(let old) = output(of: [legacy.tool]), hasRules(old)
        else { return first }
        guard case .text(let text) = first, hasRules(text), ruleLines(text) != ruleLines(old)
        else { return .text(old) }
        failed = true
        StandardError.write(
            "hawse: there are rules of \(words[0]) and others of \(legacy.tool); the node here has the first only\n")
        return first
    }

    private static func ruleLines(_ text: String) -> [Substring] { text.split(separator: "\n").filter { !$0.hasPrefix("#") } }

    /// Any rule, or a policy that drops.
    private static func hasRules(_ text: String) -> Bool {
        text.split(separator: "\n").contains { $0.hasPrefix("-A ") || $0.hasPrefix(":") && $0.contains(" DROP ") }
    }

    private enum Result {
        case text(String), failed(String), missing
    }

    private static func output(of words: [String]) -> Result {
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map(String.init) + ["/usr/sbin", "/sbin"]
        guard let path = folders.map({ $0 + "/" + words[0] }).first(where: FileManager.default.isExecutableFile) else { return .missing }
        let process = Process()
        let (out, error) = (Pipe(), Pipe())
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = Array(words.dropFirst())
        process.standardOutput = out
        process.standardError = error
        do { try process.run() } catch { return .failed("\(error)") }
        let text = String(decoding: out.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        let complaint = String(decoding: error.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        if process.terminationStatus == 0 { return .text(text) }
        return .failed(complaint.split(separator: "\n").first.map(String.init) ?? "status \(process.terminationStatus)")
    }
}
