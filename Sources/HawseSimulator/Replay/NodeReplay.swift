import HawseCapture
import HawseDataplane
import HawseModel
import HawseWire

/// Puts a capture through a single node, built from its own dumps.
public final class NodeReplay {
    /// Records that a reader should hand over at a time.
    public let batchSize: Int
    public let shards: DataplaneShards
    public let entry: EntryPoint
    public private(set) var packets = 0
    /// Frames and packets that the node was given: a record may be none, or several (`TraceEvent.cause` counts these).
    public private(set) var entered = 0
    /// Records that the node itself had sent on.
    public private(set) var own = 0
    /// Records that no node takes in, by reason.
    public private(set) var refused: [LinkPayload.Refusal: Int] = [:]
    private var batch: FrameBatch
    /// Ports by the capture's file and interface; -1: the name says nothing.
    private var captured: [Int: Int] = [:]

    /// The only dataplane, or the first shard.
    public var dataplane: Dataplane { shards.first }

    /// `nil` when the interface chosen is none of the node's. More shards than one are used if the program's result does not
    /// depend on it, or if an approximate one will do.
    public init?(
        _ spec: NodeSpec, seed: UInt64, entry choice: EntryPoint.Choice, shards count: Int = 1, isApproximate: Bool = false
    ) throws(DataplaneError) {
        shards = try DataplaneShards(spec, count: count, seed: seed, isApproximate: isApproximate)
        guard let entry = EntryPoint(spec, shards.first, choice: choice) else { return nil }
        self.entry = entry
        batchSize = shards.count > 1 ? 1 << 14 : 1024
        batch = FrameBatch(entry, capacity: batchSize)
    }

    /// One record, at its time. What leaves waits in the dataplane's output queue.
    public func feed(_ record: CaptureRecord, captureInterface: String) {
        packets += 1
        let now = Instant(nanoseconds: record.timestamp)
        switch entry.enter(record, captureInterface: captureInterface) {
        case .frames(let interface, let frames):
            entered += frames.count
            for frame in frames {
                frame.withUnsafeBytes { bytes in
                    withUnsafePointer(to: InputFrame(bytes: bytes, interface: interface, time: now)) {
                        shards.receive(UnsafeBufferPointer(start: $0, count: 1))
                    }
                }
            }
        case .local(let packets):
            entered += packets.count
            for packet in packets { packet.withUnsafeBytes { shards.send($0, at: now) } }
        case .own:
            own += 1
        case .unsupported(let refusal):
            refused[refusal, default: 0] += 1
        }
    }

    /// Records that are valid together, in order: the same as one after the other. `file` tells captures apart that are read
    /// in turn; `interface` is asked for the name of a record's interface.
    public func feed(
        _ records: UnsafeBufferPointer<CaptureRecord>, file: Int = 0, interface: (CaptureRecord) -> CaptureInterface
    ) {
        var known = (index: UInt32.max, port: -1)
        for record in records {
            if record.interfaceIndex != known.index {
                known = (record.interfaceIndex, port(of: record, file, interface))
            }
            var fit = batch.take(record, port: known.port, entry)
            if fit == .full {
                flush()
                fit = batch.take(record, port: known.port, entry)
            }
            if fit == .taken { continue }
            flush()
            feed(record, captureInterface: interface(record).name)
        }
        flush()
    }

    private func port(of record: CaptureRecord, _ file: Int, _ interface: (CaptureRecord) -> CaptureInterface) -> Int {
        let key = file << 32 | Int(record.interfaceIndex)
        if let port = captured[key] { return port }
        let port = entry.port(captured: interface(record).name) ?? -1
        captured[key] = port
        return port
    }

    private func flush() {
        guard batch.count > 0 else { return }
        packets += batch.count
        entered += batch.count
        shards.receive(batch.all)
        batch.clear()
    }

    /// Lets time pass after the last packet.
    public func advance(to now: Instant) { shards.advance(to: now) }

    /// The same timer by timer, for one who tells what happens by its time: `body` is called at each.
    public func advance(to now: Instant, each body: (Instant) throws -> Void) rethrows {
        while dataplane.nextTimer < now {
            let due = dataplane.nextTimer
            shards.advance(to: due)
            try body(due)
        }
        shards.advance(to: now)
    }
}
