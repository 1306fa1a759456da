import HawseModel
import HawseWire

/// `-m ipcomp` (`comp_mt`): the CPI, 16 bits behind next header and flags.
struct IPCompOperation: MatchOperation {
    var spi: NumberRange<UInt32>

    init(_ match: IPCompMatch) { spi = NumberRange(match.spi) }

    static func matches(_ operation: UnsafeMutablePointer<Self>, _ context: inout RuleContext) -> Bool {
        if context.packet.isLaterFragment { return false }
        guard let header = context.transport(4) else { return false }
        return operation.pointee.spi.contains(UInt32(header.loadBE16(at: 2)))
    }
}
