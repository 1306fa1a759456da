import HawseModel
import HawseWire

/// Connections counted by one `-m connlimit` rule (`struct nf_conncount_data`): a list for each group of hosts.
///
/// The kernel looks for dead entries, and for the connection itself, once in a tick of some milliseconds; packets of one
/// connection that follow each other faster are counted twice there. Here every packet looks.
struct ConnlimitTable {
    struct Entry {
        var tuple: Tuple
        var zone: UInt16
    }

    private var lists: [EntryKey: [Entry]] = [:]
    /// `CONNCOUNT_GC_MAX_NODES`
    private static let mostCollected = 8

    func deallocate() {}

    /// `nf_conncount_count`: how many live connections the group has, with this one added unless it is there.
    mutating func count(
        _ key: EntryKey, _ tuple: Tuple, zone: UInt16, connections: UnsafeMutablePointer<ConnectionTable>, now: Instant
    ) -> Int {
        let entry = Entry(tuple: tuple, zone: zone)
        guard var list = lists.removeValue(forKey: key) else {
            lists[key] = [entry]
            return 1
        }
        if !Self.tidy(&list, entry, connections, now) { list.append(entry) }
        lists[key] = list
        return list.count
    }

    /// Takes out what has ended, up to the entry sought; whether that is there.
    private static func tidy(
        _ list: inout [Entry], _ sought: Entry, _ connections: UnsafeMutablePointer<ConnectionTable>, _ now: Instant
    ) -> Bool {
        var kept: [Entry] = []
        var collected = 0
        for (index, entry) in list.enumerated() {
            if collected > mostCollected {
                kept += list[index...]
                break
            }
            guard let (connection, _) = connections.pointee.find(entry.tuple, zone: entry.zone, now: now) else {
                collected += 1
                continue
            }
            if entry.tuple == sought.tuple, entry.zone == sought.zone {
                list = kept + list[index...]
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
        list = kept
        return false
    }
}
