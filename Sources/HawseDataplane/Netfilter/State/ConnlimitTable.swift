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
        /// The kernel's tick in which dead entries were last looked for, and how many were left then.
        var tidied: Int64
        var countThen: Int
    }

    /// Of a packet of a connection that is known already: it adds nothing, unless it came over the loopback device.
    enum Standing { case fresh, known, knownOnLoopback }

    private var lists: [EntryKey: List] = [:]
    /// `CONNCOUNT_GC_MAX_COLLECT`
    private static let mostCollected = 64
    /// 250 ticks a second.
    private static let tick: Int64 = .milliseconds(4)

    func deallocate() {}

    /// `nf_conncount_count_skb`: how many live connections the group has, with this one added unless it is known; 0 when
    /// the last of them is gone, which drops the packet.
    mutating func count(
        _ key: EntryKey, _ tuple: Tuple, zone: UInt16, standing: Standing,
        connections: UnsafeMutablePointer<ConnectionTable>, now: Instant
    ) -> Int {
        let tick = now.nanoseconds / Self.tick
        guard var list = lists.removeValue(forKey: key) else {
            lists[key] = List(entries: [Entry(tuple: tuple, zone: zone)], tidied: tick, countThen: 0)
            return 1
        }
        defer { lists[key] = list }
        if standing == .known {
            if list.tidied != tick { _ = Self.tidy(&list, nil, tick, connections, now) }
            return list.entries.count
        }
        // Within one tick nothing is looked up again, not even whether the connection is there already.
        let isTidy = list.tidied == tick && list.entries.count - list.countThen < Self.mostCollected
        let entry = Entry(tuple: tuple, zone: zone)
        if standing == .fresh, isTidy || !Self.tidy(&list, entry, tick, connections, now) { list.entries.append(entry) }
        if standing == .knownOnLoopback, !Self.tidy(&list, entry, tick, connections, now) { list.entries.append(entry) }
        return list.entries.count
    }

    /// Takes out what has ended; stops and says so at the entry sought, when it is there.
    private static func tidy(
        _ list: inout List, _ sought: Entry?, _ tick: Int64, _ connections: UnsafeMutablePointer<ConnectionTable>,
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
            if let sought, entry.tuple == sought.tuple, entry.zone == sought.zone {
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
        list.countThen = kept.count
        return false
    }
}
