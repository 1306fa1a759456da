import HawseModel

/// Which upstream and which endpoint takes a request: canary, affinity cookie, hash, or turn by turn.
///
/// Chance comes from a seeded stream, so that which pod a first request meets is not what a running controller would draw;
/// shares and stickiness are.
struct NginxBalancer {
    private var upstreams: [String: NginxUpstream]
    private var chance: RandomStream
    private var turns: [String: Int] = [:]

    init(_ upstreams: [String: NginxUpstream], seed: UInt64) {
        self.upstreams = upstreams
        chance = RandomStream(seed: seed, purpose: "ingress-nginx balancer")
    }

    struct Choice {
        var upstream: NginxUpstream
        var endpoint: RouteEndpoint
        /// The value that the affinity cookie is to have; nil: it stays.
        var cookie: String?
    }

    subscript(name: String) -> NginxUpstream? { upstreams[name] }

    private func usable(_ name: String) -> NginxUpstream? { upstreams[name].flatMap { $0.endpoints.isEmpty ? nil : $0 } }

    /// nil: nobody is there, which is 503.
    mutating func choose(_ name: String, _ request: RouteRequest, _ expand: (String) -> String) -> Choice? {
        guard var upstream = usable(name) else { return nil }
        if let other = upstream.alternatives.first.flatMap({ usable($0) }), goesTo(other, insteadOf: upstream, request) {
            upstream = other
        }
        if upstream.isSticky { return sticky(upstream, request) }
        let endpoints = upstream.endpoints
        if !upstream.settings.hashBy.isEmpty {
            return Choice(upstream: upstream, endpoint: hashed(upstream, expand(upstream.settings.hashBy)))
        }
        if upstream.settings.algorithm == "ewma" {
            // Latencies, which decide there, are not known: alike for all.
            return Choice(upstream: upstream, endpoint: endpoints[Int(chance.below(UInt32(endpoints.count)))])
        }
        let turn = turns[upstream.name] ?? Int(chance.below(UInt32(endpoints.count)))
        turns[upstream.name] = (turn + 1) % endpoints.count
        return Choice(upstream: upstream, endpoint: endpoints[turn % endpoints.count])
    }

    private mutating func goesTo(_ other: NginxUpstream, insteadOf primary: NginxUpstream, _ request: RouteRequest) -> Bool {
        if primary.isSticky, Self.cookie(primary, request)?.upstream == primary.cookieKey { return false }
        if other.isSticky, Self.cookie(other, request)?.upstream == other.cookieKey { return true }
        guard let canary = other.canary else { return false }
        return canary.takes(request) { bound in Int(chance.below(UInt32(clamping: bound))) + 1 }
    }

    /// `key|upstream`
    private static func cookie(_ upstream: NginxUpstream, _ request: RouteRequest) -> (key: String, upstream: String?)? {
        guard let value = request.cookie(upstream.cookie.name), !value.isEmpty else { return nil }
        let parts = value.split(separator: "|").map(String.init)
        guard let key = parts.first else { return nil }
        return (key, parts.count > 1 ? parts[1] : nil)
    }

    private mutating func sticky(_ upstream: NginxUpstream, _ request: RouteRequest) -> Choice {
        if let held = Self.cookie(upstream, request) {
            if !upstream.isPersistent { return Choice(upstream: upstream, endpoint: Self.nearest(upstream.endpoints, held.key)) }
            if let endpoint = upstream.endpoints.first(where: { Self.persistentKey($0) == held.key }) {
                return Choice(upstream: upstream, endpoint: endpoint)
            }
        }
        var key = "\(chance.next() % 1_000_000_000).\(chance.below(1000)).\(chance.below(1_000_000))"
        var endpoint = Self.nearest(upstream.endpoints, key)
        if upstream.isPersistent {
            endpoint = upstream.endpoints[Int(chance.below(UInt32(upstream.endpoints.count)))]
            key = Self.persistentKey(endpoint)
        }
        return Choice(upstream: upstream, endpoint: endpoint, cookie: key + "|" + upstream.cookieKey)
    }

    private static func persistentKey(_ endpoint: RouteEndpoint) -> String { MD5.hex(endpoint.text ?? "") }

    private mutating func hashed(_ upstream: NginxUpstream, _ key: String) -> RouteEndpoint {
        guard upstream.settings.hashesSubset else { return Self.nearest(upstream.endpoints, key) }
        // Sets of equal size, the last one filled up from the front; the hash chooses a set, chance one of it.
        let all = upstream.endpoints
        let size = min(max(1, upstream.settings.subsetSize), all.count)
        let count = (all.count + size - 1) / size
        let set = (0..<count).max { Self.score("set\($0)", key) < Self.score("set\($1)", key) } ?? 0
        let place = set * size + Int(chance.below(UInt32(clamping: size)))
        return all[place % all.count]
    }

    /// Rendezvous: the endpoint whose hash with the key is highest, so that few keys move when endpoints come and go.
    private static func nearest(_ endpoints: [RouteEndpoint], _ key: String) -> RouteEndpoint {
        endpoints.max { score($0.text ?? "", key) < score($1.text ?? "", key) } ?? .assumed
    }

    private static func score(_ name: String, _ key: String) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in "\(name)\u{0}\(key)".utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        hash = (hash ^ (hash >> 33)) &* 0xff51_afd7_ed55_8ccd
        return hash ^ (hash >> 33)
    }
}
