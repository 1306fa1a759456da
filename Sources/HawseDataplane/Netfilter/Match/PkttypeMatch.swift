import HawseModel
import HawseWire

/// `-m pkttype` (`pkttype_mt`).
struct PkttypeOperation: MatchOperation {
    var kind: UInt8
    var inverted: Bool

    init(_ match: PkttypeMatch) {
        kind = match.kind.rawValue
        inverted = match.inverted
    }

    static func matches(_ operation: UnsafeMutablePointer<Self>, _ context: inout RuleContext) -> Bool {
        let packet = context.packet
        let type: PacketType
        switch packet.pointee.packetType {
        case .host, .broadcast, .multicast: type = packet.pointee.packetType
        // A device never sees its own packets come in as "other host"; rules for it never match.
        case .otherHost: return false
        // Sent packets are still PACKET_HOST at OUTPUT; PACKET_LOOPBACK is the copy of one's own multicast.
        case .outgoing: type = .host
        case .loopback:
            let destination = packet.destinationBits
            if IPAddress(family: packet.family, bits: destination).isMulticast {
                type = .multicast
            } else {
                type = packet.pointee.route.kind == .broadcast ? .broadcast : .host
            }
        }
        return (type.rawValue == operation.pointee.kind) != operation.pointee.inverted
    }
}
