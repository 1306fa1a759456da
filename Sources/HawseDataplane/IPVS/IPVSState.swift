import HawseModel
import HawseWire

typealias NodePointer = UnsafeMutablePointer<NodeState>

/// The virtual server: services, real servers, connections (`struct netns_ipvs`).
struct IPVSState {
    /// Bit 0: an IPv4 service exists, bit 1: an IPv6 one. Without one the hooks are not registered.
    var active: UInt8 = 0
    var settings: IPVSSettings
    var services = ServiceTable()
    var servers = ServerTable()
    var connections: VirtualConnectionTable
    /// Deleted servers that connections may still refer to, the one deleted last first (`dest_trash`).
    var trash: [Int32] = []
    /// Jiffy of the trash's next look; 0: none.
    var trashDue: Int64 = 0
    var timeouts = IPVSTimeouts()
    /// All services together (`tot_stats`).
    var total = IPVSCounters()
    /// The server that was tallied last, see `ServerTally`; -1: none.
    var firstTally: Int32 = -1
    var chance: RandomStream
    /// The tick; follows `NodeState.now`.
    var jiffy: Int64 = 0 {
        didSet { nextJiffy = Instant(nanoseconds: (jiffy &+ 1) &* Jiffies.nanoseconds) }
    }
    /// When the next one begins.
    private(set) var nextJiffy = Instant.zero
    /// The estimators' two-second period.
    var period: UInt64 = 0
    /// `ip_vs_dest_conn_overhead`: what an active connection counts.
    var overheadFactor: Int64 = 257
    /// Connections that go before the next packet comes (`ip_vs_conn_expire_now`).
    private var expiring: UnsafeMutablePointer<UInt32>
    private var expiringCapacity = 256
    private(set) var expiringCount = 0
    var defence = IPVSDefence()
    var sync = IPVSSync()

    init(_ spec: IPVSSpec?, sysctls: Sysctls, seed: UInt64, capacity: Int = 1 << 21) {
        settings = IPVSSettings(sysctls)
        var chance = RandomStream(seed: seed, purpose: "ipvs")
        connections = VirtualConnectionTable(capacity: min(capacity, 1 << 23), seed: chance.next())
        self.chance = chance
        expiring = .allocate(capacity: expiringCapacity)
        applySettings(settings)
        if let timeouts = spec?.timeouts { self.timeouts.set(timeouts) }
    }

    mutating func deallocate() {
        services.deallocate()
        servers.deallocate()
        connections.deallocate()
        expiring.deallocate()
        timeouts.deallocate()
    }

    /// `sysctl_backup_only`: a backup that leaves the traffic alone.
    @inline(__always)
    var isBackupOnly: Bool { settings.backupOnly && sync.isBackup }

    @inline(__always)
    func isActive(_ version: UInt8) -> Bool { active & (version == 6 ? 2 : 1) != 0 }

    /// Sysctls changed: takes effect with the next packet.
    mutating func applySettings(_ new: IPVSSettings) {
        settings = new
        overheadFactor = new.overhead == .totalConnections ? 257 : 256
        defence.apply(new)
    }

    /// What the schedulers look at of a server, in its service or in the trash.
    @inline(__always)
    func load(_ server: Int32) -> UnsafeMutablePointer<ServerLoad> {
        let s = servers[server]
        let position = servers.positions[Int(server)]
        if position >= 0 { return services[s.pointee.service].pointee.loads + Int(position) }
        return (UnsafeMutableRawPointer(s) + RealServer.detachedOffset).assumingMemoryBound(to: ServerLoad.self)
    }

    // MARK: Time

    /// Whether `advance` has something to do.
    @inline(__always)
    func needsAdvance(_ now: Instant) -> Bool {
        expiringCount > 0 || (now >= nextJiffy && (connections.count > 0 || !trash.isEmpty || jiffy == 0 || services.count > 0))
    }

    /// Lets time pass: connections whose timers are due go, in order.
    mutating func advance(to now: Instant, _ node: NodePointer) {
        flushExpiring(node)
        let target = Jiffies.at(now)
        guard target > jiffy else { return }
        let before = jiffy
        connections.wheel.start(at: target)
        while let number = connections.wheel.popDue(target, connections.records) {
            jiffy = max(jiffy, connections.wheel.clock)
            expire(connections[number], node)
            flushExpiring(node)
        }
        jiffy = target
        if settings.runEstimation {
            let reached = UInt64(max(target, 0)) / UInt64(2 * Jiffies.perSecond)
            if reached != period {
                settleTallies()
                period = reached
            }
        }
        dropEntries(since: before, upTo: target, node)
        emptyTrash()
        if sync.isMaster { sync.advance(to: target) }
    }

    /// The tick without its consequences: what is made now is made at the present.
    mutating func refreshJiffy(_ now: Instant) { jiffy = max(jiffy, Jiffies.at(now)) }

    /// `ip_vs_conn_expire_now`: the timer is moved to the present, and fires before the next packet is looked at.
    mutating func expireNow(_ connection: VirtualConnectionRef) {
        guard !connection.pointee.flags.contains(.expiring) else { return }
        connection.pointee.flags.insert(.expiring)
        if expiringCount == expiringCapacity {
            let larger = UnsafeMutablePointer<UInt32>.allocate(capacity: expiringCapacity * 2)
            larger.moveInitialize(from: expiring, count: expiringCount)
            expiring.deallocate()
            expiring = larger
            expiringCapacity *= 2
        }
        expiring[expiringCount] = connections.number(of: connection)
        expiringCount += 1
    }

    mutating func flushExpiring(_ node: NodePointer) {
        var i = 0
        while i < expiringCount {
            let connection = connections[expiring[i]]
            i += 1
            guard connection.pointee.flags.contains(.expiring) else { continue }
            connection.pointee.flags.remove(.expiring)
            connections.wheel.remove(connections.number(of: connection), connections.records)
            expire(connection, node)
        }
        expiringCount = 0
    }

    /// `ip_vs_conn_put`: the timer starts over with the connection's timeout, even where it was about to fire: the node's own
    /// reset for a packet whose server is gone keeps the connection by direct routing that it goes back through.
    @inline(__always)
    mutating func restart(_ connection: VirtualConnectionRef) {
        if connection.pointee.flags.rawValue & VirtualConnection.Flags.unusualRestart != 0 {
            if connection.pointee.flags.contains(.onePacket) { return expireNow(connection) }
            connection.pointee.flags.remove(.expiring)
        }
        if connection.pointee.restart(at: jiffy) { arm(connection) }
    }

    @inline(never)
    private mutating func arm(_ connection: VirtualConnectionRef) {
        connections.wheel.start(at: jiffy)
        let number = connections.number(of: connection)
        connections.wheel.remove(number, connections.records)
        connections.wheel.insert(number, connections.records)
    }
}

extension RealServer {
    static let detachedOffset = MemoryLayout<RealServer>.offset(of: \RealServer.detached) ?? 0
}
