import Hawse

/// `hawse replay --scenario FILE` with steps: a control plane, its nodes and their conversations, all on one clock.
struct TimelineReplay {
    let command: Replay
    let loaded: LoadedCluster
    let path: String
    let network: NetworkScenario

    /// The steps of a scenario file; what is wrong with them is told with its place.
    static func steps(_ path: String) throws -> Scenario {
        let text = try TextFile.read(path)
        let folder = path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
        let (scenario, problems) = Scenario.read(text: text, file: path, folder: folder.isEmpty ? "." : folder)
        ManifestInput.report(problems)
        guard let scenario else { throw Failure.input("") }
        return scenario
    }

    private func timeline(from origin: Instant) throws -> ClusterTimeline {
        var network = network
        network.start = origin
        for index in network.clients.indices { network.clients[index].hasAffinity = hasAffinity(network.clients[index]) }
        let steps = try Self.steps(path)
        do {
            return try ClusterTimeline(
                loaded.builder, network: network, steps: steps, origin: origin, entryNode: loaded.entryNode,
                seed: command.source.seed)
        } catch { throw Failure.input("\(error)") }
    }

    func run() throws {
        let timeline = try timeline(from: network.start)
        let outputs = try ClusterOutputs(command, timeline.cluster)
        timeline.run()
        try outputs.close()
        if let failure = outputs.failure { throw failure }
        for problem in timeline.problems { StandardError.write("\(problem)\n") }
        var out = command.summaryOutput
        TimelineText(timeline, command.summary, Palette(isOn: command.terminal.usesColor)).write(to: &out)
        out.flush()
    }

    /// A capture's packets while the steps are taken, from its first packet on.
    func run(capture map: AddressMap) throws {
        if !network.clients.isEmpty {
            throw Failure.input("\(path): clients: with -r the capture's packets are played (drop -r, or the clients)")
        }
        var playing: (timeline: ClusterTimeline, replay: ClusterReplay, outputs: ClusterOutputs)?
        var failure: Failure?
        do {
            try command.input.forEach { record, _ in
                if playing == nil {
                    let timeline = try timeline(from: Instant(nanoseconds: record.timestamp))
                    let replay = ClusterReplay(timeline.cluster, directory: loaded.directory)
                    replay.map = map
                    replay.entryNode = loaded.entryNode
                    let outputs = try ClusterOutputs(command, timeline.cluster)
                    timeline.begin()
                    replay.timeline = timeline
                    playing = (timeline, replay, outputs)
                }
                playing?.replay.feed(record)
                if let failure = playing?.outputs.failure { throw failure }
                if Interruption.isPending { throw Failure.interrupted }
            }
        } catch let error as Failure { failure = error }
        guard let (timeline, replay, outputs) = playing else {
            if let failure { throw failure }
            return
        }
        timeline.cluster.advance(to: timeline.cluster.now + .seconds(5))
        try outputs.close()
        for problem in timeline.problems { StandardError.write("\(problem)\n") }
        var out = command.summaryOutput
        let palette = Palette(isOn: command.terminal.usesColor)
        SummaryText(command.summary, palette).write(replay.finish(), to: &out)
        TimelineText(timeline, command.summary, palette).write(replay.findings, to: &out)
        out.flush()
        if let failure { throw failure }
    }

    private func hasAffinity(_ client: ClientApplication) -> Bool {
        let isUDP = client.kind.hasPrefix("udp")
        guard let name = loaded.directory.name(client.destination, client.port, isUDP ? .udp : .tcp) else { return false }
        let service = name.split(separator: ":")[0].split(separator: "/")
        guard service.count == 2 else { return false }
        let key = ObjectKey(namespace: String(service[0]), name: String(service[1]))
        return loaded.builder.state.store.get(Kubernetes.Service.self, key)?.spec.sessionAffinity == "ClientIP"
    }
}
