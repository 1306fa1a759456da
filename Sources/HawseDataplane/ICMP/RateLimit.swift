import HawseModel
import HawseWire

/// Limits on what the node answers: the global bucket (`icmp_global_allow`) and one per peer (`inet_peer`).
/// Times are milliseconds, as the sysctls give them.
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

    init(_ sysctls: Sysctls) {
        perSecond = Int64(sysctls.integer("net.ipv4.icmp_msgs_per_sec", default: 10000))
        burst = Int64(sysctls.integer("net.ipv4.icmp_msgs_burst", default: 10000))
        rateMask4 = UInt64(truncatingIfNeeded: sysctls.integer("net.ipv4.icmp_ratemask", default: 6168))
        rate4 = Int64(sysctls.integer("net.ipv4.icmp_ratelimit", default: 1000))
        rate6 = Int64(sysctls.integer("net.ipv6.icmp.ratelimit", default: 1000))
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
        if timeout == 0 { return true }
        let ms = now.nanoseconds / 1_000_000
        var peer = peer(address, ms)
        peer.tokens = min(peer.tokens &+ (ms &- peer.last), 6 &* timeout)
        peer.last = ms
        let allowed = peer.tokens >= timeout
        if allowed { peer.tokens -= timeout }
        peers[address] = peer
        return allowed
    }

    /// `ip_error`'s own bucket in the same peer: five at once, then one a second.
    mutating func allowsRouteError(_ address: IPAddress, _ now: Instant) -> Bool {
        let ms = now.nanoseconds / 1_000_000
        var peer = peer(address, ms)
        peer.tokens = min(peer.tokens &+ (ms &- peer.last), 5000)
        peer.last = ms
        let allowed = peer.tokens >= 1000
        if allowed { peer.tokens -= 1000 }
        peers[address] = peer
        return allowed
    }

    /// `ip_rt_send_redirect`: with silence of 20 s in between a host is told up to nine times, each time later.
    mutating func allowsRedirect(_ address: IPAddress, _ now: Instant) -> Bool {
        let ms = now.nanoseconds / 1_000_000
        var peer = peers[address] ?? Peer(tokens: 0, last: 0)
        let silence: Int64 = 20480
        let load: Int64 = 20
        if ms > peer.last &+ silence {
            peer.tokens = 0
            peer.redirects = 0
        }
        var allowed = false
        if peer.redirects >= 9 {
            peer.last = ms
        } else if peer.redirects == 0 || ms > peer.last &+ (load << Int64(peer.redirects)) {
            peer.last = ms
            peer.redirects += 1
            allowed = true
        }
        store(peer, address)
        return allowed
    }

    /// The per-host limit for an error of a family.
    func timeout(_ family: AddressFamily, prefixLength: Int) -> Int64 {
        if family == .ipv4 { return rate4 }
        // Wider prefixes get more.
        return prefixLength < 128 ? rate6 >> Int64((128 - prefixLength) >> 5) : rate6
    }

    private func peer(_ address: IPAddress, _ ms: Int64) -> Peer {
        peers[address] ?? Peer(tokens: 0, last: ms - 60_000)
    }

    private mutating func store(_ peer: Peer, _ address: IPAddress) {
        if peers.count >= Self.largest { peers.removeAll() }
        peers[address] = peer
    }
}
