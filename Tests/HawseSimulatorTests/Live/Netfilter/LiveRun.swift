import Foundation
import HawseFormats
import HawseModel
import HawseSimulator
import HawseWire

/// One seed: a node, rules and packets by chance, in the running kernel; then the same in ours.
struct LiveRun {
    /// A line with its table's chains around it.
    struct Refusal {
        var line: String
        var table: String
    }

    typealias Endless = LiveCase.Endless

    let seed: UInt64
    private(set) var packets = 0
    private(set) var rules = 0
    /// Lines that the kernel did not take; ours must not take them either.
    private(set) var refused: [Refusal] = []
    private(set) var live: LiveCase
    private let kernel: KernelNode
    private let traffic: GeneratedTraffic
    private var generated: GeneratedRules
    /// Behind how many packets the rules change.
    private var commandPlaces: Set<Int> = []

    init(seed: UInt64) throws {
        self.seed = seed
        let draw = Draw(seed: seed)
        let node = GeneratedNode(draw, seed: seed)
        let sets = GeneratedSets(draw, node)
        generated = GeneratedRules(draw, node, sets)
        live = LiveCase(setup: node.setup, rules: LiveRules(tables: generated.text(), sets: sets.text))
        traffic = GeneratedTraffic(draw, node)
        traffic.hasOddities = !node.hasSynproxy
        if !node.hasSynproxy, draw.oneIn(3) { commandPlaces = Set((0...draw.below(3)).map { _ in draw.below(60) }) }
        live.setup.kernel = LiveCase.release
        // Where translations clash the kernel draws: ours draws the same then.
        live.setup.free.append(LiveSetup.Free(field: "nat-draws"))
        kernel = try KernelNode(node.setup)
        live.setup.leaveOut(kernel.refused)
        if KernelNode.tool("nfct") != nil, live.rules.tables.contains("CT --timeout") { try addTimeouts() }
        if !live.rules.sets.isEmpty {
            // As they have come to be: an element that is there already is not added again.
            try kernel.run("ipset", ["-exist", "restore"], input: live.rules.sets)
            live.rules.sets = try kernel.run("ipset", ["save"])
        }
        try load()
        // A rule that was refused may have turned counting on (`connbytes_mt_check`).
        if !live.rules.tables.contains("connbytes") { try kernel.restoreAccounting() }
        rules = live.rules.tables.split(separator: "\n").count { $0.hasPrefix("-A") }
    }

    private mutating func addTimeouts() throws {
        let (version, suffix) = family == .ipv6 ? ("inet6", "6") : ("inet", "4")
        for name in GeneratedNode.timeouts {
            let state = ["tcp": "established 500 syn_sent 70", "udp": "unreplied 50 replied 200", "sctp": "established 400"][name] ?? "timeout 90"
            _ = try? kernel.run("nfct", ["add", "timeout", "live-\(name)\(suffix)", version, name] + state.split(separator: " ").map(String.init))
        }
        live.rules.timeouts = try kernel.run("nfct", ["list", "timeout"])
    }

    private var family: AddressFamily { live.setup.family == 6 ? .ipv6 : .ipv4 }
    private var restore: String { live.setup.family == 6 ? "ip6tables-legacy-restore" : "iptables-legacy-restore" }

    // MARK: rules

    /// Loads the rules; lines that are refused are taken out.
    private mutating func load() throws {
        while true {
            do {
                try kernel.run(restore, [], input: live.rules.tables)
                return
            } catch let failure as LiveNamespaces.Failure {
                var lines = live.rules.tables.split(separator: "\n").map(String.init)
                guard let number = Self.lineNumber(failure.message), lines.indices.contains(number - 1) else { throw failure }
                if lines[number - 1] == "COMMIT" {
                    lines = try withoutRefused(lines, upTo: number - 1)
                } else {
                    refused.append(Refusal(line: lines[number - 1], table: Self.alone(lines[number - 1], lines, number - 1)))
                    lines.remove(at: number - 1)
                }
                live.rules.tables = lines.map { $0 + "\n" }.joined()
            }
        }
    }

    /// A table with one of its rules only.
    private static func alone(_ rule: String, _ lines: [String], _ index: Int) -> String {
        let start = lines[...index].lastIndex { $0.hasPrefix("*") } ?? 0
        let heads = lines[start...].prefix { $0 != "COMMIT" }.filter { !$0.hasPrefix("-A") }
        return (heads + [rule, "COMMIT"]).map { $0 + "\n" }.joined()
    }

    /// `Error occurred at line: 7` or `line 7 failed`.
    private static func lineNumber(_ message: String) -> Int? {
        for mark in ["occurred at line: ", "restore: line "] {
            guard let place = message.range(of: mark, options: .backwards) else { continue }
            return Int(message[place.upperBound...].prefix { $0.isNumber })
        }
        return nil
    }

    /// The kernel takes each rule of a table but not all together: what a chain may hold hangs on who calls it.
    struct RefusedWhole: Error {}

    /// The kernel does not say which rule of a table it refuses: each is tried alone.
    private mutating func withoutRefused(_ lines: [String], upTo commit: Int) throws -> [String] {
        let start = lines[..<commit].lastIndex { $0.hasPrefix("*") } ?? 0
        var result = lines
        var found = false
        for (index, rule) in lines.enumerated() where index > start && index < commit && rule.hasPrefix("-A") {
            let table = Self.alone(rule, lines, index)
            if (try? kernel.run(restore, [], input: table)) != nil { continue }
            refused.append(Refusal(line: rule, table: table))
            result.removeAll { $0 == rule }
            found = true
        }
        guard found else {
            throw RefusedWhole()
        }
        return result
    }

    // MARK: packets

    /// connlimit looks at the kernel's ticks, whose edges are not known: then each packet comes in a tick of its own.
    private var isPaced: Bool { live.rules.tables.contains("-m connlimit") }

    mutating func play(packets wanted: Int) throws {
        var generated = generated
        var places = commandPlaces
        packets =
            try live.play(
                traffic, packets: wanted, in: kernel, pause: isPaced ? 9000 : 0,
                command: { [kernel, family] count in
                    guard places.contains(where: { $0 <= count }) else { return nil }
                    places = places.filter { $0 > count }
                    return Self.change(kernel, family, generated.command())
                }) ?? 0
        live.states = try kernel.states(hasSets: !live.rules.sets.isEmpty)
    }

    /// Has the kernel carry out a command at its place; `nil` where it refuses.
    private static func change(_ kernel: KernelNode, _ family: AddressFamily, _ words: String) -> String? {
        let program = family == .ipv6 ? "ip6tables-legacy" : "iptables-legacy"
        guard (try? kernel.run("sh", ["-c", "\(program) -w \(words)"])) != nil else { return nil }
        return "\(program) \(words)"
    }

    /// A text for `--noflush` with counters on top of the rules: what is saved then, by the kernel's tools and here; `nil` where
    /// it is refused.
    func restoreOnTop(_ text: String) throws -> (theirs: String?, ours: String?) {
        // Of the name of a timeout policy Linux gives four letters back, whatever it has been told.
        func cut(_ rules: String) -> String { rules.replacing(/(-j CT .*--timeout \S{1,4})\S*/) { $0.output.1 } }
        func blocks(_ saved: String) -> String {
            let lines = cut(saved).split(separator: "\n").filter { !$0.hasPrefix("#") }.map { $0 + "\n" }.joined()
            return lines.split(separator: "*").sorted().joined(separator: "*")
        }
        let base = try IPTablesParser(family: family, file: "base", counters: false).parse(cut(live.rules.tables))
        var ours = (try? IPTablesParser(family: family, file: "top", counters: true, noFlush: true).parse(text, onto: base))
            .map { IPTablesPrinter(counters: true).text($0) }
        // A table that is put back asks for the policy by those letters, and nobody has one of that name.
        let raw = ours?.split(separator: "*").first { $0.hasPrefix("raw") }
        if text.contains("*raw\n"), raw?.contains(/--timeout live\s/) == true { ours = nil }
        var theirs: String?
        if (try? kernel.run(restore, ["--noflush", "-c"], input: text)) != nil {
            theirs = try kernel.run(restore.replacing("restore", with: "save"), ["-c"])
        }
        return (theirs.map(blocks), ours.map(blocks))
    }

    // MARK: judgement

    /// Writes the case and plays it here; what differs, or `nil`.
    func difference(keepingIn directory: String) throws -> String? { try live.difference(keepingIn: directory) }

    /// Whether the kernel did something else with the same seed: other counters, or another number of frames.
    func isUnlike(_ other: LiveRun) -> Bool {
        func counters(_ run: LiveRun) -> [Substring] {
            (run.live.states["iptables.v\(run.live.setup.family)"] ?? "").split(separator: "\n").filter { !$0.hasPrefix("#") }
        }
        return counters(self) != counters(other) || live.inputs.mapValues(\.count) != other.live.inputs.mapValues(\.count)
            || live.outputs.mapValues(\.count) != other.live.outputs.mapValues(\.count)
    }

    /// Lines that the kernel refused and that are taken here.
    func wronglyTaken() -> [String] {
        let sets = try? IPSetParser(file: "sets").parse(live.rules.sets)
        let timeouts = (try? TimeoutPolicyList.parse(live.rules.timeouts, file: "nfct")) ?? []
        return refused.filter { refusal in
            guard let rules = try? IPTablesParser(family: family, file: "refused", counters: false).parse(refusal.table) else {
                return false
            }
            return RuleSetCheck.check(rules, sets: sets, accounts: [], timeouts: timeouts).isEmpty
        }.map(\.line)
    }
}
