import Hawse

#if canImport(Glibc)
import Glibc
#endif

/// `hawse replay --preload --loop N --stats json`: how long a node takes a packet, in CPU time of this thread.
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
        let choice = command.interface == "auto" ? EntryPoint.Choice.automatic : .interface(command.interface)
        let dataplane: Dataplane
        do { dataplane = try Dataplane(spec, seed: command.source.seed) } catch { throw Failure.input("\(error)") }
        guard let entry = EntryPoint(spec, dataplane, choice: choice) else {
            throw Failure.input("--interface: the node has no `\(command.interface)' that packets could enter by")
        }
        var bytes: [UInt8] = []
        var items: [Item] = []
        try command.input.forEach { record, interface in
            let (frame, index): ([UInt8], UInt16?)
            switch entry.enter(record, captureInterface: interface.name) {
            case .frame(let number, let data): (frame, index) = (data, number)
            case .local(let data): (frame, index) = (data, nil)
            case .unsupported: return
            }
            items.append(
                Item(offset: bytes.count, length: frame.count, interface: index ?? 0, isLocal: index == nil, time: record.timestamp))
            bytes += frame
        }
        guard !items.isEmpty else { throw Failure.input("no packet of the capture can enter this node") }
        dataplane.keepsOutputs = false
        let loops = bytes.withUnsafeBytes { play(dataplane, items, $0) }
        report(loops, packets: items.count)
    }

    /// Each loop happens as much later as the capture is long, so that connections age as they would.
    private func play(_ dataplane: Dataplane, _ items: [Item], _ bytes: UnsafeRawBufferPointer) -> [Double] {
        let span = max(1_000_000, (items.map(\.time).max() ?? 0) - (items.map(\.time).min() ?? 0) + 1000)
        var loops: [Double] = []
        for number in 0..<command.loop {
            let shift = Int64(number) &* span
            let start = Self.cpuSeconds()
            playOnce(dataplane, items, bytes, shift)
            loops.append(Self.cpuSeconds() - start)
        }
        return loops
    }

    /// Frames in batches; the node's own packets between them, in order.
    private func playOnce(_ dataplane: Dataplane, _ items: [Item], _ bytes: UnsafeRawBufferPointer, _ shift: Int64) {
        withUnsafeTemporaryAllocation(of: InputFrame.self, capacity: 256) { batch in
            var filled = 0
            for item in items {
                let data = UnsafeRawBufferPointer(rebasing: bytes[item.offset..<(item.offset + item.length)])
                let now = Instant(nanoseconds: item.time &+ shift)
                if filled == 256 || (item.isLocal && filled > 0) {
                    dataplane.receive(UnsafeBufferPointer(rebasing: batch[0..<filled]))
                    filled = 0
                }
                if item.isLocal {
                    dataplane.send(data, at: now)
                } else {
                    batch.initializeElement(at: filled, to: InputFrame(bytes: data, interface: item.interface, time: now))
                    filled += 1
                }
            }
            dataplane.receive(UnsafeBufferPointer(rebasing: batch[0..<filled]))
        }
    }

    private func report(_ loops: [Double], packets: Int) {
        let total = loops.reduce(0, +)
        var object = JSONObject()
        object.set("packets", packets * loops.count)
        object.set("cpu_seconds", total, fractionDigits: 6)
        object.set("ns_per_packet", total * 1e9 / Double(packets * loops.count), fractionDigits: 2)
        object.set(
            "loops",
            raw: "[" + loops.map { JSONObject.number($0 * 1e9 / Double(packets), fractionDigits: 2) }.joined(separator: ",") + "]")
        var out = StandardOutput()
        if command.stats == .json {
            out.line(object.line)
        } else {
            let ns = JSONObject.number(total * 1e9 / Double(packets * loops.count), fractionDigits: 1)
            out.line("\(packets * loops.count) packets, \(JSONObject.number(total, fractionDigits: 3)) s of CPU, \(ns) ns a packet")
        }
        out.flush()
    }

    private static func cpuSeconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
