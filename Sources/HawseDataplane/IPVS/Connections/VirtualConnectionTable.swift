import HawseModel
import HawseWire

/// Connections of the virtual server (`ip_vs_conn_tab`): records in lazily touched address space, found by a hash
/// of protocol and client end, which both directions know. A bucket lists the newest first, as the kernel's does.
struct VirtualConnectionTable {
    /// Most records; fixed when the table is made.
    let records: LazyMemory<VirtualConnection>
    /// Of the same numbers; touched only for flows that are not tracked.
    private let wayWords: LazyMemory<VirtualWays>
    private var hasWays = false
    /// There are none before the first record is taken: most nodes never have one.
    private var heads: SegmentedMemory<UInt32>
    private var chains = ChainCount(kernelBuckets)
    private let hasher: FlowHash
    private var freeRecord: UInt32 = 0
    /// Highest record number ever used.
    private(set) var highest = 0
    /// Records in use (`ipvs->conn_count`).
    private(set) var count = 0
    /// Connections that do not know their client's port yet (`ip_vs_conn_no_cport_cnt`).
    var withoutClientPort = 0
    /// Connections whose client may be the node itself.
    var localClients = 0
    var wheel = TimerWheel()
    private(set) var engineData = EngineDataTable()

    init(capacity: Int, seed: UInt64) {
        records = LazyMemory(capacity: capacity + 1)
        wayWords = LazyMemory(capacity: capacity + 1)
        heads = SegmentedMemory(capacity: 1)
        hasher = FlowHash(seed: seed)
    }

    func deallocate() {
        records.deallocate()
        wayWords.deallocate()
        heads.deallocate()
        wheel.deallocate()
        engineData.deallocate()
    }

    @inline(__always)
    subscript(number: UInt32) -> VirtualConnectionRef { records[Int(number)] }

    @inline(__always)
    func number(of connection: VirtualConnectionRef) -> UInt32 {
        UInt32(truncatingIfNeeded: connection - records.base)
    }

    @inline(__always)
    func handle(of connection: VirtualConnectionRef) -> UInt32 {
        UInt32(connection.pointee.generation & 0xff) << 24 | number(of: connection)
    }

    /// The record behind a handle a packet carries; `nil` when the connection is gone.
    @inline(__always)
    func live(_ handle: UInt32) -> VirtualConnectionRef? {
        guard handle != 0 else { return nil }
        let connection = self[handle & 0xff_ffff]
        return UInt32(connection.pointee.generation & 0xff) == handle >> 24 ? connection : nil
    }

    /// `ip_vs_conn_hashkey`
    @inline(__always)
    private func slot(_ ipProtocol: IPProtocol, _ address: AddressBits, _ port: UInt16) -> Int {
        let hash = hasher(address.low ^ (address.high << 1), address.high ^ UInt64(port) << 16 ^ UInt64(ipProtocol.rawValue) << 40)
        return chains.number(hash)
    }

    /// The bucket of a record: a persistence engine hashes what it read instead (`hashkey_raw`).
    @inline(__always)
    private func slot(of connection: VirtualConnectionRef) -> Int {
        let c = connection
        if c.pointee.engine != 0 { return chains.number(UInt64(engineData.hash(c.pointee.engine))) }
        return slot(c.pointee.ipProtocol, c.pointee.client, c.pointee.clientPort)
    }

    /// Gives a template that is not yet in the index what its engine read.
    mutating func setEngineData(_ connection: VirtualConnectionRef, _ data: [UInt8]) {
        connection.pointee.engine = engineData.add(data)
    }

    // MARK: Untracked flows

    /// The trajectories of a connection that is not tracked. Words of records that `wayWords` does not reach are 0.
    @inline(__always)
    func ways(_ connection: VirtualConnectionRef) -> VirtualWays {
        let number = Int(number(of: connection))
        return number < wayWords.capacity ? wayWords[number].pointee : VirtualWays()
    }

    mutating func setWay(_ connection: VirtualConnectionRef, _ direction: Direction, _ word: UInt32) {
        let number = Int(number(of: connection))
        guard number < wayWords.capacity else { return }
        hasWays = true
        if direction == .original { wayWords[number].pointee.original = word } else { wayWords[number].pointee.reply = word }
    }

    /// When the numbers of trajectories begin again.
    func forgetWays() {
        guard hasWays else { return }
        for number in 0...min(highest, wayWords.capacity - 1) { wayWords[number].pointee = VirtualWays() }
    }

    // MARK: Lookup

    /// `ip_vs_conn_in_get`: by client and virtual service.
    @inline(__always)
    func findIncoming(_ flow: VirtualFlow) -> VirtualConnectionRef? {
        if let found = findExact(flow, withClientPort: flow.clientPort != 0) { return found }
        if withoutClientPort == 0 { return nil }
        var open = flow
        open.clientPort = 0
        return findExact(open, withClientPort: false)
    }

    @inline(__always)
    private func findExact(_ flow: VirtualFlow, withClientPort: Bool) -> VirtualConnectionRef? {
        guard highest > 0 else { return nil }
        var number = heads[slot(flow.ipProtocol, flow.client, flow.clientPort)].pointee
        while number != 0 {
            let c = records[Int(number)]
            if c.pointee.clientPort == flow.clientPort, c.pointee.virtualPort == flow.virtualPort,
                c.pointee.client == flow.client, c.pointee.virtual == flow.virtual,
                c.pointee.ipProtocol == flow.ipProtocol, c.pointee.version == flow.version,
                c.pointee.flags.contains(.noClientPort) != withClientPort, !c.pointee.isTemplate
            {
                return c
            }
            number = c.pointee.next
        }
        return nil
    }

    /// `ip_vs_ct_in_get`: the template of a masked client; with a persistence engine, that of the same data.
    func findTemplate(_ flow: VirtualFlow, engineData data: [UInt8]? = nil) -> VirtualConnectionRef? {
        guard highest > 0 else { return nil }
        var number = heads[
            data.map { chains.number(UInt64(EngineDataTable.hash($0))) } ?? slot(flow.ipProtocol, flow.client, flow.clientPort)
        ].pointee
        while number != 0 {
            let c = records[Int(number)]
            if data.map({ engineData.holds(c.pointee.engine, $0) }) ?? true, c.pointee.isTemplate, c.pointee.client == flow.client, c.pointee.virtual == flow.virtual,
                c.pointee.virtualPort == flow.virtualPort, c.pointee.clientPort == flow.clientPort,
                c.pointee.ipProtocol == flow.ipProtocol, c.pointee.version == flow.version
            {
                return c
            }
            number = c.pointee.next
        }
        return nil
    }

    /// `ip_vs_conn_out_get`: by the real server's end (`flow.client`) and the client's (`flow.virtual`).
    @inline(__always)
    func findOutgoing(_ flow: VirtualFlow) -> VirtualConnectionRef? {
        guard highest > 0 else { return nil }
        var number = heads[slot(flow.ipProtocol, flow.virtual, flow.virtualPort)].pointee
        while number != 0 {
            let c = records[Int(number)]
            if c.pointee.clientPort == flow.virtualPort, c.pointee.client == flow.virtual,
                c.pointee.ipProtocol == flow.ipProtocol, c.pointee.version == flow.version
            {
                if c.pointee.forwarding == .masquerade {
                    if c.pointee.destinationPort == flow.clientPort, c.pointee.destination == flow.client { return c }
                } else if c.pointee.virtualPort == flow.clientPort, c.pointee.virtual == flow.client {
                    return c
                }
            }
            number = c.pointee.next
        }
        return nil
    }

    // MARK: Life

    /// A fresh record outside the index; `nil` when the table is full.
    mutating func allocate() -> VirtualConnectionRef? {
        let number: UInt32
        if freeRecord != 0 {
            number = freeRecord
            freeRecord = records[Int(number)].pointee.next
        } else {
            guard highest + 1 < min(records.capacity, 1 << 24) else { return nil }
            if highest == 0 { makeHeads() }
            highest += 1
            number = UInt32(highest)
            records.noteGrowth(highest)
            records[highest].pointee.generation = 1
        }
        let connection = records[Int(number)]
        let generation = connection.pointee.generation
        connection.initialize(to: VirtualConnection())
        connection.pointee.generation = generation
        if hasWays, Int(number) < wayWords.capacity { wayWords[Int(number)].pointee = VirtualWays() }
        count += 1
        return connection
    }

    private mutating func makeHeads() {
        heads.reserve(chains.count)
        for number in 0..<chains.count { heads[number].initialize(to: 0) }
    }

    /// Gives the record back; it must be out of the index and the wheel.
    mutating func free(_ connection: VirtualConnectionRef) {
        let generation = connection.pointee.generation &+ 1
        if connection.pointee.engine != 0 { engineData.remove(connection.pointee.engine) }
        connection.initialize(to: VirtualConnection())
        connection.pointee.generation = generation & 0xff == 0 ? generation &+ 1 : generation
        connection.pointee.next = freeRecord
        freeRecord = number(of: connection)
        count -= 1
    }

    /// `ip_vs_conn_hash`: at the head of its bucket. One-packet connections are never found.
    mutating func insert(_ connection: VirtualConnectionRef) {
        if connection.pointee.flags.contains(.onePacket) || connection.pointee.flags.contains(.hashed) { return }
        if count > chains.count { split() }
        let head = heads[slot(of: connection)]
        markShared(connection, from: head.pointee)
        connection.pointee.next = head.pointee
        head.pointee = number(of: connection)
        connection.pointee.flags.insert(.hashed)
    }

    /// Connections of one client's port: only a look along the bucket tells whose a reply is.
    private func markShared(_ connection: VirtualConnectionRef, from first: UInt32) {
        var number = first
        while number != 0 {
            let other = records[Int(number)]
            if other.pointee.clientPort == connection.pointee.clientPort,
                other.pointee.client == connection.pointee.client,
                other.pointee.ipProtocol == connection.pointee.ipProtocol
            {
                other.pointee.flags.insert(.sharesClient)
                connection.pointee.flags.insert(.sharesClient)
            }
            number = other.pointee.next
        }
    }

    /// `ip_vs_conn_unhash`
    @discardableResult
    mutating func remove(_ connection: VirtualConnectionRef) -> Bool {
        guard connection.pointee.flags.contains(.hashed) else { return false }
        let number = number(of: connection)
        let head = heads[slot(of: connection)]
        let next = connection.pointee.next
        if head.pointee == number {
            head.pointee = next
        } else {
            var previous = head.pointee
            while previous != 0, records[Int(previous)].pointee.next != number {
                previous = records[Int(previous)].pointee.next
            }
            if previous != 0 { records[Int(previous)].pointee.next = next }
        }
        connection.pointee.next = 0
        connection.pointee.flags.remove(.hashed)
        return true
    }

    /// One more chain, which takes its share of an old one; the order within both stays.
    private mutating func split() {
        let old = heads[chains.nextToSplit]
        heads.reserve(chains.count + 1)
        let new = heads[chains.count]
        let newNumber = chains.count
        chains.add()
        var number = old.pointee
        old.pointee = 0
        new.initialize(to: 0)
        var tails: (old: UInt32, new: UInt32) = (0, 0)
        while number != 0 {
            let record = records[Int(number)]
            let next = record.pointee.next
            let isNew = slot(of: record) == newNumber
            let tail = isNew ? tails.new : tails.old
            if tail == 0 {
                (isNew ? new : old).pointee = number
            } else {
                records[Int(tail)].pointee.next = number
            }
            if isNew { tails.new = number } else { tails.old = number }
            record.pointee.next = 0
            number = next
        }
    }

    /// Buckets of the kernel's table (`IP_VS_TAB_BITS` 12); this table has at least as many.
    static let kernelBuckets = 4096

    /// The records that one of the kernel's buckets would hold, the newest of each of its parts first.
    func numbers(inKernelBucket bucket: Int) -> [UInt32] {
        var numbers: [UInt32] = []
        guard highest > 0 else { return numbers }
        var at = bucket
        while at < chains.count {
            var number = heads[at].pointee
            while number != 0 {
                numbers.append(number)
                number = records[Int(number)].pointee.next
            }
            at += Self.kernelBuckets
        }
        return numbers
    }

    /// Every hashed record, in record order.
    func forEach(_ body: (VirtualConnectionRef) -> Void) {
        var number = 1
        while number <= highest {
            if records[number].pointee.flags.contains(.hashed) { body(records[number]) }
            number += 1
        }
    }

    /// Bytes of records and index that have been touched.
    var memoryInUse: Int {
        (highest + 1) * MemoryLayout<VirtualConnection>.stride + chains.count * MemoryLayout<UInt32>.stride
            + wheel.byteCount
    }
}
