import HawseCapture
import HawseDataplane
import HawseModel
import HawseWire

/// Puts a capture through a single node, built from its own dumps.
public final class NodeReplay {
    public let dataplane: Dataplane
    public let entry: EntryPoint
    public private(set) var packets = 0
    /// Records that no node takes in, by reason.
    public private(set) var refused: [LinkPayload.Refusal: Int] = [:]

    /// `nil` when the interface chosen is none of the node's.
    public init?(_ spec: NodeSpec, seed: UInt64, entry choice: EntryPoint.Choice) throws(DataplaneError) {
        dataplane = try Dataplane(spec, seed: seed)
        guard let entry = EntryPoint(spec, dataplane, choice: choice) else { return nil }
        self.entry = entry
    }

    /// One record, at its time. What leaves waits in the dataplane's output queue.
    public func feed(_ record: CaptureRecord, captureInterface: String) {
        packets += 1
        let now = Instant(nanoseconds: record.timestamp)
        switch entry.enter(record, captureInterface: captureInterface) {
        case .frame(let interface, let bytes):
            bytes.withUnsafeBytes { dataplane.receive($0, on: interface, at: now) }
        case .local(let bytes):
            bytes.withUnsafeBytes { dataplane.send($0, at: now) }
        case .unsupported(let refusal):
            refused[refusal, default: 0] += 1
        }
    }
}
