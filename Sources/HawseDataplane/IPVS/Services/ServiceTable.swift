import HawseModel
import HawseWire

/// The virtual services, found by address or mark (`ip_vs_svc_table`, `ip_vs_svc_fwm_table`).
struct ServiceTable {
    private var records: UnsafeMutablePointer<VirtualServer>
    private var capacity = 16
    /// Highest number in use plus one.
    private(set) var highest = 0
    private var free: [Int32] = []
    private var slots: UnsafeMutablePointer<Int32>
    private var slotMask = 31
    private var used = 0
    /// In the order of adding.
    private(set) var first: Int32 = -1
    private var last: Int32 = -1
    private(set) var count = 0
    private var serial: UInt32 = 0
    /// Services per family, with port 21, with port 0, with a mark: lookups that cannot hit are not made.
    private(set) var count4 = 0
    private(set) var count6 = 0
    private(set) var ftpCount = 0
    private(set) var anyPortCount = 0
    private(set) var markCount = 0
    /// Services that want connections tracked, per family.
    var trackers4 = 0
    var trackers6 = 0
    /// Services with a persistence engine that knows its servers' own calls (`conn_out_counter`).
    var engineCount = 0

    init() {
        records = .allocate(capacity: capacity)
        slots = .allocate(capacity: slotMask + 1)
        slots.initialize(repeating: -1, count: slotMask + 1)
    }

    mutating func deallocate() {
        for i in 0..<highest { records[i].deallocate() }
        records.deinitialize(count: highest)
        records.deallocate()
        slots.deallocate()
    }

    @inline(__always)
    subscript(number: Int32) -> VirtualServerRef { records + Int(number) }

    private static func hash(_ version: UInt8, _ ipProtocol: IPProtocol, _ address: AddressBits, _ port: UInt16) -> UInt64 {
        FlowHash(seed: 0x5851_f42d_4c95_7f2d)(
            address.low, address.high ^ UInt64(port) << 24 ^ UInt64(ipProtocol.rawValue) << 48 ^ UInt64(version) << 56)
    }

    /// `__ip_vs_service_find`
    @inline(__always)
    func find(_ version: UInt8, _ ipProtocol: IPProtocol, _ address: AddressBits, _ port: UInt16) -> Int32 {
        var at = Int(truncatingIfNeeded: Self.hash(version, ipProtocol, address, port)) & slotMask
        while slots[at] >= 0 {
            let s = records + Int(slots[at])
            if s.pointee.port == port, s.pointee.address == address, s.pointee.ipProtocol == ipProtocol,
                s.pointee.version == version, s.pointee.mark == 0
            {
                return slots[at]
            }
            at = (at + 1) & slotMask
        }
        return -1
    }

    /// `__ip_vs_svc_fwm_find`
    func find(mark: UInt32, _ version: UInt8) -> Int32 {
        var at = Int(truncatingIfNeeded: Self.hash(version, .raw, AddressBits(ipv4: mark), 0)) & slotMask
        while slots[at] >= 0 {
            let s = records + Int(slots[at])
            if s.pointee.mark == mark, s.pointee.version == version { return slots[at] }
            at = (at + 1) & slotMask
        }
        return -1
    }

    func find(_ key: VirtualService.Key) -> Int32 {
        switch key {
        case .address(let ipProtocol, let address, let port):
            find(address.family == .ipv6 ? 6 : 4, ipProtocol, address.bits, port)
        case .mark(let mark, let family): find(mark: mark, family == .ipv6 ? 6 : 4)
        }
    }

    /// A new service object of the key, at the end of the order.
    mutating func add(_ key: VirtualService.Key) -> Int32 {
        let number: Int32
        if let reused = free.popLast() {
            number = reused
        } else {
            if highest == capacity { growRecords() }
            number = Int32(highest)
            (records + highest).initialize(to: VirtualServer())
            highest += 1
        }
        let s = self[number]
        s.pointee.isLive = true
        serial &+= 1
        s.pointee.serial = serial
        switch key {
        case .address(let ipProtocol, let address, let port):
            s.pointee.version = address.family == .ipv6 ? 6 : 4
            s.pointee.ipProtocol = ipProtocol
            s.pointee.address = address.bits
            s.pointee.port = port
        case .mark(let mark, let family):
            s.pointee.version = family == .ipv6 ? 6 : 4
            s.pointee.mark = mark
        }
        s.pointee.previous = last
        s.pointee.next = -1
        if last >= 0 { self[last].pointee.next = number } else { first = number }
        last = number
        adjustCounts(s, 1)
        used += 1
        if used * 2 > slotMask { growSlots() } else { place(number) }
        return number
    }

    /// Forgets a service; its loads must have been moved out.
    mutating func remove(_ number: Int32) {
        let s = self[number]
        adjustCounts(s, -1)
        if s.pointee.previous >= 0 {
            self[s.pointee.previous].pointee.next = s.pointee.next
        } else {
            first = s.pointee.next
        }
        if s.pointee.next >= 0 {
            self[s.pointee.next].pointee.previous = s.pointee.previous
        } else {
            last = s.pointee.previous
        }
        used -= 1
        unplace(number)
        s.pointee.deallocate()
        s.pointee = VirtualServer()
        free.append(number)
    }

    /// Takes a number out of the slots; those behind it in its run are placed anew.
    private func unplace(_ number: Int32) {
        var at = home(number)
        while slots[at] >= 0, slots[at] != number { at = (at + 1) & slotMask }
        guard slots[at] == number else { return }
        slots[at] = -1
        at = (at + 1) & slotMask
        while slots[at] >= 0 {
            let moved = slots[at]
            slots[at] = -1
            place(moved)
            at = (at + 1) & slotMask
        }
    }

    private mutating func adjustCounts(_ s: VirtualServerRef, _ by: Int) {
        count += by
        if s.pointee.version == 6 { count6 += by } else { count4 += by }
        if s.pointee.mark != 0 {
            markCount += by
        } else if s.pointee.port == 21 {
            ftpCount += by
        } else if s.pointee.port == 0 {
            anyPortCount += by
        }
    }

    private func home(_ number: Int32) -> Int {
        let s = self[number]
        let hash = s.pointee.mark != 0
            ? Self.hash(s.pointee.version, .raw, AddressBits(ipv4: s.pointee.mark), 0)
            : Self.hash(s.pointee.version, s.pointee.ipProtocol, s.pointee.address, s.pointee.port)
        return Int(truncatingIfNeeded: hash) & slotMask
    }

    private func place(_ number: Int32) {
        var at = home(number)
        while slots[at] >= 0 { at = (at + 1) & slotMask }
        slots[at] = number
    }

    private func rehash() {
        slots.initialize(repeating: -1, count: slotMask + 1)
        var number = first
        while number >= 0 {
            place(number)
            number = self[number].pointee.next
        }
    }

    private mutating func growSlots() {
        slots.deallocate()
        slotMask = slotMask * 2 + 1
        slots = .allocate(capacity: slotMask + 1)
        rehash()
    }

    private mutating func growRecords() {
        let larger = UnsafeMutablePointer<VirtualServer>.allocate(capacity: capacity * 2)
        larger.moveInitialize(from: records, count: highest)
        records.deallocate()
        records = larger
        capacity *= 2
    }
}

/// The real servers of all services, those in the trash included.
struct ServerTable {
    private var records: UnsafeMutablePointer<RealServer>
    /// One of each server, by its number.
    private(set) var tallies: UnsafeMutablePointer<ServerTally>
    /// By number: the place in the service's `loads`; -1: not in a service, and `RealServer.detached` counts. Beside the records,
    /// so that a scan over many servers does not touch them.
    private(set) var positions: UnsafeMutablePointer<Int32>
    private var capacity = 64
    private(set) var highest = 0
    private var free: Int32 = -1

    init() {
        records = .allocate(capacity: capacity)
        tallies = Self.makeTallies(capacity)
        positions = .allocate(capacity: capacity)
    }

    func deallocate() {
        records.deallocate()
        tallies.deallocate()
        positions.deallocate()
    }

    private static func makeTallies(_ count: Int) -> UnsafeMutablePointer<ServerTally> {
        let bytes = MemoryLayout<ServerTally>.stride * count
        let tallies = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
            .bindMemory(to: ServerTally.self, capacity: count)
        tallies.initialize(repeating: ServerTally(), count: count)
        return tallies
    }

    @inline(__always)
    subscript(number: Int32) -> RealServerRef { records + Int(number) }

    mutating func allocate() -> Int32 {
        if free >= 0 {
            let number = free
            free = self[number].pointee.nextFree
            self[number].pointee = RealServer()
            positions[Int(number)] = -1
            return number
        }
        if highest == capacity {
            let larger = UnsafeMutablePointer<RealServer>.allocate(capacity: capacity * 2)
            larger.moveInitialize(from: records, count: highest)
            records.deallocate()
            records = larger
            let more = Self.makeTallies(capacity * 2)
            more.update(from: tallies, count: capacity)
            tallies.deallocate()
            tallies = more
            let places = UnsafeMutablePointer<Int32>.allocate(capacity: capacity * 2)
            places.update(from: positions, count: capacity)
            positions.deallocate()
            positions = places
            capacity *= 2
        }
        (records + highest).initialize(to: RealServer())
        positions[highest] = -1
        highest += 1
        return Int32(highest - 1)
    }

    mutating func release(_ number: Int32) {
        self[number].pointee = RealServer()
        self[number].pointee.nextFree = free
        free = number
    }
}
