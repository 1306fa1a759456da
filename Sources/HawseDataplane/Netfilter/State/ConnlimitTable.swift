import HawseModel
import HawseWire

/// Connections counted by one `-m connlimit` rule (`struct nf_conncount_data`): a list for each group of hosts.
///
/// The kernel looks through a list for what has ended unless it has done so in the same tick of some milliseconds; a
/// connection that is not confirmed is then added at once, a second time if need be. Here a tick is a single instant: what
/// one frame leads to. (Where the ticks of a kernel begin is its own affair.)
struct ConnlimitTable {
    /// Whom a packet is counted for (`get_ct_or_tuple_from_skb`).
    struct Entry {
        var tuple: Tuple
        var zones: ZonePair
    }

    private struct List {
        var entries: [Entry]
        /// `last_gc` and `last_gc_count`
        var collected: Instant
        var leftThen = 0

        /// Whether it has been looked through in this tick and has not grown much since.
        func isTidy(_ now: Instant) -> Bool { collected == now && entries.count - leftThen < ConnlimitTable.mostCollected }
    }

    private var lists: [EntryKey: List] = [:]
    /// `CONNCOUNT_GC_MAX_COLLECT`
    private static let mostCollected = 64

    func deallocate() {}

    /// `count_tree`: how many live connections the group has. A connection that is assured is counted only if it has been
    /// added before; a list that has run empty counts none.
    mutating func count(
        _ key: EntryKey, _ entry: Entry, _ connection: ConnectionRef?, connections: UnsafeMutablePointer<ConnectionTable>,
        now: Instant
    ) -> Int {
        guard var list = lists.removeValue(forKey: key) else {
            lists[key] = List(entries: [entry], collected: now)
            return 1
        }
        let isConfirmed = connection.map { $0.pointee.isConfirmed } ?? false
        if isConfirmed, connection.map({ $0.pointee.isAssured }) ?? false {
            if !list.entries.isEmpty, !list.isTidy(now) { Self.tidy(&list, nil, connections, now) }
        } else if !isConfirmed, list.isTidy(now) {
            list.entries.append(entry)
        } else if !Self.tidy(&list, entry, connections, now) {
            list.entries.append(entry)
        }
        lists[key] = list
        return list.entries.count
    }

    /// Takes out what has ended, up to the entry sought; whether that is there.
    @discardableResult
    private static func tidy(
        _ list: inout List, _ sought: Entry?, _ connections: UnsafeMutablePointer<ConnectionTable>, _ now: Instant
    ) -> Bool {
        var kept: [Entry] = []
        var collected = 0
        for (index, entry) in list.entries.enumerated() {
            if collected > mostCollected {
                kept += list.entries[index...]
                break
            }
            guard let (connection, _) = connections.pointee.find(entry.tuple, entry.zones, now: now) else {
                collected += 1
                continue
            }
            if let sought, entry.tuple == sought.tuple, connection.pointee.zone(.original) == sought.zones.original {
                list.entries = kept + list.entries[index...]
                return true
            }
            if connection.pointee.ipProtocol == .tcp,
                connection.pointee.tcpState == .timeWait || connection.pointee.tcpState == .close
            {
                collected += 1
                continue
            }
            kept.append(entry)
        }
        list = List(entries: kept, collected: now, leftThen: kept.count)
        return false
    }
}
