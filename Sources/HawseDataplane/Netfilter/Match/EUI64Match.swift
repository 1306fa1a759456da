import HawseModel
import HawseWire

/// `-m eui64` (`eui64_mt6`): the source's interface identifier is that of the frame's source.
struct EUI64Operation: MatchOperation {
    static func matches(_ operation: UnsafeMutablePointer<Self>, _ context: inout RuleContext) -> Bool {
        guard let mac = MACOperation.frameSource(context) else { return false }
        return mac.linkLocal.bits.low == context.packet.sourceBits.low
    }
}
