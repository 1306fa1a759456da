/// MARK (`xt_mark` revision 2): mark = (mark & ~mask) ^ value.
public struct MarkTarget: Hashable, Sendable {
    public var value: UInt32
    public var mask: UInt32

    /// `--set-xmark value/mask`.
    public init(value: UInt32, mask: UInt32 = .max) {
        self.value = value
        self.mask = mask
    }

    /// `--set-mark value/mask`, `--or-mark`, `--and-mark` and `--xor-mark` all lower to set-xmark.
    public static func set(_ value: UInt32, mask: UInt32 = .max) -> MarkTarget {
        MarkTarget(value: value, mask: mask | value)
    }
    public static func or(_ bits: UInt32) -> MarkTarget { MarkTarget(value: bits, mask: bits) }
    public static func and(_ bits: UInt32) -> MarkTarget { MarkTarget(value: 0, mask: ~bits) }
    public static func xor(_ bits: UInt32) -> MarkTarget { MarkTarget(value: bits, mask: 0) }
}
