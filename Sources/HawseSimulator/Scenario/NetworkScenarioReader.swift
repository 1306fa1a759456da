import HawseControl
import HawseModel
import HawseWire

/// YAML into a scenario, with everything that is wrong by line and field.
struct NetworkScenarioReader {
    let file: String
    let plan: ClusterPlan
    let positions: PlanIndex
    var problems: [ManifestDiagnostic] = []
    var path: [String] = []
    /// The control plane takes steps: pods may come that are not there yet.
    var hasSteps = false

    init(file: String, plan: ClusterPlan, positions: PlanIndex) {
        self.file = file
        self.plan = plan
        self.positions = positions
    }

    mutating func read(_ text: String, _ services: (String) -> (IPAddress, UInt16)?)
        throws(Flannel.ConfigurationError) -> NetworkScenario
    {
        let documents: [ManifestNode]
        do { documents = try YAMLReader.parse(text) } catch {
            throw Flannel.ConfigurationError([
                ManifestDiagnostic(severity: .error, file: file, mark: error.mark, field: "", message: error.reason)
            ])
        }
        var scenario = NetworkScenario()
        for document in documents where !document.isNull {
            let known = [
                "seed", "duration", "start", "timing", "probes", "conntrackCleanup", "links", "faults", "servers",
                "clients", "steps",
            ]
            hasSteps = hasSteps || document["steps"] != nil
            for entry in entries(document, known) { section(entry, &scenario, services) }
        }
        if !problems.isEmpty { throw Flannel.ConfigurationError(problems) }
        return scenario
    }

    mutating func section(
        _ entry: ManifestNode.Entry, _ scenario: inout NetworkScenario, _ services: (String) -> (IPAddress, UInt16)?
    ) {
        path = [entry.key]
        defer { path = [] }
        switch entry.key {
        case "seed": if let number = integer(entry.node, 0...Int.max) { scenario.seed = UInt64(number) }
        case "duration": if let time = time(entry.node) { scenario.duration = time }
        case "start": if let time = time(entry.node) { scenario.start = Instant(nanoseconds: time) }
        case "timing": timing(entry.node, &scenario.timing)
        case "conntrackCleanup": if let value = flag(entry.node) { scenario.cleansConntrack = value }
        case "probes":
            if let word = keyword(entry.node, ProbeKind.allCases) { scenario.probesArePackets = word == .packets }
        case "steps": scenario.steps = entry.node
        case "links": forEach(entry.node) { $0.link($1).map { scenario.faults.append(Fault(at: 0, $0)) } }
        case "faults": forEach(entry.node) { $0.fault($1).map { scenario.faults.append($0) } }
        case "servers":
            forEach(entry.node) { reader, node in
                guard let (rule, numbers) = reader.server(node) else { return }
                scenario.serverRules.append(rule)
                scenario.servers += numbers.map { ($0, rule.application) }
            }
        default: forEach(entry.node) { reader, node in
            if let client = reader.client(node, services) { scenario.clients.append(client) }
        }
        }
    }

    private enum ProbeKind: String, CaseIterable { case packets, scripted }

    mutating func timing(_ node: ManifestNode, _ timing: inout TimelineTiming) {
        let known = ["endpoints", "jitter", "sync", "teardown", "podStart", "podStop"]
        for entry in entries(node, known) {
            guard let time = value(entry, { $0.time($1) }) else { continue }
            switch entry.key {
            case "endpoints": timing.endpoints = time
            case "jitter": timing.jitter = time
            case "sync": timing.sync = time
            case "teardown": timing.teardown = time
            case "podStart": timing.podStart = Double(time) / 1e9
            default: timing.podStop = Double(time) / 1e9
            }
        }
    }

    // MARK: values

    mutating func wrong(_ node: ManifestNode, _ message: String, _ suggestion: String? = nil) {
        problems.append(
            ManifestDiagnostic(
                severity: .error, file: file, mark: node.mark, field: path.joined(separator: "."), message: message,
                suggestion: suggestion))
    }

    mutating func entries(_ node: ManifestNode, _ known: [String]) -> [ManifestNode.Entry] {
        guard let entries = node.entries else {
            wrong(node, "fields are expected, found \(node.typeName)")
            return []
        }
        for entry in entries where !known.contains(entry.key) {
            path.append(entry.key)
            wrong(ManifestNode(.null, mark: entry.mark), "no field of this kind", nearestWord(entry.key, among: known))
            path.removeLast()
        }
        return entries.filter { known.contains($0.key) && !$0.node.isNull }
    }

    mutating func forEach(_ node: ManifestNode, _ body: (inout Self, ManifestNode) -> Void) {
        guard let items = node.items else { return wrong(node, "a list is expected, found \(node.typeName)") }
        for (index, item) in items.enumerated() {
            path.append("[\(index)]")
            body(&self, item)
            path.removeLast()
        }
    }

    mutating func value<Value>(_ entry: ManifestNode.Entry, _ read: (inout Self, ManifestNode) -> Value?) -> Value? {
        path.append(entry.key)
        defer { path.removeLast() }
        return read(&self, entry.node)
    }

    mutating func integer(_ node: ManifestNode, _ range: ClosedRange<Int>) -> Int? {
        guard let number = node.int, range.contains(number) else {
            wrong(node, "a whole number of \(range.lowerBound)…\(range.upperBound) is expected")
            return nil
        }
        return number
    }

    mutating func flag(_ node: ManifestNode) -> Bool? {
        if node.flag == nil { wrong(node, "true or false is expected") }
        return node.flag
    }

    mutating func text(_ node: ManifestNode) -> String? {
        switch node.value {
        case .string(let text): return text
        case .integer(let number): return "\(number)"
        case .number(_, let text): return text
        default:
            wrong(node, "a text is expected, found \(node.typeName)")
            return nil
        }
    }

    /// A number with a unit, as a multiple of the unit's worth.
    mutating func measure(_ node: ManifestNode, _ units: [(String, Double)], _ what: String) -> Double? {
        guard let text = text(node) else { return nil }
        let digits = text.prefix { $0.isNumber || $0 == "." }
        let unit = text[digits.endIndex...]
        guard let number = Double(digits), number.isFinite, number >= 0 else {
            wrong(node, "\"\(text)\" is no \(what)")
            return nil
        }
        guard let factor = units.first(where: { $0.0 == unit })?.1 else {
            let names = units.map(\.0).filter { !$0.isEmpty }
            wrong(node, "\"\(text)\": the unit is one of \(names.joined(separator: ", "))", nearestWord(String(unit), among: names))
            return nil
        }
        let value = number * factor
        guard value < 9e18 else {
            wrong(node, "\"\(text)\" is too much")
            return nil
        }
        return value
    }

    /// `200us`, `5ms`, `2s`, `1m`; a bare number is seconds.
    mutating func time(_ node: ManifestNode) -> Int64? {
        measure(node, [("ns", 1), ("us", 1e3), ("ms", 1e6), ("s", 1e9), ("m", 60e9), ("h", 3600e9), ("", 1e9)], "time")
            .map { Int64($0.rounded()) }
    }

    /// `0.5%`; of a million.
    mutating func share(_ node: ManifestNode) -> UInt32? {
        guard let value = measure(node, [("%", 1e4)], "share in %") else { return nil }
        guard value <= 1e6 else {
            wrong(node, "more than 100%")
            return nil
        }
        return UInt32(value.rounded())
    }

    mutating func node(_ node: ManifestNode) -> Int? {
        guard let name = text(node) else { return nil }
        if let index = positions.node(named: name) { return index }
        wrong(node, "there is no node `\(name)'", nearestWord(name, among: plan.nodes.map(\.name)))
        return nil
    }

    // MARK: links and faults

    private static let qualities = ["delay", "jitter", "loss", "duplicate", "reorder", "bandwidth", "queue"]

    mutating func quality(_ entries: [ManifestNode.Entry]) -> LinkQuality? {
        var quality = LinkQuality()
        var isGiven = false
        for entry in entries where Self.qualities.contains(entry.key) {
            isGiven = true
            switch entry.key {
            case "delay": quality.delay = value(entry) { $0.time($1) } ?? 0
            case "jitter": quality.jitter = value(entry) { $0.time($1) } ?? 0
            case "loss": quality.lossPerMillion = value(entry) { $0.share($1) } ?? 0
            case "reorder": quality.reorderPerMillion = value(entry) { $0.share($1) } ?? 0
            case "duplicate": quality.duplicatePerMillion = value(entry) { $0.share($1) } ?? 0
            case "bandwidth":
                let units = [("bit", 1.0), ("kbit", 1e3), ("Mbit", 1e6), ("Gbit", 1e9)]
                quality.bandwidth = value(entry) { $0.measure($1, units, "bandwidth") }.map { UInt64($0) } ?? 0
            default:
                let units = [("", 1.0), ("kB", 1e3), ("MB", 1e6), ("KiB", 1024), ("MiB", 1_048_576)]
                quality.queueBytes = value(entry) { $0.measure($1, units, "size") }.map { Int(min($0, 1e12)) } ?? 0
            }
        }
        return isGiven ? quality : nil
    }

    mutating func link(_ node: ManifestNode) -> Fault.Action? {
        let entries = entries(node, ["node"] + Self.qualities)
        guard let name = entries.first(where: { $0.key == "node" }) else {
            wrong(node, "`node' is missing")
            return nil
        }
        guard let index = value(name, { $0.node($1) }) else { return nil }
        guard let quality = quality(entries) else {
            wrong(node, "says nothing of the link: \(Self.qualities.joined(separator: ", "))")
            return nil
        }
        return .link(node: index, quality)
    }

    /// Of a kind that can be carried out; whether the node takes it is seen when its time has come.
    mutating func command(_ node: ManifestNode) -> String? {
        guard let line = text(node) else { return nil }
        if CaseCommand.kinds.contains(where: { line.hasPrefix($0 + " ") }) { return line }
        let word = String(line.prefix { $0 != " " })
        wrong(node, "`\(word)' is nothing that a node can be told to run", nearestWord(word, among: CaseCommand.kinds))
        return nil
    }

    // Swift 6.3.1's optimiser stops at this function (CopyPropagation, "Found ownership error"); it is read once a file.
    @_optimize(none)
    mutating func fault(_ node: ManifestNode) -> Fault? {
        let entries = entries(
            node, ["at", "link", "down", "node", "gone", "deleted", "run", "registry", "nodes"] + Self.qualities)
        var at: Int64?
        var link: Int?
        var machine: Int?
        var flags: [String: Bool] = [:]
        var registry: String?
        var command: String?
        var nodes = Array(plan.nodes.indices)
        for entry in entries {
            switch entry.key {
            case "at": at = value(entry) { $0.time($1) }
            case "link": link = value(entry) { $0.node($1) }
            case "node": machine = value(entry) { $0.node($1) }
            case "down", "gone", "deleted": flags[entry.key] = value(entry) { $0.flag($1) }
            case "run": command = value(entry) { $0.command($1) }
            case "registry": registry = value(entry) { $0.text($1) }
            case "nodes":
                nodes = value(entry) { reader, node in
                    var list: [Int] = []
                    reader.forEach(node) { reader, item in if let index = reader.node(item) { list.append(index) } }
                    return list
                } ?? []
            default: break
            }
        }
        guard let at else {
            wrong(node, "`at' is missing")
            return nil
        }
        if let link {
            if let isDown = flags["down"] { return Fault(at: at, .linkDown(node: link, isDown)) }
            if let quality = quality(entries) { return Fault(at: at, .link(node: link, quality)) }
        } else if let machine {
            if let isGone = flags["gone"] { return Fault(at: at, .nodeGone(node: machine, isGone)) }
            if let command { return Fault(at: at, .command(node: machine, command)) }
            if let isDeleted = flags["deleted"] { return Fault(at: at, .nodeDeleted(node: machine, isDeleted)) }
        } else if let registry {
            if registry == "unreachable" || registry == "reachable" {
                return Fault(at: at, .registry(nodes: nodes, isReachable: registry == "reachable"))
            }
            wrong(
                node, "registry: \"\(registry)\" is neither reachable nor unreachable",
                nearestWord(registry, among: ["reachable", "unreachable"]))
            return nil
        }
        wrong(
            node,
            "no fault: `link' with `down' or a quality, `node' with `gone', `deleted' or `run', or `registry' is expected")
        return nil
    }
}
