import HawseModel

/// `net.ipv4.vs.*` in the form the walk wants.
struct IPVSSettings {
    /// Which formula `ip_vs_dest_conn_overhead` is.
    enum OverheadFormula: Sendable {
        /// 257 × active + inactive: kernels that count all connections (stable 6.12.104 and later).
        case totalConnections
        /// 256 × active + inactive: kernels before.
        case activeShifted
    }

    var conntrack = false
    var snatReroute = true
    var connectionReuseMode = 1
    var expireNodestConnections = false
    var expireQuiescentTemplate = false
    var sloppyTCP = false
    var sloppySCTP = false
    var natICMPSend = false
    var scheduleICMP = false
    var cacheBypass = false
    var pmtuDiscovery = true
    var ignoreTunneled = false
    var backupOnly = false
    /// 0 off, 1 and 2 while free memory is below `amemthresh`, 3 always on.
    var dropEntry = 0
    var dropPacket = 0
    var secureTCP = 0
    /// `am_droprate`: with `drop_packet` 3 one of so many new packets is dropped; 0: none.
    var alwaysDropRate = 10
    /// `amemthresh`, pages.
    var memoryThreshold = 1024
    var syncVersion = 1
    var syncThreshold = 3
    var syncPeriod = 50
    /// Jiffies.
    var syncRefreshPeriod: Int64 = 0
    var syncRetries = 0
    var syncPersistMode = false
    /// How many sockets, on ports one after the other, the connections are told over: a power of two up to 64.
    var syncPorts = 1
    var runEstimation = true
    /// `lblc_expiration`, `lblcr_expiration`; jiffies.
    var lblcExpiration: Int64 = 86_400 * Jiffies.perSecond
    var lblcrExpiration: Int64 = 86_400 * Jiffies.perSecond
    /// `ip_unprivileged_port_start`: below it a port is never FTP data.
    var privilegedPorts = 1024
    var overhead = OverheadFormula.totalConnections

    init(_ sysctls: Sysctls) {
        func value(_ key: String, _ fallback: Int) -> Int {
            sysctls.integer("net.ipv4.vs.\(key)", default: fallback)
        }
        func isOn(_ key: String, _ fallback: Bool = false) -> Bool { value(key, fallback ? 1 : 0) != 0 }
        conntrack = isOn("conntrack")
        snatReroute = isOn("snat_reroute", true)
        connectionReuseMode = value("conn_reuse_mode", 1)
        expireNodestConnections = isOn("expire_nodest_conn")
        expireQuiescentTemplate = isOn("expire_quiescent_template")
        sloppyTCP = isOn("sloppy_tcp")
        sloppySCTP = isOn("sloppy_sctp")
        natICMPSend = isOn("nat_icmp_send")
        scheduleICMP = isOn("schedule_icmp")
        cacheBypass = isOn("cache_bypass")
        pmtuDiscovery = isOn("pmtu_disc", true)
        ignoreTunneled = isOn("ignore_tunneled")
        backupOnly = isOn("backup_only")
        // A mode that the kernel refuses to be set leaves the default.
        func mode(_ key: String) -> Int { (0...3).contains(value(key, 0)) ? value(key, 0) : 0 }
        dropEntry = mode("drop_entry")
        dropPacket = mode("drop_packet")
        secureTCP = mode("secure_tcp")
        alwaysDropRate = max(value("am_droprate", 10), 0)
        memoryThreshold = value("amemthresh", 1024)
        syncVersion = value("sync_version", 1)
        let threshold = (sysctls["net.ipv4.vs.sync_threshold"] ?? "3 50").split { $0 == " " || $0 == "\t" }
            .compactMap { Int($0) }
        // `proc_do_sync_threshold`: the threshold lies below the period, unless there is none.
        let first = threshold.first ?? syncThreshold
        let period = threshold.count > 1 ? threshold[1] : syncPeriod
        if first >= 0, period >= 0, first < period || period == 0 {
            syncThreshold = first
            syncPeriod = period
        }
        syncRefreshPeriod = Jiffies.seconds(value("sync_refresh_period", 0))
        syncRetries = min(max(value("sync_retries", 0), 0), 3)
        syncPersistMode = isOn("sync_persist_mode")
        let ports = value("sync_ports", 1)
        if ports > 0, ports & (ports - 1) == 0 { syncPorts = min(ports, 64) }
        runEstimation = isOn("run_estimation", true)
        lblcExpiration = Jiffies.seconds(value("lblc_expiration", 86_400))
        lblcrExpiration = Jiffies.seconds(value("lblcr_expiration", 86_400))
        privilegedPorts = sysctls.integer("net.ipv4.ip_unprivileged_port_start", default: 1024)
    }
}

/// The kernel's tick, at HZ=250: IPVS counts all its time in it.
enum Jiffies {
    static let perSecond: Int64 = 250
    /// Of one.
    static let nanoseconds: Int64 = 4_000_000

    @inline(__always)
    static func at(_ now: Instant) -> Int64 { now.nanoseconds / nanoseconds }

    static func seconds(_ count: Int) -> Int64 { Int64(min(max(count, 0), 1 << 31)) * perSecond }

    /// When a timer set at `clock` for `expires` really fires: the timer wheel rounds up to the granularity of the
    /// level it puts the timer on, which is eight times coarser from level to level (`calc_wheel_index`).
    @inline(__always)
    static func fire(_ expires: Int64, at clock: Int64) -> Int64 {
        let delta = expires - clock
        return delta < 0 ? clock + 1 : fire(expires, level: level(delta))
    }

    @inline(__always)
    static func fire(_ expires: Int64, level: UInt8) -> Int64 {
        let shift = 3 * Int64(level)
        return ((expires >> shift) + 1) << shift
    }

    /// The least level, up to the eighth, whose 63 steps reach so many jiffies.
    @inline(__always)
    static func level(_ delta: Int64) -> UInt8 {
        var level = Int64(max(60 - delta.leadingZeroBitCount, 0)) / 3
        if delta >> (3 * level) >= 63 { level += 1 }
        return UInt8(truncatingIfNeeded: min(level, 8))
    }
}
