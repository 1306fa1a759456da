import HawseModel
import HawseWire

/// `-m esp` (`esp_mt`).
struct ESPOperation: MatchOperation {
    var spi: NumberRange<UInt32>

    init(_ match: ESPMatch) { spi = NumberRange(match.spi) }

    static func matches(_ operation: UnsafeMutablePointer<Self>, _ context: inout RuleContext) -> Bool {
        if context.packet.isLaterFragment { return false }
        guard let header = context.transport(ESPHeader.length) else { return false }
        return operation.pointee.spi.contains(ESPHeader(header).spi)
    }
}
