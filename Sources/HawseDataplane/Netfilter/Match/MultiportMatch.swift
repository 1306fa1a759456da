import HawseModel
import HawseWire

/// `-m multiport` (`multiport_mt` revision 1). Behind it: `count` pairs of lower and upper bound.
struct MultiportOperation: MatchOperation {
    var side: UInt8
    var count: UInt8
    var inverted: Bool

    init(_ match: MultiportMatch) {
        side = match.side.rawValue
        count = UInt8(clamping: match.ports.count)
        inverted = match.inverted
    }

    static func trailer(_ match: MultiportMatch) -> [UInt16] {
        match.ports.flatMap { [$0.lower, $0.isRange ? $0.upper : $0.lower] }
    }

    static func matches(_ operation: UnsafeMutablePointer<Self>, _ context: inout RuleContext) -> Bool {
        if context.packet.isLaterFragment { return false }
        guard let header = context.transport(4) else { return false }
        let source = header.loadBE16(at: 0)
        let destination = header.loadBE16(at: 2)
        let ports = UnsafeMutableRawPointer(operation + 1)
        for i in 0..<Int(operation.pointee.count) {
            let lower = ports.loadUnaligned(fromByteOffset: i * 4, as: UInt16.self)
            let upper = ports.loadUnaligned(fromByteOffset: i * 4 + 2, as: UInt16.self)
            let hit: Bool
            switch operation.pointee.side {
            case MultiportMatch.Side.source.rawValue: hit = source >= lower && source <= upper
            case MultiportMatch.Side.destination.rawValue: hit = destination >= lower && destination <= upper
            default: hit = source >= lower && source <= upper || destination >= lower && destination <= upper
            }
            if hit { return !operation.pointee.inverted }
        }
        return operation.pointee.inverted
    }
}
