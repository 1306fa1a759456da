import HawseModel
import HawseWire

/// `-m tcpmss` (`tcpmss_mt`).
struct TCPMSSOperation: MatchOperation {
    var mss: NumberRange<UInt16>

    init(_ match: TCPMSSMatch) { mss = NumberRange(match.mss) }

    static func matches(_ operation: UnsafeMutablePointer<Self>, _ context: inout RuleContext) -> Bool {
        guard let header = context.transport(TCPHeader.length) else { return false }
        let count = TCPHeader(header).headerLength - TCPHeader.length
        guard count >= 0, TCPHeader.length + count <= context.packet.transportLength else {
            context.hotdrop = true
            return false
        }
        let options = header + TCPHeader.length
        var i = 0
        while i < count {
            let kind = options.load8(at: i)
            if kind == 2, count - i >= 4, options.load8(at: i + 1) == 4 {
                return operation.pointee.mss.contains(options.loadBE16(at: i + 2))
            }
            if kind < 2 || i + 1 >= count { i += 1 } else { i += max(Int(options.load8(at: i + 1)), 1) }
        }
        return operation.pointee.mss.inverted
    }
}
