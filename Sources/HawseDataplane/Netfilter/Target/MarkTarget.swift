import HawseModel

/// MARK (`mark_tg`).
struct MarkAction: BitwiseCopyable {
    var value: UInt32
    var mask: UInt32

    init(_ target: MarkTarget) {
        value = target.value
        mask = target.mask
    }

    @inline(__always)
    func apply(_ context: RuleContext) {
        context.packet.pointee.mark = (context.packet.pointee.mark & ~mask) ^ value
    }
}
