import HawseModel
import HawseWire

/// Connections counted by one `-m connlimit` rule (`struct nf_conncount_data`): a list for each group of hosts.
struct ConnlimitTable {
    struct Entry {
        var tuple: Tuple
        var zone: UInt16
    }

    private struct List {
        var entries: [Entry]
        /// The kernel's tick in which dead entries were last looked for.
        var tidied: Int64
    }

    private var lists: [EntryKey: List] = [:]
    /// `CONNCOUNT_GC_MAX_NODES`
    private static let mostCollected = 8
    /// 250 ticks a second.
    private static let tick: Int64 = .milliseconds(4)

    func deallocate() {}

    /// `nf_conncount_count`: how many live connections the group has, with this one added unless it is there.
    mutating func count(
        _ key: EntryKey, _ tuple: Tuple, zone: UInt16, connections: UnsafeMutablePointer<ConnectionTable>, now: Instant
    ) -> Int {
        let tick = now.nanoseconds / Self.tick
        guard var list = lists.removeValue(forKey: key) else {
            lists[key] = List(entries: [Entry(tuple: tuple, zone: zone)], tidied: tick)
            return 1
        }
        // Within one tick nothing is looked up again, not even whether the connection is there already.
        let entry = Entry(tuple: tuple, zone: zone)
        if list.tidied == tick || !Self.tidy(&list, entry, tick, connections, now) { list.entries.append(entry) }
        lists[key] = list
        return list.entries.count
    }

    /// Takes out what has ended; stops and says so at the entry sought, when it is there.
    private static func tidy(
        _ list: inout List, _ sought: Entry, _ tick: Int64, _ connections: UnsafeMutablePointer<ConnectionTable>,
        _ now: Instant
    ) -> Bool {
        var kept: [Entry] = []
        var collected = 0
        for (index, entry) in list.entries.enumerated() {
            if collected > mostCollected {
                kept += list.entries[index...]
                break
            }
            guard let (connection, _) = connections.pointee.find(entry.tuple, zone: entry.zone, now: now) else {
                collected += 1
                continue
            }
            if entry.tuple == sought.tuple, entry.zone == sought.zone {
                list.entries = kept + list.entries[index...]
                return true
            }
            if connection.pointee.ipProtocol == 6,
                connection.pointee.tcpState == .timeWait || connection.pointee.tcpState == .close
            {
                collected += 1
                continue
            }
            kept.append(entry)
        }
        list.entries = kept
        list.tidied = tick
        return false
    }
}
