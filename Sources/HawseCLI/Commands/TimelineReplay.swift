import Hawse

/// `hawse replay --scenario FILE` with steps: a control plane, its nodes and their conversations, all on one clock.
struct TimelineReplay {
    let command: Replay
    let loaded: LoadedCluster
    let path: String
    let network: NetworkScenario

    /// The steps of a scenario file; what is wrong with them is told with its place.
    static func steps(_ path: String) throws -> Scenario {
        guard let text = TextFile.read(path) else { throw Failure.input("\(path): cannot be read") }
        let folder = path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
        let (scenario, problems) = Scenario.read(text: text, file: path, folder: folder.isEmpty ? "." : folder)
        ManifestInput.report(problems)
        guard let scenario else { throw Failure.input("") }
        return scenario
    }

    func run() throws {
        var network = network
        for index in network.clients.indices { network.clients[index].hasAffinity = hasAffinity(network.clients[index]) }
        let timeline: ClusterTimeline
        do {
            timeline = try ClusterTimeline(
                loaded.builder, network: network, steps: try Self.steps(path), origin: network.start,
                entryNode: loaded.entryNode, seed: command.source.seed)
        } catch let failure as Failure { throw failure } catch { throw Failure.input("\(error)") }
        let outputs = try ClusterOutputs(command, timeline.cluster)
        timeline.run()
        try outputs.close()
        if let failure = outputs.failure { throw failure }
        for problem in timeline.problems { StandardError.write("\(problem)\n") }
        var out = StandardOutput()
        TimelineText(timeline, command.summary, Palette(isOn: command.terminal.usesColor)).write(to: &out)
        out.flush()
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
