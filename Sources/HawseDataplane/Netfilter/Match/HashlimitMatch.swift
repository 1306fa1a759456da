import HawseModel
import HawseWire

/// `-m hashlimit` (`hashlimit_mt_common`, revision 3).
struct HashlimitOperation: MatchOperation {
    var table: UnsafeMutablePointer<HashlimitTable>
    var mode: UInt32
    var sourceMask: AddressBits
    var destinationMask: AddressBits

    init(_ match: HashlimitMatch, _ table: UnsafeMutablePointer<HashlimitTable>, family: AddressFamily) {
        self.table = table
        mode = match.mode.rawValue
        sourceMask = .mask(prefixLength: min(max(match.sourceMask, 0), family.bitCount), family: family)
        destinationMask = .mask(prefixLength: min(max(match.destinationMask, 0), family.bitCount), family: family)
    }

    static func matches(_ operation: UnsafeMutablePointer<Self>, _ context: inout RuleContext) -> Bool {
        guard let key = operation.pointee.key(context) else {
            context.hotdrop = true
            return false
        }
        let table = operation.pointee.table
        let mode = HashlimitMatch.Mode(rawValue: operation.pointee.mode)
        let isAbove = mode.contains(.above)
        let now = context.node.pointee.now.jiffies
        table.pointee.sweep(now)
        let index: UInt32
        if let found = table.pointee.buckets.find(key) {
            index = found
            table.pointee.refill(&table.pointee.buckets[index].pointee.value, now)
        } else {
            guard table.pointee.buckets.count < table.pointee.maximum else {
                context.hotdrop = true
                return false
            }
            index = table.pointee.buckets.insert(key, table.pointee.fresh(now))
        }
        let row = table.pointee.buckets[index]
        row.pointee.value.expires = now &+ table.pointee.lifetime

        if mode.contains(.rateMatch) {
            row.pointee.value.currentRate &+= mode.contains(.bytes) ? UInt64(context.packet.length) : 1
            let isBelow = !row.pointee.value.exceeded && row.pointee.value.currentRate <= row.pointee.value.burst
            return isBelow != isAbove
        }
        let cost =
            mode.contains(.bytes)
            ? table.pointee.byteCost(&row.pointee.value, context.packet.length) : row.pointee.value.cost
        guard row.pointee.value.credit >= cost else { return isAbove }
        row.pointee.value.credit -= cost
        return !isAbove
    }

    /// `hashlimit_init_dst`; `nil` when the packet ends before its ports.
    private func key(_ context: RuleContext) -> EntryKey? {
        let packet = context.packet
        let mode = HashlimitMatch.Mode(rawValue: mode)
        let source = mode.contains(.sourceAddress) ? packet.sourceBits & sourceMask : .zero
        let destination = mode.contains(.destinationAddress) ? packet.destinationBits & destinationMask : .zero
        var ports: UInt64 = 0
        if mode.contains(.sourcePort) || mode.contains(.destinationPort) {
            var ipProtocol = packet.pointee.ipProtocol
            var offset = packet.transportOffset
            if context.isIPv6 {
                let walk = IPv6ExtensionWalk.skip(
                    from: packet.ipv6.nextHeader, at: 40, packet.networkPointer, length: packet.length)
                guard walk.outcome == .found else { return nil }
                ipProtocol = walk.protocolNumber
                offset = walk.offset
            }
            if let place = portsOffset(ipProtocol) {
                guard let header = packet.bytes(at: offset + place, count: 4) else { return nil }
                if mode.contains(.sourcePort) { ports |= UInt64(header.loadBE16(at: 0)) << 16 }
                if mode.contains(.destinationPort) { ports |= UInt64(header.loadBE16(at: 2)) }
            }
        }
        return EntryKey(source, destination, ports)
    }
}
