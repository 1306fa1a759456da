import HawseModel
import HawseWire

/// lblc's and lblcr's memory of which servers have a destination address: 1024 buckets, the newest entry first.
struct LocalityTable {
    struct Entry {
        var address: AddressBits
        /// Server numbers, the one added last first; lblc keeps one.
        var servers: [Int32]
        var lastUse: Int64
        /// When `servers` last changed.
        var lastChange: Int64
    }

    static let bits: UInt32 = 10
    private static let maximum = 1024 * 16
    private static let checkInterval = 60 * Jiffies.perSecond
    private static let staleAfter = 6 * 60 * Jiffies.perSecond

    private var buckets: [[Entry]] = Array(repeating: [], count: 1 << Int(bits))
    private(set) var count = 0
    private var nextCheck: Int64
    private var rover = 0
    private var checks = 1

    init(startedAt jiffy: Int64) { nextCheck = jiffy + Self.checkInterval }

    static func bucket(_ address: AddressBits, _ version: UInt8) -> Int {
        let word = SchedulerMath.fold(address, serviceVersion: version, addressVersion: version)
        return Int(SchedulerMath.hash32(word, bits: bits))
    }

    func find(_ address: AddressBits, in bucket: Int) -> Int? {
        buckets[bucket].firstIndex { $0.address == address }
    }

    subscript(bucket: Int, index: Int) -> Entry {
        get { buckets[bucket][index] }
        set { buckets[bucket][index] = newValue }
    }

    /// Another server for an address, in front of the others.
    mutating func addServer(_ bucket: Int, _ index: Int, _ server: Int32, _ now: Int64) {
        buckets[bucket][index].servers.insert(server, at: 0)
        buckets[bucket][index].lastChange = now
    }

    mutating func removeServer(_ bucket: Int, _ index: Int, at place: Int, _ now: Int64) {
        buckets[bucket][index].servers.remove(at: place)
        buckets[bucket][index].lastChange = now
    }

    mutating func insert(_ entry: Entry, in bucket: Int) {
        buckets[bucket].insert(entry, at: 0)
        count += 1
    }

    mutating func remove(_ index: Int, in bucket: Int) -> Entry {
        count -= 1
        return buckets[bucket].remove(at: index)
    }

    /// All servers that entries hold, each as often as it is held.
    var held: [Int32] { buckets.flatMap { $0.flatMap(\.servers) } }

    /// The minute's checks that are due (`ip_vs_lblc_check_expire`): every half hour all that were not used for
    /// `expiration`; in between, when there are too many, some of those not used for six minutes. Returns the
    /// servers that were let go.
    mutating func expire(_ now: Int64, expiration: Int64) -> [Int32] {
        var released: [Int32] = []
        if count == 0, nextCheck <= now {
            // Nothing to look at: the looks are only counted.
            let missed = (now - nextCheck) / Self.checkInterval + 1
            nextCheck += missed * Self.checkInterval
            checks = (checks + Int(missed % 30) - 1) % 30 + 1
        }
        while nextCheck <= now {
            let at = nextCheck
            nextCheck += Self.checkInterval
            if checks % 30 == 0 {
                sweep(goal: .max, &released) { $0.lastUse + expiration <= at }
                checks = 1
            } else if count <= Self.maximum {
                checks += 1
            } else {
                let goal = min((count - Self.maximum) * 4 / 3, Self.maximum / 2)
                sweep(goal: goal, &released) { at >= $0.lastUse + Self.staleAfter }
            }
        }
        return released
    }

    private mutating func sweep(goal: Int, _ released: inout [Int32], where isOver: (Entry) -> Bool) {
        var left = goal
        for _ in 0..<buckets.count {
            rover = (rover + 1) & (buckets.count - 1)
            buckets[rover].removeAll { entry in
                guard isOver(entry) else { return false }
                released.append(contentsOf: entry.servers)
                count -= 1
                left -= 1
                return true
            }
            if left <= 0 { break }
        }
    }
}
