import HawseModel
import HawseWire

/// Connections counted by one `-m connlimit` rule (`struct nf_conncount_data`): a list for each group of hosts.
struct ConnlimitTable {
    struct Entry {
        var tuple: Tuple
        var zone: UInt16
    }

    private var lists: [EntryKey: [Entry]] = [:]

    func deallocate() {}

    /// `nf_conncount_count`: how many live connections the group has, with this one added unless it is known.
    mutating func count(
        _ key: EntryKey, _ tuple: Tuple, zone: UInt16, isConfirmed: Bool,
        connections: UnsafeMutablePointer<ConnectionTable>, now: Instant
    ) -> Int {
        guard var list = lists.removeValue(forKey: key) else {
            lists[key] = [Entry(tuple: tuple, zone: zone)]
            return 1
        }
        // The packet of a confirmed connection adds nothing, and the kernel does not tidy up for it either.
        if isConfirmed {
            lists[key] = list
            return list.count
        }
        var isKnown = false
        list.removeAll { entry in
            guard let (connection, _) = connections.pointee.find(entry.tuple, zone: entry.zone, now: now) else {
                return true
            }
            if entry.tuple == tuple, entry.zone == zone {
                isKnown = true
                return false
            }
            return connection.pointee.ipProtocol == 6
                && (connection.pointee.tcpState == .timeWait || connection.pointee.tcpState == .close)
        }
        if !isKnown { list.append(Entry(tuple: tuple, zone: zone)) }
        let count = list.count
        if count > 0 { lists[key] = list }
        return count
    }
}
