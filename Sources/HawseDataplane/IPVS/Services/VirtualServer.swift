import HawseModel
import HawseWire

/// A virtual service as it runs (`struct ip_vs_service`), with its servers' loads and its scheduler's memory.
struct VirtualServer {
    var version: UInt8 = 0
    var ipProtocol: IPProtocol = .unspecified
    var port: UInt16 = 0
    /// Firewall mark; 0: the service is one of address and port.
    var mark: UInt32 = 0
    var address: AddressBits = .zero
    var flags: VirtualService.Flags = []
    var scheduler: SchedulerKind = .wlc
    /// What tells persistent clients' connections apart beside their addresses.
    var engine: VirtualService.Engine?
    var isLive = false
    /// A masqueraded FTP service: its family's packets are tracked (`conntrack_afmask`).
    var tracksConnections = false
    /// Tells services apart that had the same number one after the other.
    var serial: UInt32 = 0
    /// Persistence, jiffies.
    var timeout: Int64 = 0
    var persistenceSeconds: UInt32 = 0
    var maskLength: UInt8 = 32
    var mask: AddressBits = .zero
    var counters = IPVSCounters()
    /// Neighbours in the order of adding; -1: none.
    var previous: Int32 = -1
    var next: Int32 = -1

    /// Loads of the servers, the list's head last, so that adding at the head is appending.
    private(set) var loads: UnsafeMutablePointer<ServerLoad>
    private(set) var count = 0
    private var capacity = 4

    // The scheduler's memory; each scheduler says what it keeps where.
    /// Number of the server last used; -1: the list's head (rr, wrr).
    var cursor: Int32 = -1
    /// wrr: current weight, highest weight, step.
    var currentWeight: Int32 = 0
    var maximumWeight: Int32 = 0
    var weightStep: Int32 = 1
    /// Server numbers by slot (dh, sh, mh).
    var table: UnsafeMutablePointer<Int32>?
    var tableSize = 0
    /// lblc, lblcr.
    var locality: UnsafeMutablePointer<LocalityTable>?

    init() {
        loads = .allocate(capacity: capacity)
        loads.initialize(repeating: ServerLoad(), count: capacity)
    }

    mutating func deallocate() {
        loads.deallocate()
        dropTable()
        dropLocality()
    }

    @inline(__always) var isPersistent: Bool { flags.contains(.persistent) }
    @inline(__always) var isOnePacket: Bool { flags.contains(.onePacket) }

    /// The load at a place of the list, 0 being the head.
    @inline(__always)
    func load(_ index: Int) -> UnsafeMutablePointer<ServerLoad> { loads + (count &- 1 &- index) }

    /// The list index of a position in memory and back.
    @inline(__always)
    func flip(_ index: Int) -> Int { count &- 1 &- index }

    /// At the list's head; returns the position in memory, which is what `ServerTable.positions` says.
    mutating func insert(_ load: ServerLoad) -> Int {
        if count == capacity {
            let larger = UnsafeMutablePointer<ServerLoad>.allocate(capacity: capacity * 2)
            larger.initialize(repeating: ServerLoad(), count: capacity * 2)
            larger.update(from: loads, count: count)
            loads.deallocate()
            loads = larger
            capacity *= 2
        }
        loads[count] = load
        count += 1
        return count - 1
    }

    /// Takes out the load at a position in memory; those behind it move up one.
    mutating func remove(at position: Int) -> ServerLoad {
        let load = loads[position]
        for i in position..<(count - 1) { loads[i] = loads[i + 1] }
        count -= 1
        return load
    }

    mutating func makeTable(_ size: Int) {
        if table == nil || tableSize != size {
            table?.deallocate()
            table = .allocate(capacity: size)
            tableSize = size
        }
        table?.initialize(repeating: -1, count: size)
    }

    mutating func dropTable() {
        table?.deallocate()
        table = nil
        tableSize = 0
    }

    mutating func makeLocality(at jiffy: Int64) {
        dropLocality()
        locality = .allocate(capacity: 1)
        locality?.initialize(to: LocalityTable(startedAt: jiffy))
    }

    mutating func dropLocality() {
        locality?.deinitialize(count: 1)
        locality?.deallocate()
        locality = nil
    }

    /// As `ipvsadm` would write it, without destinations.
    var model: VirtualService {
        let family: AddressFamily = version == 6 ? .ipv6 : .ipv4
        return VirtualService(
            key: key, scheduler: scheduler.model, flags: flags, persistenceTimeout: persistenceSeconds,
            persistenceMask: min(Int(maskLength), family.bitCount), engine: engine)
    }

    var key: VirtualService.Key {
        let family: AddressFamily = version == 6 ? .ipv6 : .ipv4
        return mark != 0
            ? .mark(mark, family: family)
            : .address(
                ipProtocol: ipProtocol, address: IPAddress(family: family, bits: address),
                port: port)
    }
}

typealias VirtualServerRef = UnsafeMutablePointer<VirtualServer>
