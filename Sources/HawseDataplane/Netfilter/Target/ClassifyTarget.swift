import HawseModel

/// CLASSIFY (`classify_tg`).
struct ClassifyAction: BitwiseCopyable {
    var priority: UInt32

    init(_ target: ClassifyTarget) { priority = target.priority }

    func apply(_ context: RuleContext) { context.packet.pointee.priority = priority }
}
