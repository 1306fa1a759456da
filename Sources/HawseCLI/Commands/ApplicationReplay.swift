import Hawse

/// Where a cluster's story goes while it runs.
final class ClusterOutputs {
    private let outputs: OutputFiles
    private unowned let cluster: Cluster
    private(set) var failure: (any Error)?

    init(_ command: Replay, _ cluster: Cluster) throws {
        let outputs = try OutputFiles(command, node: "", devices: [])
        self.outputs = outputs
        self.cluster = cluster
        cluster.isTracing = outputs.needsTrace
        cluster.isTapping = outputs.needsFrames
        let pods = cluster.plan.nodes.indices.map { cluster.plan.podsByDevice($0) }
        cluster.onTrace = { [unowned self, unowned cluster] index, events in
            let node = cluster.nodes[index]
            do {
                try outputs.record(
                    events, node: node.name, devices: node.dataplane.interfaceNames,
                    pods: index < pods.count ? pods[index] : [:], at: cluster.now)
            } catch { failure = failure ?? error }
        }
    }

    func close() throws {
        try outputs.close()
        for line in cluster.refusedCommands { StandardError.write("hawse: \(line)\n") }
    }
}

extension LoadedCluster {
    /// A scenario's file, read for this cluster.
    func scenario(_ path: String) throws -> NetworkScenario {
        let text = try TextFile.read(path)
        do {
            return try NetworkScenario.read(text, file: path, plan: cluster.plan, positions: cluster.positions) { name in
                directory.frontend(named: name).map { ($0.address, $0.port) }
            }
        } catch { throw Failure.input("\(error)") }
    }
}

/// `hawse replay --generate SCENARIO`: applications talk through a cluster, without a capture.
struct ApplicationReplay {
    let command: Replay
    let loaded: LoadedCluster
    let path: String

    func run() throws {
        let scenario = try loaded.scenario(path)
        if scenario.clients.isEmpty { throw Failure.input("\(path): clients: there are none, so nothing would happen") }
        if scenario.steps != nil {
            return try TimelineReplay(command: command, loaded: loaded, path: path, network: scenario).run()
        }
        let cluster = loaded.cluster
        let outputs = try ClusterOutputs(command, cluster)
        let run = scenario.prepare(cluster, entryNode: loaded.entryNode, seed: command.source.seed)
        run.run(until: scenario.start + scenario.duration)
        try outputs.close()
        if let failure = outputs.failure { throw failure }
        if let wrong = cluster.failure { throw Failure.input("\(wrong)") }
        var out = command.summaryOutput
        SummaryText(command.summary, Palette(isOn: command.terminal.usesColor)).write(run, to: &out)
        out.flush()
    }
}

extension SummaryText {
    func write(_ run: ApplicationRun, to out: inout StandardOutput) {
        switch format {
        case .none: return
        case .json:
            for result in run.results { out.line(object(result)) }
        case .text: text(run, to: &out)
        }
    }

    private func object(_ result: ConversationResult) -> String { Self.object(result).line }

    static func object(_ result: ConversationResult) -> JSONObject {
        var object = JSONObject()
        object.set("schema", "hawse.conversation/1")
        object.set("client", result.client)
        object.set("number", result.number)
        object.set("flow", "\(result.tuple)")
        object.set("outcome", result.outcome.rawValue)
        object.set("answers", result.answers)
        object.set("bytes", result.bytes)
        object.set("retransmissions", result.retransmissions)
        object.set("server", result.server)
        object.set("started", Double(result.started.nanoseconds) / 1e9, fractionDigits: 9)
        if let connected = result.connected {
            object.set("connect_seconds", Double(connected - result.started) / 1e9, fractionDigits: 9)
        }
        if let ended = result.ended {
            object.set("seconds", Double(ended - result.started) / 1e9, fractionDigits: 9)
        }
        return object
    }

    private func text(_ run: ApplicationRun, to out: inout StandardOutput) {
        out.line(palette.strong("CLIENT".padded(24) + "CONVERSATIONS  ANSWERS  RETRANSMITTED  OUTCOMES"))
        var names: [String] = []
        for result in run.results where !names.contains(result.client) { names.append(result.client) }
        for name in names {
            let results = run.results.filter { $0.client == name }
            let outcomes = ConversationResult.Outcome.allCases.compactMap { outcome -> String? in
                let count = results.count { $0.outcome == outcome }
                return count > 0 ? "\(count) \(outcome.rawValue)" : nil
            }
            out.line(
                name.padded(24) + "\(results.count)".padded(15) + "\(results.reduce(0) { $0 + $1.answers })".padded(9)
                    + "\(results.reduce(0) { $0 + $1.retransmissions })".padded(15) + outcomes.joined(separator: ", "))
            var servers: [String: Int] = [:]
            for result in results where !result.server.isEmpty { servers[result.server, default: 0] += 1 }
            for (server, count) in servers.sorted(by: { $0.key < $1.key }) { out.line("  \(server)".padded(40) + "\(count)") }
        }
        let strays = run.strays
        if strays.damaged > 0 { out.line(palette.bad("\(strays.damaged) packets arrived damaged")) }
        if strays.unwanted > 0 { out.line("\(strays.unwanted) packets arrived that nobody waited for") }
        out.line("")
        writeNodes(run.cluster.builtNodes.map { ($0.name, $0.dataplane.outcomes) }, to: &out)
    }
}
