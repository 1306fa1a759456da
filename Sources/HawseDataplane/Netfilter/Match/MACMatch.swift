import HawseModel
import HawseWire

/// `-m mac` (`mac_mt`): only frames of Ethernet devices have a source.
struct MACOperation: MatchOperation {
    var source: UInt64
    var inverted: Bool

    init(_ match: MACMatch) {
        source = match.source.value
        inverted = match.inverted
    }

    static func matches(_ operation: UnsafeMutablePointer<Self>, _ context: inout RuleContext) -> Bool {
        guard let mac = frameSource(context) else { return false }
        return (mac.value == operation.pointee.source) != operation.pointee.inverted
    }

    /// The source of the frame the packet came in; `nil` when it came in none.
    static func frameSource(_ context: RuleContext) -> MACAddress? {
        let packet = context.packet
        guard packet.pointee.mac >= 0, packet.pointee.inInterface != 0, packet.pointee.network &- packet.pointee.mac >= 14
        else { return nil }
        switch context.node.pointee.interfaces[packet.pointee.inInterface].pointee.kind {
        case .loopback, .tun, .ipip: return nil
        default: return packet.ethernet.source
        }
    }
}
