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
        var zone: UInt16 = 0
        let tuple: Tuple
        if let connection = context.connection {
            tuple = connections.pointee.tuple(of: connection, .original)
            zone = connection.pointee.zone(.original)
        } else if let own = Tuple(packet) {
            tuple = own
        } else {
            context.hotdrop = true
            return false
        }
        let host = (test.byDestination ? packet.destinationBits : packet.sourceBits) & test.mask
        let count = test.table.pointee.count(
            EntryKey(host, .zero, UInt64(zone)), tuple, zone: zone, connections: connections,
            now: context.node.pointee.now)
        if count == 0 {
            context.hotdrop = true
            return false
        }
        return (count > Int(test.limit)) == test.isAbove
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
