import Hawse

/// A cluster that manifests describe, ready to be played with.
struct LoadedCluster {
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
        let replay = ClusterReplay(cluster.cluster, directory: cluster.directory)
        replay.map = map
        replay.entryNode = cluster.entryNode
        let outputs = try OutputFiles(command, node: "", devices: [])
        let nodes = cluster.cluster.nodes
        cluster.cluster.isTracing = outputs.needsTrace
        cluster.cluster.isTapping = outputs.needsFrames
        var writeFailure: (any Error)?
        cluster.cluster.onTrace = { index, events in
            do {
                try outputs.record(
                    events, node: nodes[index].name, devices: nodes[index].dataplane.interfaceNames,
                    at: cluster.cluster.now)
            } catch { writeFailure = writeFailure ?? error }
        }
        var progress = Progress(command.terminal)
        var failure: Failure?
        var count = 0
        do {
            try command.input.forEach { record, _ in
                replay.feed(record)
                count += 1
                progress.step(count, fraction: nil)
                if let writeFailure { throw writeFailure }
                if let wrong = cluster.cluster.failure { throw Failure.input("\(wrong)") }
                if Interruption.isPending { throw Failure.interrupted }
            }
        } catch let error as Failure {
            failure = error
        }
        cluster.cluster.advance(to: cluster.cluster.now + .seconds(5))
        progress.finish()
        try outputs.close()
        var out = StandardOutput()
        SummaryText(command.summary, Palette(isOn: command.terminal.usesColor)).write(replay.finish(), to: &out)
        out.flush()
        if let failure { throw failure }
    }
}
