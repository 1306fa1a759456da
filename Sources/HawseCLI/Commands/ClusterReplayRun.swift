import Hawse

/// A cluster that manifests describe, ready to be played with.
struct LoadedCluster {
    var builder: ClusterBuilder
    var cluster: Cluster
    var directory: ServiceDirectory
    var entryNode: Int
}

/// `hawse replay -f …`: a capture through a whole cluster.
struct ClusterReplayRun {
    let command: Replay
    let cluster: LoadedCluster
    let map: AddressMap

    func run() throws {
        if let path = command.scenario, let scenario = try? cluster.scenario(path), scenario.steps != nil {
            return try TimelineReplay(command: command, loaded: cluster, path: path, network: scenario).run(capture: map)
        }
        let replay = ClusterReplay(cluster.cluster, directory: cluster.directory)
        replay.map = map
        replay.entryNode = cluster.entryNode
        if command.interface != "auto" {
            StandardError.write("hawse: --interface: packets enter a cluster where their senders are\n")
        }
        let outputs = try ClusterOutputs(command, cluster.cluster)
        var faults = try faults()
        var progress = Progress(command.terminal)
        var failure: Failure?
        var count = 0
        do {
            try command.input.forEach { record, _ in
                if count == 0 {
                    // A scenario's clock begins with the capture.
                    let start = Instant(nanoseconds: record.timestamp)
                    cluster.cluster.advance(to: start)
                    cluster.cluster.schedule(faults, from: start)
                    faults = []
                }
                replay.feed(record)
                count += 1
                progress.step(count, fraction: nil)
                if let failure = outputs.failure { throw failure }
                if let wrong = cluster.cluster.failure { throw Failure.input("\(wrong)") }
                if Interruption.isPending { throw Failure.interrupted }
            }
        } catch let error as Failure {
            failure = error
        }
        if let failure, failure.code == 2 { throw failure }
        cluster.cluster.advance(to: cluster.cluster.now + .seconds(5))
        progress.finish()
        try outputs.close()
        var out = command.summaryOutput
        SummaryText(command.summary, Palette(isOn: command.terminal.usesColor)).write(replay.finish(), to: &out)
        out.flush()
        if let failure { throw failure }
    }

    private func faults() throws -> [Fault] {
        guard let path = command.scenario else { return [] }
        let scenario = try cluster.scenario(path)
        if !scenario.clients.isEmpty || !scenario.servers.isEmpty {
            throw Failure.input("\(path): clients and servers go with --generate; with -r the capture's packets are played")
        }
        return scenario.faults
    }
}
