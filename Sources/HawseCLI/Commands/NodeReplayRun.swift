import Hawse

#if canImport(Glibc)
import Glibc
#endif

/// `hawse replay` through one node: reads, feeds, and writes what was asked for.
struct NodeReplayRun {
    let command: Replay
    let spec: NodeSpec

    /// What packets met depends on the order of all of them: shards give no exact result.
    private struct OrderMatters: Error {
        var event: OrderDependence
    }

    func run() throws {
        do {
            try run(shards: shardCount())
        } catch let failure as OrderMatters {
            StandardError.write("hawse: --shards: \(failure.event): starting over on one shard\n")
            try run(shards: 1)
        }
    }

    /// How many shards are worth a try, and why not more.
    private func shardCount() -> Int {
        guard command.shards > 1, !command.approximate else { return command.shards }
        var reason: String?
        if command.write != nil || command.trace != nil {
            reason = "decisions are told in the order of all packets"
        } else if command.input.captures.contains("-") {
            reason = "stdin cannot be read again, should the order of all packets matter"
        } else if let dependence = OrderDependence.all(of: spec).first {
            reason = "\(dependence)"
        }
        guard let reason else { return command.shards }
        StandardError.write("hawse: --shards \(command.shards): \(reason): running on one shard (see --approximate)\n")
        return 1
    }

    private func run(shards: Int) throws {
        let replay = try NodeReplay.make(
            spec, seed: command.source.seed, interface: command.interface, shards: shards, isApproximate: command.approximate)
        let outputs = try OutputFiles(command, node: spec.name, devices: replay.dataplane.interfaceNames)
        replay.dataplane.isTracing = outputs.needsTrace
        replay.dataplane.isTapping = outputs.needsFrames
        replay.shards.keepsOutputs = outputs.needsOutputs
        var progress = Progress(command.terminal)
        var last = Instant.zero
        var failure: Failure?
        do {
            // A story is told packet by packet.
            try command.input.forEachBatch(of: outputs.needsTrace ? 1 : replay.batchSize) { records, file, interface in
                guard let newest = records.last else { return }
                let time = Instant(nanoseconds: newest.timestamp)
                if outputs.needsTrace, time > last { try replay.advance(to: time) { try outputs.take(replay, at: $0) } }
                last = time
                replay.feed(records, file: file, interface: interface)
                if let event = replay.shards.orderEvent { throw OrderMatters(event: event) }
                try outputs.take(replay, at: last)
                progress.step(replay.packets, by: records.count, fraction: nil)
                if Interruption.isPending { throw Failure.interrupted }
            }
        } catch let error as Failure {
            failure = error
        }
        if let failure, failure.code == 2 { throw failure }
        // Requests that nobody answers give up within seconds; so do the packets that wait for them.
        let end = last + .seconds(5)
        if outputs.needsTrace { try replay.advance(to: end) { try outputs.take(replay, at: $0) } } else { replay.advance(to: end) }
        if let event = replay.shards.orderEvent { throw OrderMatters(event: event) }
        try outputs.take(replay, at: end)
        progress.finish()
        try outputs.close()
        var out = command.summaryOutput
        SummaryText(command.summary, Palette(isOn: command.terminal.usesColor)).write(replay, node: spec.name, to: &out)
        out.flush()
        if let failure { throw failure }
    }
}

extension NodeReplay {
    /// `interface` as `--interface` takes it.
    static func make(
        _ spec: NodeSpec, seed: UInt64, interface: String, shards: Int = 1, isApproximate: Bool = false
    ) throws -> NodeReplay {
        let choice = interface == "auto" ? EntryPoint.Choice.automatic : .interface(interface)
        do {
            let replay = try NodeReplay(spec, seed: seed, entry: choice, shards: shards, isApproximate: isApproximate)
            if let replay { return replay }
        } catch { throw Failure.input("\(error)") }
        let names = spec.interfaces.map(\.name).joined(separator: ", ")
        throw Failure.input("--interface: the node has no `\(interface)' that packets could enter by (it has \(names))")
    }
}

/// Ctrl-C ends the work with the partial summary; the second one ends it at once.
enum Interruption {
    nonisolated(unsafe) private static var pending: sig_atomic_t = 0
    static var isPending: Bool { pending != 0 }

    static func watch() {
        signal(SIGINT) { _ in
            if Interruption.pending != 0 { _exit(130) }
            Interruption.pending = 1
        }
    }
}
