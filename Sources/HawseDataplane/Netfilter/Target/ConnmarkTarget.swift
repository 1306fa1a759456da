import HawseModel

/// CONNMARK (`connmark_tg_shift`).
struct ConnmarkAction: BitwiseCopyable {
    var operation: UInt8
    /// Value, or the connection's mask.
    var first: UInt32
    /// Mask, or the packet's mask.
    var second: UInt32
    var shiftLeft: UInt8 = 0
    var shiftRight: UInt8 = 0

    init(_ target: ConnmarkTarget) {
        switch target.operation {
        case .set(let value, let mask): (operation, first, second) = (0, value, mask)
        case .save(let connectionMask, let packetMask): (operation, first, second) = (1, connectionMask, packetMask)
        case .restore(let connectionMask, let packetMask): (operation, first, second) = (2, connectionMask, packetMask)
        }
        switch target.shift {
        case .left(let bits): shiftLeft = bits
        case .right(let bits): shiftRight = bits
        }
    }

    private func shifted(_ mark: UInt32) -> UInt32 {
        shiftRight != 0 ? mark &>> UInt32(shiftRight) : mark &<< UInt32(shiftLeft)
    }

    func apply(_ context: RuleContext) {
        guard let place = context.connectionMark else { return }
        let packet = context.packet
        switch operation {
        case 0: place.pointee = shifted((place.pointee & ~second) ^ first)
        case 1:
            let mark = shifted(packet.pointee.mark & second)
            place.pointee = (place.pointee & ~first) ^ mark
        default:
            let mark = shifted(place.pointee & first)
            packet.pointee.mark = (packet.pointee.mark & ~second) ^ mark
        }
    }
}
