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
        writeClients(&out)
        writeSteps(&out)
        let findings = timeline.findings
        if !findings.isEmpty {
            out.line("")
            out.line(palette.strong("AT".padded(12) + "CLIENT".padded(16) + "FATE".padded(12) + "NODE".padded(10) + "PROXY".padded(10) + "CAUSE"))
        }
        for finding in findings { out.line(line(finding)) }
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

    private func writeSteps(_ out: inout StandardOutput) {
        out.line("")
        out.line(palette.strong("AT".padded(12) + "STEP".padded(40) + "COST"))
        let findings = timeline.findings
        for (number, time) in timeline.stepTimes.enumerated() {
            let own = findings.filter { $0.step == number }
            let counts = ConversationFate.allCases.compactMap { fate -> String? in
                let count = own.count { $0.fate == fate }
                return count > 0 ? "\(count) \(fate.rawValue)" : nil
            }
            out.line(
                clock(time).padded(12) + timeline.label(ofStep: number).padded(40)
                    + (counts.isEmpty ? "nothing" : counts.joined(separator: ", ")))
        }
    }

    private func clock(_ time: Instant) -> String { "\(Double(((time - timeline.network.start) / 1_000_000)) / 1000)s" }

    private func line(_ finding: TimelineFinding) -> String {
        let result = timeline.apps.results[finding.conversation]
        var cause = "step \"\(timeline.label(ofStep: finding.step))\""
        if finding.fate == .moved, finding.servers.count > 1 {
            cause += ": " + finding.servers.joined(separator: " > ")
        } else if let disruption = finding.cause {
            cause += ": \(disruption.subject) \(disruption.kind.rawValue) at \(clock(disruption.time))"
        }
        return clock(finding.time).padded(12) + "\(result.client) #\(result.number)".padded(16)
            + finding.fate.rawValue.padded(12) + finding.node.padded(10) + finding.mode.rawValue.padded(10) + cause
    }
}
