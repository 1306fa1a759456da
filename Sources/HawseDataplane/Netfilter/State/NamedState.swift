import HawseModel
import HawseWire

/// Objects that rules share by name, across tables and for as long as a rule uses them.
struct NamedState {
    private var recentTables: [UnsafeMutablePointer<RecentTable>] = []
    private var hashlimitTables: [UnsafeMutablePointer<HashlimitTable>] = []
    private var seeds: RandomStream
    /// `nfacct` objects: the first rule that names one makes it, and the first of all the memory for them.
    private var accounts: UnsafeMutablePointer<Counters>?
    private(set) var accountNames: [String] = []
    private static let accountCapacity = 4096
    private var estimators: [RateEstimator] = []
    var now: Instant = .zero

    init(seed: UInt64) {
        seeds = RandomStream(seed: seed, purpose: "rule-tables")
    }

    func deallocate() {
        for table in recentTables { free(table) }
        for table in hashlimitTables { free(table) }
        accounts?.deallocate()
    }

    private func free(_ table: UnsafeMutablePointer<RecentTable>) {
        table.pointee.deallocate()
        table.deinitialize(count: 1)
        table.deallocate()
    }

    private func free(_ table: UnsafeMutablePointer<HashlimitTable>) {
        table.pointee.deallocate()
        table.deinitialize(count: 1)
        table.deallocate()
    }

    /// `recent_table_lookup`, or a new list.
    mutating func recent(_ match: RecentMatch) -> UnsafeMutablePointer<RecentTable> {
        let stampMask = RecentTable.stampMask(hitCount: match.hitCount)
        if let table = recentTables.first(where: { $0.pointee.name == match.name }) {
            table.pointee.references += 1
            table.pointee.raise(stampMask: stampMask)
            return table
        }
        let table = UnsafeMutablePointer<RecentTable>.allocate(capacity: 1)
        table.initialize(
            to: RecentTable(name: match.name, mask: match.mask, stampMask: stampMask, seed: seeds.next()))
        recentTables.append(table)
        return table
    }

    mutating func release(_ table: UnsafeMutablePointer<RecentTable>) {
        table.pointee.references -= 1
        guard table.pointee.references == 0 else { return }
        recentTables.removeAll { $0 == table }
        free(table)
    }

    /// `htable_find_get`: by name and family; the first rule's settings hold.
    mutating func hashlimit(_ match: HashlimitMatch, family: AddressFamily) -> UnsafeMutablePointer<HashlimitTable> {
        let known = hashlimitTables.first {
            $0.pointee.settings.name == match.name && $0.pointee.family == family
        }
        if let known {
            known.pointee.references += 1
            return known
        }
        let table = UnsafeMutablePointer<HashlimitTable>.allocate(capacity: 1)
        table.initialize(to: HashlimitTable(match, family: family, now: now, seed: seeds.next()))
        hashlimitTables.append(table)
        return table
    }

    mutating func release(_ table: UnsafeMutablePointer<HashlimitTable>) {
        table.pointee.references -= 1
        guard table.pointee.references == 0 else { return }
        hashlimitTables.removeAll { $0 == table }
        free(table)
    }

    /// The object's place; the last place takes what is beyond the bound.
    mutating func accountIndex(_ name: String) -> UInt32 {
        if accounts == nil {
            accounts = .allocate(capacity: Self.accountCapacity)
            accounts?.initialize(repeating: .zero, count: Self.accountCapacity)
        }
        if let index = accountNames.firstIndex(of: name) { return UInt32(index) }
        guard accountNames.count < Self.accountCapacity else { return UInt32(Self.accountCapacity - 1) }
        accountNames.append(name)
        return UInt32(accountNames.count - 1)
    }

    /// The counters of an object that has an index.
    @inline(__always)
    func account(_ index: UInt32) -> UnsafeMutablePointer<Counters>? { accounts.map { $0 + Int(index) } }

    mutating func estimatorIndex(_ name: String) -> UInt32 {
        if let index = estimators.firstIndex(where: { $0.name == name }) { return UInt32(index) }
        estimators.append(RateEstimator(name: name))
        return UInt32(estimators.count - 1)
    }

    mutating func configureEstimator(_ index: UInt32, _ target: RateestTarget) {
        estimators[Int(index)].configure(target, now: now)
    }

    mutating func feed(_ index: UInt32, length: Int, at now: Instant) {
        estimators[Int(index)].feed(length: length, at: now)
    }

    /// Bytes and packets a second.
    mutating func estimate(_ index: UInt32, at now: Instant) -> (UInt32, UInt32) {
        estimators[Int(index)].estimate(at: now)
    }
}

/// A RATEEST estimator (`gen_estimator`): a moving average that is brought up to date at every interval.
struct RateEstimator {
    let name: String
    private var interval: Int64 = 1_000_000_000
    private var shift: Int8 = 0
    private var ewmaLog: UInt8 = 0
    private var isConfigured = false
    private var nextUpdate: Instant = .zero
    private var bytes: UInt64 = 0
    private var packets: UInt64 = 0
    private var lastBytes: UInt64 = 0
    private var lastPackets: UInt64 = 0
    /// Fixed point, 8 bits behind the point, as the kernel keeps them.
    private var averageBytes: UInt64 = 0
    private var averagePackets: UInt64 = 0

    init(name: String) { self.name = name }

    mutating func configure(_ target: RateestTarget, now: Instant) {
        guard !isConfigured else { return }
        isConfigured = true
        shift = min(max(target.interval, -2), 3)
        ewmaLog = min(target.ewmaLog, 30)
        interval = 250_000_000 << Int64(shift + 2)
        nextUpdate = now + interval
    }

    mutating func feed(length: Int, at now: Instant) {
        update(to: now)
        bytes &+= UInt64(length)
        packets &+= 1
    }

    mutating func estimate(at now: Instant) -> (UInt32, UInt32) {
        update(to: now)
        return (
            UInt32(truncatingIfNeeded: averageBytes >> 8), UInt32(truncatingIfNeeded: averagePackets >> 8)
        )
    }

    /// `est_timer`, run as often as it would have been.
    private mutating func update(to now: Instant) {
        guard isConfigured else { return }
        var rounds = 0
        while nextUpdate <= now, rounds < 4096 {
            advance(&averageBytes, &lastBytes, bytes)
            advance(&averagePackets, &lastPackets, packets)
            nextUpdate = nextUpdate + interval
            rounds += 1
        }
        if nextUpdate <= now { nextUpdate = now + interval }
    }

    /// `brate = (bytes << (10 - intvl_log)) >> ewma_log`, less the old average's share.
    private func advance(_ average: inout UInt64, _ last: inout UInt64, _ total: UInt64) {
        let scaled = (total &- last) &<< UInt64(8 - Int(shift))
        average = average &+ (scaled &>> UInt64(ewmaLog)) &- (average &>> UInt64(ewmaLog))
        last = total
    }
}
