import HawseModel

/// `-m connbytes` (`connbytes_mt`). Loading it switches counting on (`nf_ct_set_acct`).
struct ConnbytesOperation: MatchOperation {
    var count: NumberRange<UInt64>
    var direction: UInt8
    var mode: UInt8

    init(_ match: ConnbytesMatch) {
        count = NumberRange(match.count)
        direction = match.direction.rawValue
        mode = match.mode.rawValue
    }

    static func matches(_ operation: UnsafeMutablePointer<Self>, _ context: inout RuleContext) -> Bool {
        guard let connection = context.connection, connection.pointee.bits.contains(.accounted),
            let cold = context.node.pointee.connections.cold(connection)
        else { return false }
        var packets: UInt64 = 0
        var bytes: UInt64 = 0
        if operation.pointee.direction != ConnbytesMatch.Direction.reply.rawValue {
            packets = cold.pointee.originalPackets
            bytes = cold.pointee.originalBytes
        }
        if operation.pointee.direction != ConnbytesMatch.Direction.original.rawValue {
            packets &+= cold.pointee.replyPackets
            bytes &+= cold.pointee.replyBytes
        }
        switch ConnbytesMatch.Mode(rawValue: operation.pointee.mode) {
        case .packets: return operation.pointee.count.contains(packets)
        case .bytes: return operation.pointee.count.contains(bytes)
        default: return operation.pointee.count.contains(packets == 0 ? 0 : bytes / packets)
        }
    }
}
