import HawseModel
import HawseWire

/// One listening socket of the userspace proxy: it accepts what the rules send it and connects to an endpoint.
public struct UserspaceProxy: Hashable, Sendable {
    public var name: ServicePortName
    /// The port that REDIRECT and DNAT rules lead to.
    public var port: UInt16
    /// Ready endpoints in the order in which they take turns.
    public var endpoints: [ProxyEndpoint]
    public var affinitySeconds: UInt32?

    public init(
        name: ServicePortName, port: UInt16, endpoints: [ProxyEndpoint] = [], affinitySeconds: UInt32? = nil
    ) {
        self.name = name
        self.port = port
        self.endpoints = endpoints
        self.affinitySeconds = affinitySeconds
    }

    /// Nanoseconds to wait for a connection to an endpoint, attempt after attempt, before giving up.
    public static let dialTimeouts: [Int64] = [
        .milliseconds(250), .milliseconds(500), .seconds(1), .seconds(2),
    ]
    /// Nanoseconds without a datagram after which a UDP client's socket is closed.
    public static let udpIdleTimeout: Int64 = .milliseconds(250)
}

/// Chooses endpoints for one userspace proxy: in turn, or the client's last one under session affinity.
public struct UserspaceBalancer: Sendable {
    private struct Client: Sendable {
        var endpoint: String
        var lastUsed: Instant
    }

    public private(set) var proxy: UserspaceProxy
    private var next = 0
    private var clients: [IPAddress: Client] = [:]

    public init(_ proxy: UserspaceProxy) { self.proxy = proxy }

    /// Takes the proxy's new endpoints; the turn begins anew when they changed.
    public mutating func update(_ new: UserspaceProxy) {
        if new.endpoints.map(\.text) != proxy.endpoints.map(\.text) {
            next = 0
            let known = Set(new.endpoints.map(\.text))
            clients = clients.filter { known.contains($0.value.endpoint) }
        }
        proxy = new
    }

    /// The endpoint for a new connection; `forgets` after a failed attempt, so that affinity does not insist.
    public mutating func endpoint(for client: IPAddress, at now: Instant, forgets: Bool = false) -> ProxyEndpoint? {
        let endpoints = proxy.endpoints
        guard !endpoints.isEmpty else { return nil }
        if let seconds = proxy.affinitySeconds, !forgets, let known = clients[client],
            now - known.lastUsed < .seconds(Int64(seconds)),
            let endpoint = endpoints.first(where: { $0.text == known.endpoint })
        {
            clients[client] = Client(endpoint: known.endpoint, lastUsed: now)
            return endpoint
        }
        let chosen = endpoints[next % endpoints.count]
        next = (next + 1) % endpoints.count
        if proxy.affinitySeconds != nil { clients[client] = Client(endpoint: chosen.text, lastUsed: now) }
        return chosen
    }
}
