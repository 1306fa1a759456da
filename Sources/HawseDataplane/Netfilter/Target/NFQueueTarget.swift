import HawseModel
import HawseWire

/// What the embedding program says of a queued packet (`nfqueue`).
public enum QueueVerdict: Sendable {
    case accept
    case drop
}

/// NFQUEUE (`nfqueue_tg_v3`).
struct NFQueueAction: BitwiseCopyable {
    var first: UInt16
    var count: UInt16
    var bypass: Bool

    init(_ target: NFQueueTarget) {
        first = target.first
        count = max(target.count, 1)
        bypass = target.bypass
    }

    func apply(_ context: RuleContext) -> TargetResult {
        let packet = context.packet
        guard let listener = context.node.pointee.queueListener else {
            if bypass { return .accept }
            packet.pointee.disposition = .dropped(.queue)
            return .drop
        }
        let bytes = UnsafeRawBufferPointer(start: packet.networkPointer, count: packet.length)
        switch listener(queue(packet), bytes) {
        case .accept: return .accept
        case .drop:
            packet.pointee.disposition = .dropped(.queue)
            return .drop
        }
    }

    /// `nfqueue_hash`: a flow's packets of both directions go to one queue of the balanced ones.
    private func queue(_ packet: PacketRef) -> UInt16 {
        guard count > 1 else { return first }
        let hash = FlowHash(seed: 0).symmetric(
            packet.sourceBits, 0, packet.destinationBits, 0, protocolNumber: IPProtocol(rawValue: 0))
        return first &+ UInt16(GoldenHash.scale(UInt32(truncatingIfNeeded: hash), to: UInt32(count)))
    }
}
