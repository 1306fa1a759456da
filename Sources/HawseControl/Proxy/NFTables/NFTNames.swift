/// The names of a service port's chains and sets in nftables mode.
struct NFTNames: Hashable, Sendable {
    /// The longest part after `service-` and its like; what is longer ends in dots.
    private static let longest = 240

    private let port: String
    /// `HASH-namespace/service/protocol/port`
    private let base: String

    init(_ name: ServicePortName) {
        port = "\(name.namespace)/\(name.service)/\(name.ipProtocol.transportName)/\(name.port)"
        base = Self.base(port)
    }

    private static func base(_ name: String) -> String {
        let full = NameHash.base32(name, digits: 8) + "-" + name
        guard full.utf8.count > longest else { return full }
        return String(decoding: full.utf8.prefix(longest - 3), as: UTF8.self) + "..."
    }

    var service: String { "service-" + base }
    var local: String { "local-" + base }
    var external: String { "external-" + base }
    var firewall: String { "firewall-" + base }

    /// The endpoint's part of `endpoint-…` and `affinity-…`; a colon may not stand in a name.
    func endpointBase(_ endpoint: ProxyEndpoint) -> String {
        let address = endpoint.address.description
        let safe = endpoint.address.family == .ipv4 ? address : String(address.map { $0 == ":" ? "." : $0 })
        return Self.base("\(port)__\(safe)/\(endpoint.port)")
    }
}
