/// The names of a service port's chains: one hash over name and protocol, and one for each endpoint.
struct IPTablesChainNames: Hashable, Sendable {
    let service: String
    let local: String
    let external: String
    let firewall: String
    /// `namespace/name:port`, the beginning of every comment.
    let text: String
    private let hashed: String

    init(_ name: ServicePortName) {
        text = name.description
        hashed = text + name.ipProtocol.transportName
        let hash = NameHash.base32(hashed, digits: 16)
        service = "KUBE-SVC-" + hash
        local = "KUBE-SVL-" + hash
        external = "KUBE-EXT-" + hash
        firewall = "KUBE-FW-" + hash
    }

    func endpoint(_ endpoint: ProxyEndpoint) -> String { NameHash.named("KUBE-SEP-", hashing: hashed + endpoint.text) }
}
