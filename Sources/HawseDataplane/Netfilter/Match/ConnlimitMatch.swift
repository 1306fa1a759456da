import HawseModel
import HawseWire

/// `-m connlimit` (`connlimit_mt`).
struct ConnlimitOperation: MatchOperation {
    var table: UnsafeMutablePointer<ConnlimitTable>
    var mask: AddressBits
    var limit: UInt32
    var isAbove: Bool
    var byDestination: Bool

    init(_ match: ConnlimitMatch, _ table: UnsafeMutablePointer<ConnlimitTable>, family: AddressFamily) {
        self.table = table
        mask = .mask(prefixLength: min(max(match.maskLength, 0), family.bitCount), family: family)
        limit = match.limit
        isAbove = match.isAbove
        byDestination = match.byDestination
    }

    static func matches(_ operation: UnsafeMutablePointer<Self>, _ context: inout RuleContext) -> Bool {
        let packet = context.packet
        let test = operation.pointee
        let connections = context.node.connectionTable
        let zones = packet.pointee.connectionTemplate.zones
        // Grouped by the zone's number, in whichever direction that holds.
        let zone = context.connection?.pointee.zone ?? packet.pointee.connectionTemplate.zone
        guard let connection = context.connection else {
            // Where no headers follow there is no protocol to be found (`ipv6_get_l4proto`).
            guard packet.isIPv4 || packet.pointee.ipProtocol != .noNextHeader, let own = Tuple(packet) else {
                context.hotdrop = true
                return false
            }
            // Not tracked itself, but it may look like a packet of a connection: each direction counts for itself.
            let found = connections.pointee.find(own, zones, now: context.node.pointee.now)
            return test.decide(ConnlimitTable.Entry(tuple: own, zones: zones), found?.0, zone, &context)
        }
        let tuple = connections.pointee.tuple(of: connection, .original)
        return test.decide(ConnlimitTable.Entry(tuple: tuple, zones: connection.pointee.zones), connection, zone, &context)
    }

    private func decide(
        _ entry: ConnlimitTable.Entry, _ connection: ConnectionRef?, _ zone: UInt16, _ context: inout RuleContext
    ) -> Bool {
        let host = (byDestination ? context.packet.destinationBits : context.packet.sourceBits) & mask
        let count = table.pointee.count(
            EntryKey(host, .zero, UInt64(zone)), entry, connection, connections: context.node.connectionTable,
            now: context.node.pointee.now)
        if count == 0 {
            context.hotdrop = true
            return false
        }
        return (count > Int(limit)) == isAbove
    }
}

extension UnsafeMutablePointer where Pointee == NodeState {
    /// The connection table in place, for code that is handed a pointer to it.
    @inline(__always)
    var connectionTable: UnsafeMutablePointer<ConnectionTable> {
        withUnsafeMutablePointer(to: &pointee.connections) { $0 }
    }

    @inline(__always)
    var setTable: UnsafeMutablePointer<SetTable> { withUnsafeMutablePointer(to: &pointee.sets) { $0 } }

    var namedState: UnsafeMutablePointer<NamedState> { withUnsafeMutablePointer(to: &pointee.named) { $0 } }
}
