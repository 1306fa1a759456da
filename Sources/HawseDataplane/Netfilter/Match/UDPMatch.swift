import HawseModel
import HawseWire

/// `-m udp` and `-m udplite` (`udp_mt`).
struct UDPOperation: MatchOperation {
    var sourcePorts: NumberRange<UInt16>
    var destinationPorts: NumberRange<UInt16>

    init(_ match: UDPMatch) {
        sourcePorts = NumberRange(match.sourcePorts)
        destinationPorts = NumberRange(match.destinationPorts)
    }

    /// The destination ports, when it asks for nothing else.
    var onlyPorts: NumberRange<UInt16>? { sourcePorts.isEverything ? destinationPorts : nil }

    @inline(__always)
    static func matches(_ operation: UnsafeMutablePointer<Self>, _ context: inout RuleContext) -> Bool {
        if context.packet.isLaterFragment { return false }
        guard let header = context.transport(UDPHeader.length) else { return false }
        return operation.pointee.sourcePorts.contains(header.loadBE16(at: 0))
            && operation.pointee.destinationPorts.contains(header.loadBE16(at: 2))
    }
}
