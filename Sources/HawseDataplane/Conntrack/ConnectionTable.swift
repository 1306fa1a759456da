import CShims
import HawseModel
import HawseWire

typealias ConnectionRef = UnsafeMutablePointer<Connection>

/// Tracked connections (`nf_conntrack`): records in address space bounded by `nf_conntrack_max`, an index of both
/// directions' tuples, and the list by source that NAT wants.
///
/// A handle is generation << 24 | record number; 0 is none. Whoever keeps a handle holds the record with `acquire`
/// and lets go with `release`; a confirmed connection is also held by the table.
struct ConnectionTable: ~Copyable {
    static let numberMask: UInt32 = 0xff_ffff

    var settings: ConntrackSettings
    /// Those of the settings, and behind them those of the policies, in the order of `policyNames`.
    private let allTimeouts: UnsafeMutablePointer<ConntrackTimeouts>
    let policyNames: [String]
    let records: LazyMemory<Connection>
    let extensions: LazyMemory<ConnectionExtension>
    /// By record number.
    let leases: LazyMemory<OuterLease>
    /// Some connection is, or was, leased.
    var hasLeases = false
    var index: TupleIndex
    var bySource: SourceList
    let hasher: FlowHash
    /// Records in use, unconfirmed ones included (`net->ct.count`).
    private(set) var count = 0
    /// Highest record number ever used.
    private(set) var highest = 0
    private var freeRecord: UInt32 = 0
    private var highestExtension = 0
    private var freeExtension: UInt32 = 0
    private var sweepPosition = 0
    var expectations = ExpectationTable()
    /// Set where flows are dealt out to shards and the result may be approximate: ports are chosen so that replies come back here.
    var shard: ShardPlace?
    var chance: RandomStream
    /// Which connections share a bucket of the kernel's.
    var bucketChance: RandomStream

    init(_ sysctls: Sysctls, policies: [TimeoutPolicy] = [], seed: UInt64) {
        settings = ConntrackSettings(sysctls)
        policyNames = policies.map(\.name)
        allTimeouts = .allocate(capacity: policies.count + 1)
        allTimeouts.initialize(to: ConntrackTimeouts(sysctls))
        for (number, policy) in policies.enumerated() {
            (allTimeouts + number + 1).initialize(to: ConntrackTimeouts(policy, sysctls))
        }
        let bound = settings.maximum == 0 ? 1 << 22 : min(settings.maximum, Int(Self.numberMask) - 1)
        records = LazyMemory(capacity: bound + 1)
        extensions = LazyMemory(capacity: bound + 1)
        leases = LazyMemory(capacity: bound + 1)
        index = TupleIndex(references: 2 * (bound + 1))
        bySource = SourceList(connections: bound)
        chance = RandomStream(seed: seed, purpose: "conntrack")
        hasher = FlowHash(seed: chance.next())
        bucketChance = RandomStream(seed: seed, purpose: "early-drop")
    }

    func deallocate() {
        allTimeouts.deallocate()
        records.deallocate()
        extensions.deallocate()
        leases.deallocate()
        index.deallocate()
        bySource.deallocate()
    }

    /// Most connections at a time.
    var capacity: Int { min(records.capacity, leases.capacity) - 1 }
    /// Some connection has, or had, a cold part.
    @inline(__always) var hasExtensions: Bool { highestExtension > 0 }
    /// Bytes of records, index and list that have been touched.
    var memoryInUse: Int {
        (highest + 1) * MemoryLayout<Connection>.stride + index.byteCount + bySource.byteCount
            + (highestExtension == 0 ? 0 : (highestExtension + 1) * MemoryLayout<ConnectionExtension>.stride)
            + (hasLeases ? (highest + 1) * MemoryLayout<OuterLease>.stride : 0)
    }

    /// The record behind a handle that its holder has acquired.
    @inline(__always)
    subscript(handle: UInt32) -> ConnectionRef { records[Int(handle & Self.numberMask)] }

    /// The record behind a handle that may be out of date: `nil` when the connection is gone.
    @inline(__always)
    func live(_ handle: UInt32) -> ConnectionRef? {
        guard handle != 0 else { return nil }
        let connection = self[handle]
        guard connection.pointee.uses > 0, connection.pointee.generation == UInt8(truncatingIfNeeded: handle >> 24)
        else { return nil }
        return connection
    }

    @inline(__always)
    func number(of connection: ConnectionRef) -> UInt32 {
        UInt32(truncatingIfNeeded: connection - records.base)
    }

    @inline(__always)
    func handle(of connection: ConnectionRef) -> UInt32 {
        UInt32(connection.pointee.generation) << 24 | number(of: connection)
    }

    // MARK: Tuples

    /// The connection's tuple of a direction.
    @inline(__always)
    func tuple(of connection: ConnectionRef, _ direction: Direction) -> Tuple { view.tuple(of: connection, direction) }

    /// What the tuples of records are read with: pointers alone, to be passed around.
    @inline(__always)
    var view: ConnectionView { ConnectionView(records: records, extensions: extensions, hasher: hasher) }

    /// Sets the original tuple of a new record; the reply must be set after it.
    func setOriginal(_ connection: ConnectionRef, _ tuple: Tuple) {
        connection.pointee.ipProtocol = tuple.ipProtocol
        connection.pointee.originalPorts = tuple.ports
        if tuple.version == 6 {
            connection.pointee.bits.insert(.ipv6)
            connection.pointee.address0 = tuple.source.high
            connection.pointee.address1 = tuple.source.low
            connection.pointee.address2 = tuple.destination.high
            connection.pointee.address3 = tuple.destination.low
        } else {
            connection.pointee.address0 = tuple.source.low << 32 | tuple.destination.low
        }
    }

    /// `nf_conntrack_alter_reply`: only before confirmation. Returns false when an extension is needed and none is free.
    @discardableResult
    mutating func setReply(_ connection: ConnectionRef, _ tuple: Tuple) -> Bool {
        connection.pointee.replyPorts = tuple.ports
        guard tuple.version == 6 else {
            connection.pointee.address1 = tuple.source.low << 32 | tuple.destination.low
            return true
        }
        let original = self.tuple(of: connection, .original)
        if tuple.source == original.destination, tuple.destination == original.source {
            connection.pointee.bits.remove(.replyAddresses)
            return true
        }
        guard let cold = makeExtension(connection) else { return false }
        cold.pointee.replySource = tuple.source
        cold.pointee.replyDestination = tuple.destination
        connection.pointee.bits.insert(.replyAddresses)
        return true
    }

    @inline(__always)
    func hash(_ tuple: Tuple, zone: UInt16) -> UInt64 { view.hash(tuple, zone: zone) }

    /// Is this direction's tuple of the record the one given (`nf_ct_tuple_equal` and `nf_ct_zone_equal`)?
    @inline(__always)
    func equals(_ connection: ConnectionRef, _ direction: Direction, _ tuple: Tuple, zone: UInt16) -> Bool {
        let ct = connection
        guard ct.pointee.ports(direction) == tuple.ports, ct.pointee.ipProtocol == tuple.ipProtocol,
            ct.pointee.isIPv6 == (tuple.version == 6), ct.pointee.zone(direction) == zone
        else { return false }
        if tuple.version != 6 {
            let word = direction == .original ? ct.pointee.address0 : ct.pointee.address1
            return word == tuple.source.low << 32 | tuple.destination.low
        }
        let own = self.tuple(of: connection, direction)
        return own.source == tuple.source && own.destination == tuple.destination
    }

    // MARK: Life

    /// A fresh record with one holder, or `nil` when the table is full and early drop found no victim.
    mutating func allocate(now: Instant, hash: UInt64) -> ConnectionRef? {
        sweep(steps: 4, now: now)
        let bound = settings.maximum == 0 ? capacity : min(settings.maximum, capacity)
        if count >= bound, !earlyDrop(now: now) { return nil }
        let number: UInt32
        if freeRecord != 0 {
            number = freeRecord
            freeRecord = records[Int(number)].pointee.nextBySource
            // The next new connection's.
            let next = UnsafeRawPointer(records[Int(freeRecord)])
            hawse_prefetch(next)
            hawse_prefetch(next + 64)
        } else {
            guard highest < capacity else { return nil }
            highest += 1
            number = UInt32(highest)
            records.noteGrowth(highest)
        }
        let connection = records[Int(number)]
        let generation = connection.pointee.generation
        connection.initialize(to: Connection())
        connection.pointee.generation = generation
        connection.pointee.uses = 1
        count += 1
        return connection
    }

    @inline(__always)
    func acquire(_ connection: ConnectionRef) { connection.pointee.uses &+= 1 }

    /// Lets go of one hold; the last one frees the record.
    @inline(__always)
    mutating func release(_ connection: ConnectionRef) {
        connection.pointee.uses &-= 1
        if connection.pointee.uses == 0 { free(connection) }
    }

    @inline(never)
    private mutating func free(_ connection: ConnectionRef) {
        bySource.remove(connection, in: records)
        if connection.pointee.extensionIndex != 0 {
            let cold = extensions[Int(connection.pointee.extensionIndex)]
            let master = cold.pointee.master
            if cold.pointee.expecting > 0 { expectations.removeAll(of: handle(of: connection)) }
            cold.initialize(to: ConnectionExtension())
            cold.pointee.master = freeExtension
            freeExtension = connection.pointee.extensionIndex
            connection.pointee.extensionIndex = 0
            if let master = live(master) { release(master) }
        }
        connection.pointee.generation &+= 1
        connection.pointee.status = []
        connection.pointee.nextBySource = freeRecord
        freeRecord = number(of: connection)
        count -= 1
    }

    /// The connection's cold part, made on first use; `nil` when none is free.
    mutating func makeExtension(_ connection: ConnectionRef) -> UnsafeMutablePointer<ConnectionExtension>? {
        if connection.pointee.extensionIndex != 0 { return extensions[Int(connection.pointee.extensionIndex)] }
        let number: UInt32
        if freeExtension != 0 {
            number = freeExtension
            freeExtension = extensions[Int(number)].pointee.master
        } else {
            guard highestExtension + 1 < extensions.capacity else { return nil }
            highestExtension += 1
            number = UInt32(highestExtension)
        }
        let cold = extensions[Int(number)]
        cold.initialize(to: ConnectionExtension())
        connection.pointee.extensionIndex = number
        return cold
    }

    /// The timeouts that the settings say.
    @inline(__always) var usualTimeouts: UnsafeMutablePointer<ConntrackTimeouts> { allTimeouts }

    /// `nf_ct_timeout_lookup`: those of the connection's policy, or the usual ones.
    @inline(__always)
    func timeouts(of connection: ConnectionRef) -> UnsafeMutablePointer<ConntrackTimeouts> {
        guard connection.pointee.bits.contains(.ownTimeouts), let cold = cold(connection) else { return allTimeouts }
        return allTimeouts + Int(cold.pointee.policy)
    }

    /// The connection's cold part, if it has one.
    @inline(__always)
    func cold(_ connection: ConnectionRef) -> UnsafeMutablePointer<ConnectionExtension>? {
        connection.pointee.extensionIndex == 0 ? nil : extensions[Int(connection.pointee.extensionIndex)]
    }

    // MARK: Index

    /// Puts both directions in the index and gives the table a hold. The hashes are those of the two tuples.
    @inline(__always)
    mutating func insert(_ connection: ConnectionRef, original: UInt64, reply: UInt64) {
        let number = number(of: connection)
        let view = view
        index.insert(number << 1, hash: original, view)
        index.insert(number << 1 | 1, hash: reply, view)
        connection.pointee.status.insert(.confirmed)
        acquire(connection)
    }

    mutating func insert(_ connection: ConnectionRef) {
        let number = number(of: connection)
        insert(connection, original: hash(ofReference: number << 1), reply: hash(ofReference: number << 1 | 1))
    }

    mutating func insertReference(_ connection: ConnectionRef, _ number: UInt32, _ direction: Direction) {
        let reference = number << 1 | UInt32(direction.rawValue)
        index.insert(reference, hash: hash(ofReference: reference), view)
    }

    private func hash(ofReference reference: UInt32) -> UInt64 { view.hash(ofReference: reference) }

    /// `nf_ct_delete`: out of the index; freed when no packet holds it.
    mutating func remove(_ connection: ConnectionRef) {
        guard connection.pointee.isConfirmed, !connection.pointee.isDying else { return }
        settle(connection)
        connection.pointee.status.insert(.dying)
        let number = number(of: connection)
        for direction in [Direction.original, .reply] {
            let reference = number << 1 | UInt32(direction.rawValue)
            index.remove(reference, hash: hash(ofReference: reference))
        }
        bySource.remove(connection, in: records)
        if let cold = cold(connection), cold.pointee.expecting > 0 {
            expectations.removeAll(of: handle(of: connection))
            cold.pointee.expecting = 0
        }
        release(connection)
    }

    /// Looks at a few records and removes those whose time is over: each new connection pays for four, so that the
    /// table never holds many more than are alive.
    mutating func sweep(steps: Int, now: Instant) {
        guard highest > 0 else { return }
        for _ in 0..<min(steps, highest) {
            sweepPosition = sweepPosition >= highest ? 1 : sweepPosition + 1
            let connection = records[sweepPosition]
            hawse_prefetch(UnsafeRawPointer(records[min(sweepPosition &+ 8, highest)]))
            if connection.pointee.uses > 0, isExpired(connection, at: now) { remove(connection) }
        }
    }

    /// Every live record, in record order.
    func forEach(_ body: (ConnectionRef) -> Void) {
        var number = 1
        while number <= highest {
            if records[number].pointee.uses > 0 { body(records[number]) }
            number += 1
        }
    }

    /// `nf_ct_iterate_cleanup`: forgets every confirmed connection of which `body` says so; returns how many.
    @discardableResult
    mutating func removeAll(where body: (ConnectionRef) -> Bool) -> Int {
        var removed = 0
        var number = 1
        while number <= highest {
            let connection = records[number]
            if connection.pointee.uses > 0, connection.pointee.isConfirmed, !connection.pointee.isDying,
                body(connection)
            {
                remove(connection)
                removed += 1
            }
            number += 1
        }
        return removed
    }

    // MARK: Batch

    /// Brings the buckets that a lookup will read into the cache.
    @inline(__always)
    func prefetch(_ hash: UInt64) { index.prefetch(hash) }

    /// Brings the first candidate's record into the cache; its bucket should have been prefetched before. Returns the
    /// candidate, record × 2 + direction; 0: none.
    @inline(__always)
    func prefetchRecord(_ hash: UInt64) -> UInt32 {
        var candidates = index.candidates(hash)
        guard let reference = candidates.next() else { return 0 }
        let record = UnsafeRawPointer(records[Int(reference >> 1)])
        hawse_prefetch(record)
        hawse_prefetch(record + 64)
        return reference
    }
}
