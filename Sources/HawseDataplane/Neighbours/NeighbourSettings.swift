import HawseModel
import HawseWire

/// `net.<family>.neigh.<device>.*` of one device (`struct neigh_parms`), in nanoseconds where they are times.
struct NeighbourParameters: BitwiseCopyable {
    /// `ucast_solicit`, `mcast_solicit`, `app_solicit`, `mcast_resolicit`: how often who is asked.
    var unicastProbes: UInt8
    var multicastProbes: UInt8
    var applicationProbes: UInt8
    var multicastAgain: UInt8
    /// `retrans_time_ms`, at least 10 ms.
    var retransmit: Int64
    var reachable: Int64
    var delayProbe: Int64
    /// `gc_stale_time`.
    var staleTime: Int64
    /// `unres_qlen_bytes`.
    var queueBytes: Int
    /// `locktime`: so long a neighbour's address is not believed to have changed again.
    var lockTime: Int64
    /// `proxy_delay`, `proxy_qlen`.
    var proxyDelay: Int64
    var proxyQueue: Int

    /// `neigh_max_probes`.
    func mostProbes(isProbing: Bool) -> UInt8 {
        let others = isProbing ? multicastAgain : multicastProbes
        return UInt8(clamping: Int(unicastProbes) + Int(applicationProbes) + Int(others))
    }

    fileprivate init(_ sysctls: Sysctls, _ device: String, _ family: String) {
        func setting(_ key: String) -> Int? {
            for scope in [device, "default"] {
                if let value = sysctls["net.\(family).neigh.\(scope).\(key)"].flatMap({ Int($0) }) { return value }
            }
            return nil
        }
        func number(_ key: String, _ fallback: Int) -> Int { max(setting(key) ?? fallback, 0) }
        func time(_ key: String, _ fallback: Int, unit: Int64) -> Int64 {
            unit &* Int64(clamping: min(number(key, fallback), 1 << 30))
        }
        let (tick, millisecond): (Int64, Int64) = (.milliseconds(10), .milliseconds(1))
        unicastProbes = UInt8(clamping: number("ucast_solicit", 3))
        multicastProbes = UInt8(clamping: number("mcast_solicit", 3))
        applicationProbes = UInt8(clamping: number("app_solicit", 0))
        multicastAgain = UInt8(clamping: number("mcast_resolicit", 0))
        // The older names count in hundredths of a second.
        retransmit = max(
            setting("retrans_time_ms") != nil
                ? time("retrans_time_ms", 1000, unit: millisecond) : time("retrans_time", 100, unit: tick), .milliseconds(10))
        reachable =
            setting("base_reachable_time_ms") != nil
            ? time("base_reachable_time_ms", 30000, unit: millisecond) : time("base_reachable_time", 30, unit: .seconds(1))
        delayProbe = time("delay_first_probe_time", 5, unit: .seconds(1))
        staleTime = time("gc_stale_time", 60, unit: .seconds(1))
        // The older name counts frames of the largest size (`SKB_TRUESIZE(ETH_FRAME_LEN)`).
        let frames = setting("unres_qlen_bytes") == nil ? setting("unres_qlen") : nil
        queueBytes = frames.map { max(min($0, 1 << 20), 0) * 2090 } ?? number("unres_qlen_bytes", 212_992)
        lockTime = time("locktime", family == "ipv4" ? 100 : 0, unit: tick)
        proxyDelay = time("proxy_delay", 80, unit: tick)
        proxyQueue = number("proxy_qlen", 64)
    }
}

/// The settings of all devices, by index and family.
struct NeighbourSettings {
    private let four: [NeighbourParameters]
    private let six: [NeighbourParameters]
    private let limits4: Limits
    private let limits6: Limits

    /// `gc_thresh1` to `gc_thresh3`: how many entries may be learnt before any are looked at, given up, and refused.
    struct Limits {
        var first: Int
        var second: Int
        var third: Int

        fileprivate init(_ sysctls: Sysctls, _ family: String) {
            func number(_ key: String, _ fallback: Int) -> Int {
                max(sysctls["net.\(family).neigh.default.\(key)"].flatMap { Int($0) } ?? fallback, 0)
            }
            (first, second, third) = (number("gc_thresh1", 128), number("gc_thresh2", 512), number("gc_thresh3", 1024))
        }
    }

    func limits(_ version: UInt8) -> Limits { version == 6 ? limits6 : limits4 }

    init(_ sysctls: Sysctls, _ interfaces: InterfaceTable) {
        limits4 = Limits(sysctls, "ipv4")
        limits6 = Limits(sysctls, "ipv6")
        four = interfaces.names.map { NeighbourParameters(sysctls, $0, "ipv4") }
        six = interfaces.names.map { NeighbourParameters(sysctls, $0, "ipv6") }
    }

    func of(_ device: UInt16, version: UInt8) -> NeighbourParameters {
        let list = version == 6 ? six : four
        return list[Int(device) < list.count ? Int(device) : 0]
    }
}
