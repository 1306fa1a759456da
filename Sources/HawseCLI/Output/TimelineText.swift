import Hawse

/// What a timeline has to say: each client's requests, and every conversation that a step has cost, with its cause.
struct TimelineText {
    let timeline: ClusterTimeline
    let format: Replay.SummaryFormat
    let palette: Palette

    init(_ timeline: ClusterTimeline, _ format: Replay.SummaryFormat, _ palette: Palette) {
        self.timeline = timeline
        self.format = format
        self.palette = palette
    }

    func write(to out: inout StandardOutput) {
        switch format {
        case .none: return
        case .json: json(&out)
        case .text: text(&out)
        }
    }

    private func seconds(_ time: Instant) -> Double { Double(time - timeline.network.start) / 1e9 }

    private func json(_ out: inout StandardOutput) {
        var findings: [Int: TimelineFinding] = [:]
        for finding in timeline.findings { findings[finding.conversation] = finding }
        for (number, result) in timeline.apps.results.enumerated() {
            var object = SummaryText.object(result)
            object.set("node", timeline.cluster.plan.nodes[result.node].name)
            object.set("proxy_mode", timeline.mode.rawValue)
            object.set("fate", timeline.fate(number).rawValue)
            object.set("requests", result.requests)
            object.set("lost", result.requests - result.answers)
            if let finding = findings[number] {
                object.set("step", timeline.label(ofStep: finding.step))
                object.set("step_number", finding.step.map { $0 + 1 } ?? 0)
                object.set("at", seconds(finding.time), fractionDigits: 6)
                if let cause = finding.cause { object.set("cause", "\(cause.subject) \(cause.kind.rawValue)") }
                if finding.fate == .moved { object.set("servers", finding.servers.joined(separator: ",")) }
            }
            out.line(object.line)
        }
    }

    private func text(_ out: inout StandardOutput) {
        let findings = timeline.findings
        writeClients(&out)
        out.line("")
        writeSteps(findings.map { ($0.step, $0.fate) }, &out)
        if !findings.isEmpty { writeHeader(&out) }
        for finding in findings { out.line(line(finding)) }
        writeFlows(&out)
    }

    /// What the steps have cost a capture's conversations.
    func write(_ findings: [CaptureFinding], to out: inout StandardOutput) {
        switch format {
        case .none: return
        case .json:
            for finding in findings {
                var object = JSONObject()
                object.set("schema", "hawse.finding/1")
                object.set("flow", "\(finding.flow)")
                object.set("service", finding.service)
                object.set("fate", finding.fate.rawValue)
                object.set("at", seconds(finding.time), fractionDigits: 6)
                object.set("node", finding.node)
                object.set("proxy_mode", finding.mode.rawValue)
                object.set("step", timeline.label(ofStep: finding.step))
                object.set("step_number", finding.step.map { $0 + 1 } ?? 0)
                if let cause = finding.cause { object.set("cause", "\(cause.subject) \(cause.kind.rawValue)") }
                object.set("servers", finding.pods.joined(separator: ","))
                out.line(object.line)
            }
        case .text:
            out.line("")
            writeSteps(findings.map { ($0.step, $0.fate) }, &out)
            if !findings.isEmpty { writeHeader(&out) }
            for finding in findings {
                out.line(
                    row(
                        finding.time, "\(finding.flow)", finding.fate, finding.node, finding.mode, finding.step,
                        finding.cause, finding.pods))
            }
            writeFlows(&out)
        }
    }

    private func writeHeader(_ out: inout StandardOutput) {
        out.line("")
        out.line(
            palette.strong(
                "AT".padded(10) + "CONVERSATION".padded(18) + "FATE".padded(12) + "NODE".padded(10) + "PROXY".padded(11)
                    + "STEP AND CAUSE"))
    }

    private func writeFlows(_ out: inout StandardOutput) {
        let flows = timeline.staleFlows.filter { $0.value > 0 }.sorted { $0.key < $1.key }
        for (node, count) in flows { out.line("\(node): \(count) stale UDP flows deleted from conntrack") }
    }

    private func writeClients(_ out: inout StandardOutput) {
        out.line(palette.strong("CLIENT".padded(16) + "CONVERSATIONS  REQUESTS  LOST  FATES"))
        var names: [String] = []
        for result in timeline.apps.results where !names.contains(result.client) { names.append(result.client) }
        for name in names {
            let numbers = timeline.apps.results.indices.filter { timeline.apps.results[$0].client == name }
            let results = numbers.map { timeline.apps.results[$0] }
            let wanted = results.reduce(0) { $0 + $1.requests }
            let lost = wanted - results.reduce(0) { $0 + $1.answers }
            let fates = numbers.map(timeline.fate)
            let counts = ConversationFate.allCases.compactMap { fate -> String? in
                let count = fates.count { $0 == fate }
                return count > 0 ? "\(count) \(fate.rawValue)" : nil
            }
            out.line(
                name.padded(16) + "\(results.count)".padded(15) + "\(wanted)".padded(10) + "\(lost)".padded(6)
                    + counts.joined(separator: ", "))
        }
    }

    private func writeSteps(_ findings: [(step: Int?, fate: ConversationFate)], _ out: inout StandardOutput) {
        out.line(palette.strong("AT".padded(10) + "STEP".padded(40) + "COST"))
        for (number, time) in timeline.stepTimes.enumerated() {
            let own = findings.filter { $0.step == number }
            let counts = ConversationFate.allCases.compactMap { fate -> String? in
                let count = own.count { $0.fate == fate }
                return count > 0 ? "\(count) \(fate.rawValue)" : nil
            }
            out.line(
                clock(time).padded(10) + timeline.label(ofStep: number).padded(40)
                    + (counts.isEmpty ? "nothing" : counts.joined(separator: ", ")))
        }
    }

    private func clock(_ time: Instant) -> String { "\(Double(((time - timeline.network.start) / 1_000_000)) / 1000)s" }

    private func line(_ finding: TimelineFinding) -> String {
        let result = timeline.apps.results[finding.conversation]
        return row(
            finding.time, "\(result.client) #\(result.number)", finding.fate, finding.node, finding.mode, finding.step,
            finding.cause, finding.servers)
    }

    private func row(
        _ time: Instant, _ name: String, _ fate: ConversationFate, _ node: String, _ mode: ProxyMode, _ step: Int?,
        _ cause: Disruption?, _ servers: [String]
    ) -> String {
        var text = timeline.label(ofStep: step)
        if fate == .moved, servers.count > 1 {
            text += ": " + servers.joined(separator: " > ")
        } else if let cause {
            text += ": \(cause.subject) \(cause.kind.rawValue) at \(clock(cause.time))"
        }
        return clock(time).padded(10) + name.padded(18) + fate.rawValue.padded(12) + node.padded(10)
            + mode.rawValue.padded(11) + text
    }
}
