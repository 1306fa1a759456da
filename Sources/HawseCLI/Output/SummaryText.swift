import Hawse

/// The summary at the end of a replay.
struct SummaryText {
    let format: Replay.SummaryFormat
    let palette: Palette

    init(_ format: Replay.SummaryFormat, _ palette: Palette) {
        self.format = format
        self.palette = palette
    }

    func write(_ replay: NodeReplay, node: String, to out: inout StandardOutput) {
        let counts = replay.shards.outcomes
        switch format {
        case .none: return
        case .json:
            var object = JSONObject()
            object.set("schema", "hawse.replay/1")
            object.set("packets", replay.packets)
            object.set("refused", replay.refused.values.reduce(0, +))
            object.set("own", replay.own)
            object.set("nodes", raw: "[\(nodeObject(node, counts))]")
            out.line(object.line)
        case .text:
            out.line("\(palette.strong("\(replay.packets) packets")) through \(node)")
            if replay.own > 0 { out.line("  \(replay.own) left out: the node itself had sent them (their Ethernet source is its own)") }
            for (reason, count) in replay.refused.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
                out.line("  \(count) not taken in: \(reason)")
            }
            nodeLines(node, counts, to: &out)
        }
    }

    private func nodeObject(_ name: String, _ counts: OutcomeCounts) -> String {
        var object = JSONObject()
        object.set("node", name)
        object.set("transmitted", counts.transmitted)
        object.set("delivered", counts.delivered)
        object.set("consumed", counts.consumed)
        var drops = JSONObject()
        for (reason, count) in counts.drops { drops.set(reason.rawValue, count) }
        object.set("dropped", raw: drops.line)
        if !counts.kernelLog.isEmpty {
            var log = JSONObject()
            for (message, count) in counts.kernelLog { log.set(message, count) }
            object.set("kernel_log", raw: log.line)
        }
        return object.line
    }

    func writeNodes(_ nodes: [(String, OutcomeCounts)], to out: inout StandardOutput) {
        for (name, counts) in nodes { nodeLines(name, counts, to: &out) }
    }

    private func nodeLines(_ name: String, _ counts: OutcomeCounts, to out: inout StandardOutput) {
        out.line("\(palette.strong(name))")
        out.line("  transmitted \(counts.transmitted)   delivered \(counts.delivered)   consumed \(counts.consumed)")
        for (reason, count) in counts.drops { out.line("  \(palette.bad("dropped")) \(count)  \(reason.rawValue)") }
        for (message, count) in counts.kernelLog { out.line("  \(palette.bad("log")) \(count)  \(message)") }
    }
}

extension SummaryText {
    func write(_ summary: ReplaySummary, to out: inout StandardOutput) {
        switch format {
        case .none: return
        case .json: out.line(object(summary))
        case .text: text(summary, to: &out)
        }
    }

    private func object(_ summary: ReplaySummary) -> String {
        var object = JSONObject()
        object.set("schema", "hawse.replay/1")
        object.set("packets", summary.packets)
        object.set("requests", summary.requests)
        object.set("replies", summary.replies)
        object.set("replies_arrived", summary.repliesArrived)
        object.set("replies_without_request", summary.orphanReplies)
        object.set("not_ip", summary.notIP)
        let services = summary.services.values.sorted { $0.name < $1.name }.map { service -> String in
            var entry = JSONObject()
            entry.set("service", service.name)
            entry.set("packets", service.packets)
            entry.set("flows", service.flows)
            entry.set("undelivered", service.undelivered)
            var endpoints = JSONObject()
            for (name, count) in service.endpoints.sorted(by: { $0.key < $1.key }) { endpoints.set(name, count) }
            entry.set("endpoints", raw: endpoints.line)
            return entry.line
        }
        object.set("services", raw: "[" + services.joined(separator: ",") + "]")
        object.set("nodes", raw: "[" + summary.outcomes.map { nodeObject($0.node, $0.counts) }.joined(separator: ",") + "]")
        return object.line
    }

    private func text(_ summary: ReplaySummary, to out: inout StandardOutput) {
        out.line(
            "\(palette.strong("\(summary.packets) packets")): \(summary.requests) as captured, \(summary.replies) replies by pods "
                + "(\(summary.repliesArrived) arrived), \(summary.orphanReplies) replies to nothing, \(summary.notIP) not IP")
        if !summary.services.isEmpty {
            out.line("")
            out.line(palette.strong("SERVICE".padded(36) + "PACKETS  FLOWS  LOST  ENDPOINTS (FLOWS)"))
            for service in summary.services.values.sorted(by: { $0.name < $1.name }) {
                let endpoints = service.endpoints.sorted { $0.key < $1.key }.map { "\($0.key) (\($0.value))" }
                out.line(
                    service.name.padded(36) + "\(service.packets)".padded(9) + "\(service.flows)".padded(7)
                        + "\(service.undelivered)".padded(6) + endpoints.joined(separator: ", "))
            }
        }
        out.line("")
        for (node, counts) in summary.outcomes { nodeLines(node, counts, to: &out) }
    }
}

extension String {
    /// Padded on the right to a column's width, at least one blank behind.
    func padded(_ width: Int) -> String {
        self + String(repeating: " ", count: max(1, width - count))
    }
}
