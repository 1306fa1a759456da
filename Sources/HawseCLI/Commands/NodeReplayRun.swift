import Hawse

#if canImport(Glibc)
import Glibc
#endif

/// `hawse replay` through one node: reads, feeds, and writes what was asked for.
struct NodeReplayRun {
    let command: Replay
    let spec: NodeSpec
    let map: AddressMap

    func run() throws {
        let replay = try NodeReplay.make(spec, seed: command.source.seed, interface: command.interface)
        let outputs = try OutputFiles(command, node: spec.name, devices: replay.dataplane.interfaceNames)
        replay.dataplane.isTracing = outputs.needsTrace
        replay.dataplane.isTapping = outputs.needsFrames
        var progress = Progress(command.terminal)
        var failure: Failure?
        var last = Instant.zero
        do {
            try command.input.forEach { record, interface in
                last = Instant(nanoseconds: record.timestamp)
                replay.feed(record, captureInterface: interface.name)
                try outputs.take(replay.dataplane, at: last)
                progress.step(replay.packets, fraction: nil)
                if Interruption.isPending { throw Failure.interrupted }
            }
        } catch let error as Failure {
            failure = error
        }
        // Requests that nobody answers give up within seconds; so do the packets that wait for them.
        replay.dataplane.advance(to: last + .seconds(5))
        try outputs.take(replay.dataplane, at: last)
        progress.finish()
        try outputs.close()
        var out = StandardOutput()
        SummaryText(command.summary, Palette(isOn: command.terminal.usesColor)).write(replay, node: spec.name, to: &out)
        out.flush()
        if let failure { throw failure }
    }
}

extension NodeReplay {
    /// With the entry that `--interface` names; what is wrong is an input error.
    static func make(_ spec: NodeSpec, seed: UInt64, interface: String) throws -> NodeReplay {
        let choice = interface == "auto" ? EntryPoint.Choice.automatic : .interface(interface)
        do {
            if let replay = try NodeReplay(spec, seed: seed, entry: choice) { return replay }
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
