import Hawse

#if canImport(Glibc)
import Glibc
#endif

/// `hawse replay --preload --loop N --stats json`: how long a node takes a packet, in CPU time of the threads at work.
struct Measurement {
    let command: Replay
    let spec: NodeSpec

    private struct Item {
        var offset: Int
        var length: Int
        var interface: UInt16
        var isLocal: Bool
        var time: Int64
    }

    func run() throws {
        if command.shards > 1, !command.approximate, let dependence = OrderDependence.all(of: spec).first {
            StandardError.write("hawse: --shards \(command.shards): \(dependence): running on one shard (see --approximate)\n")
        }
        let replay = try NodeReplay.make(
            spec, seed: command.source.seed, interface: command.interface, shards: command.shards,
            isApproximate: command.approximate)
        var bytes: [UInt8] = []
        var items: [Item] = []
        try command.input.forEach { record, interface in
            let (frames, index): ([[UInt8]], UInt16?)
            switch replay.entry.enter(record, captureInterface: interface.name) {
            case .frames(let number, let data): (frames, index) = (data, number)
            case .local(let data): (frames, index) = (data, nil)
            case .own, .unsupported: return
            }
            for frame in frames {
                items.append(
                    Item(offset: bytes.count, length: frame.count, interface: index ?? 0, isLocal: index == nil, time: record.timestamp))
                bytes += frame
            }
        }
        guard !items.isEmpty else { throw Failure.input("no packet of the capture can enter this node") }
        replay.shards.keepsOutputs = false
        let loops = bytes.withUnsafeBytes { play(replay.shards, items, $0) }
        if let event = replay.shards.orderEvent {
            StandardError.write("hawse: --shards: \(event): the result differs from that of one shard\n")
        }
        report(loops, packets: items.count, replay.shards)
    }

    /// Each loop happens as much later as the capture is long, so that connections age as they would.
    private func play(_ shards: DataplaneShards, _ items: [Item], _ bytes: UnsafeRawBufferPointer) -> [Double] {
        let span = max(1_000_000, (items.map(\.time).max() ?? 0) - (items.map(\.time).min() ?? 0) + 1000)
        let batch = UnsafeMutableBufferPointer<InputFrame>.allocate(capacity: shards.count > 1 ? 1 << 15 : 256)
        defer { batch.deallocate() }
        var loops: [Double] = []
        for number in 0..<command.loop {
            let shift = Int64(number) &* span
            let start = Self.cpuSeconds(shards)
            playOnce(shards, items, bytes, shift, batch)
            loops.append(Self.cpuSeconds(shards) - start)
        }
        return loops
    }

    /// Frames in batches; the node's own packets between them, in order.
    private func playOnce(
        _ shards: DataplaneShards, _ items: [Item], _ bytes: UnsafeRawBufferPointer, _ shift: Int64,
        _ batch: UnsafeMutableBufferPointer<InputFrame>
    ) {
        var filled = 0
        for item in items {
            let data = UnsafeRawBufferPointer(rebasing: bytes[item.offset..<(item.offset + item.length)])
            let now = Instant(nanoseconds: item.time &+ shift)
            if filled == batch.count || (item.isLocal && filled > 0) {
                shards.receive(UnsafeBufferPointer(rebasing: batch[0..<filled]))
                filled = 0
            }
            if item.isLocal {
                shards.send(data, at: now)
            } else {
                batch.initializeElement(at: filled, to: InputFrame(bytes: data, interface: item.interface, time: now))
                filled += 1
            }
        }
        shards.receive(UnsafeBufferPointer(rebasing: batch[0..<filled]))
    }

    private func report(_ loops: [Double], packets: Int, _ shards: DataplaneShards) {
        let total = loops.reduce(0, +)
        var object = JSONObject()
        object.set("packets", packets * loops.count)
        object.set("cpu_seconds", total, fractionDigits: 6)
        object.set("ns_per_packet", total * 1e9 / Double(packets * loops.count), fractionDigits: 2)
        object.set("loops", raw: Self.list(loops.map { $0 * 1e9 / Double(packets) }, fractionDigits: 2))
        // What became of them: a node that drops everything is fast.
        let outcomes = shards.outcomes
        let dropped = outcomes.dropped.values.reduce(0, &+)
        object.set("transmitted", Int(clamping: outcomes.transmitted))
        object.set("delivered", Int(clamping: outcomes.delivered))
        object.set("dropped", Int(clamping: dropped))
        if shards.count > 1 { object.set("shard_seconds", raw: Self.list(shards.busySeconds, fractionDigits: 6)) }
        var out = StandardOutput()
        if command.stats == .json {
            out.line(object.line)
        } else {
            let ns = JSONObject.number(total * 1e9 / Double(packets * loops.count), fractionDigits: 1)
            out.line(
                "\(packets * loops.count) packets, \(JSONObject.number(total, fractionDigits: 3)) s of CPU, \(ns) ns a packet; "
                    + "\(outcomes.transmitted) transmitted, \(outcomes.delivered) delivered, \(dropped) dropped")
        }
        out.flush()
    }

    private static func list(_ numbers: [Double], fractionDigits: Int) -> String {
        "[" + numbers.map { JSONObject.number($0, fractionDigits: fractionDigits) }.joined(separator: ",") + "]"
    }

    /// Of this thread, or of all shards' threads.
    private static func cpuSeconds(_ shards: DataplaneShards) -> Double {
        if shards.count > 1 { return shards.busySeconds.reduce(0, +) }
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
