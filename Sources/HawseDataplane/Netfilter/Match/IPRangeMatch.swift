import HawseModel
import HawseWire

/// `-m iprange` (`iprange_mt4`, `iprange_mt6`).
struct IPRangeOperation: MatchOperation {
    struct Side: BitwiseCopyable {
        var lower: AddressBits
        var upper: AddressBits
        var isSet: Bool
        var inverted: Bool

        init(_ range: ValueRange<IPAddress>?) {
            lower = range?.lower.bits ?? .zero
            upper = range?.upper.bits ?? .zero
            isSet = range != nil
            inverted = range?.inverted ?? false
        }

        @inline(__always)
        func holds(_ address: AddressBits) -> Bool {
            !isSet || (!(address < lower) && !(upper < address)) != inverted
        }
    }

    var source: Side
    var destination: Side

    init(_ match: IPRangeMatch) {
        source = Side(match.source)
        destination = Side(match.destination)
    }

    static func matches(_ operation: UnsafeMutablePointer<Self>, _ context: inout RuleContext) -> Bool {
        operation.pointee.source.holds(context.packet.sourceBits)
            && operation.pointee.destination.holds(context.packet.destinationBits)
    }
}
