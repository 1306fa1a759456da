import HawseModel
import HawseWire

/// Limits on what the node answers: the global bucket (`icmp_global_allow`) and one per peer (`inet_peer`).
/// Time is counted in ticks of 4 ms (HZ 250); what happens within one tick refills nothing.
struct RateLimits {
    struct Peer {
        var tokens: Int64
        var last: Int64
        /// `n_redirects`.
        var redirects: Int = 0
    }

    /// A bound like `inet_peer_threshold`.
    static let largest = 65536

    private var peers: [IPAddress: Peer] = [:]
    private var credit: Int64
    private var stamp: Int64 = .min / 2
    private let perSecond: Int64
    private let burst: Int64
    private let rateMask4: UInt64
    private let rate4: Int64
    private let rate6: Int64
    private let mask6: [ClosedRange<UInt8>]

    /// Whether anything has been asked for, which leaves less for others.
    var isTouched: Bool { credit != 0 || !peers.isEmpty }

    init(_ sysctls: Sysctls) {
        perSecond = Int64(sysctls.integer("net.ipv4.icmp_msgs_per_sec", default: 1000))
        burst = Int64(sysctls.integer("net.ipv4.icmp_msgs_burst", default: 50))
        rateMask4 = UInt64(truncatingIfNeeded: sysctls.integer("net.ipv4.icmp_ratemask", default: 6168))
        rate4 = Int64(sysctls.integer("net.ipv4.icmp_ratelimit", default: 1000))
        rate6 = Int64(sysctls.integer("net.ipv6.icmp.ratelimit", default: 100))
        mask6 = (sysctls["net.ipv6.icmp.ratemask"] ?? "0-1,3-127").split(separator: ",").compactMap { part in
            let ends = part.split(separator: "-").compactMap { UInt8($0) }
            guard let first = ends.first, let last = ends.last, first <= last else { return nil }
            return first...last
        }
        credit = 0
    }

    /// Whether `ratemask` names the type; path MTU messages are never limited.
    func limits(_ type: UInt8, _ code: UInt8, _ family: AddressFamily) -> Bool {
        if family == .ipv6 { return mask6.contains { $0.contains(type) } }
        if type == ICMPType.destinationUnreachable && code == ICMPUnreachableCode.fragmentationNeeded { return false }
        return type <= 18 && rateMask4 >> UInt64(type) & 1 == 1
    }

    /// `icmp_global_allow`: refilled at most every 20 ms.
    mutating func allowsGlobally(_ now: Instant) -> Bool {
        if credit > 0 { return true }
        let ms = now.nanoseconds / 1_000_000
        let delta = min(ms &- stamp, 1000)
        guard delta >= 20 else { return false }
        let increase = perSecond &* delta / 1000
        guard increase > 0 else { return false }
        stamp = ms
        credit = min(credit &+ increase, burst)
        return true
    }

    /// `icmp_global_consume`.
    mutating func consume(_ chance: inout RandomStream) { credit -= Int64(chance.below(3)) }

    /// `inet_peer_xrlim_allow`; `timeout` in milliseconds, 0 never refuses.
    mutating func allows(_ address: IPAddress, timeout: Int64, _ now: Instant) -> Bool {
        let tick = now.nanoseconds / Self.tick
        let cost = (timeout &+ 3) / 4
        var peer = peer(address, tick)
        if peer.last != tick {
            // A limit of 0 refuses nothing, but empties the bucket that others look at.
            peer.tokens = min(peer.tokens &+ (tick &- peer.last), 6 &* cost)
            peer.last = tick
        }
        let allowed = peer.tokens >= cost
        if allowed { peer.tokens -= cost }
        store(peer, address)
        return allowed
    }

    /// `ip_error`'s own bucket in the same peer: five at once, then one a second.
    mutating func allowsRouteError(_ address: IPAddress, _ now: Instant) -> Bool {
        let tick = now.nanoseconds / Self.tick
        var peer = peer(address, tick)
        peer.tokens = min(peer.tokens &+ (tick &- peer.last), 5 &* Self.second)
        peer.last = tick
        let allowed = peer.tokens >= Self.second
        if allowed { peer.tokens -= Self.second }
        store(peer, address)
        return allowed
    }

    /// `ip_rt_send_redirect`: with silence of 20 s in between a host is told up to nine times, each time later.
    mutating func allowsRedirect(_ address: IPAddress, _ now: Instant) -> Bool {
        let tick = now.nanoseconds / Self.tick
        var peer = peer(address, tick)
        let load = Self.second / 50
        let silence = load << 10
        if tick > peer.last &+ silence {
            peer.tokens = 0
            peer.redirects = 0
        }
        var allowed = false
        if peer.redirects >= 9 {
            peer.last = tick
        } else if peer.redirects == 0 || tick > peer.last &+ (load << Int64(peer.redirects)) {
            peer.last = tick
            peer.redirects += 1
            allowed = true
        }
        store(peer, address)
        return allowed
    }

    /// The per-host limit for an error of a family, in milliseconds.
    func timeout(_ family: AddressFamily) -> Int64 { family == .ipv4 ? rate4 : rate6 }

    private static let tick: Int64 = 4_000_000
    private static let second: Int64 = 250

    private func peer(_ address: IPAddress, _ tick: Int64) -> Peer {
        peers[address] ?? Peer(tokens: 0, last: tick - 60 &* Self.second)
    }

    private mutating func store(_ peer: Peer, _ address: IPAddress) {
        if peers.count >= Self.largest { peers.removeAll() }
        peers[address] = peer
    }
}
