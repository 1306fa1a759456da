import HawseModel
import HawseWire

/// The userspace mode of kube-proxy before 1.26, for one address family: REDIRECT and DNAT rules into the
/// proxy's own sockets.
public struct UserspaceRenderer: Sendable {
    private typealias Words = IPTablesVocabulary

    public let settings: ProxySettings
    private var services: [ServicePortName: ServicePort] = [:]
    private var proxies: [ServicePortName: UserspaceProxy] = [:]
    private var ports: Set<UInt16> = []
    private var random: RandomStream
    private let range: ClosedRange<UInt16>

    /// Without a port range the sockets get ports out of `ephemeral`, at random as the kernel deals them.
    public init(
        settings: ProxySettings, seed: UInt64, portRange: ClosedRange<UInt16>? = nil,
        ephemeral: ClosedRange<UInt16> = 32768...60999
    ) {
        self.settings = settings
        random = RandomStream(seed: seed, purpose: "userspace proxy ports")
        range = portRange ?? ephemeral
    }

    /// Brings sockets up to date; true when the rules changed too.
    public mutating func sync(
        _ changed: [ServicePortName], services map: ServiceMap, endpoints: EndpointsMap
    ) -> Bool {
        var rulesChanged = false
        for name in changed.sorted() {
            if map.ports[name] != services[name] { rulesChanged = true }
            services[name] = map.ports[name]
            guard let service = map.ports[name] else {
                if let old = proxies.removeValue(forKey: name) { ports.remove(old.port) }
                continue
            }
            guard let port = proxies[name]?.port ?? freePort() else { continue }
            proxies[name] = UserspaceProxy(
                name: name, port: port, endpoints: endpoints[name].filter(\.isReady),
                affinitySeconds: service.affinitySeconds)
        }
        return rulesChanged
    }

    private mutating func freePort() -> UInt16? {
        let count = UInt32(range.upperBound - range.lowerBound) + 1
        guard ports.count < Int(count) else { return nil }
        var offset = random.below(count)
        while true {
            let port = range.lowerBound + UInt16(offset)
            if ports.insert(port).inserted { return port }
            offset = (offset + 1) % count
        }
    }

    /// The sockets, in the order of their names.
    public func sockets() -> [UserspaceProxy] { proxies.keys.sorted().compactMap { proxies[$0] } }

    public func ruleSet() -> RuleSet {
        var container: [Rule] = [], host: [Rule] = []
        var nodeContainer: [Rule] = [], nodeHost: [Rule] = [], nonLocal: [Rule] = []
        for name in services.keys.sorted() {
            guard let service = services[name], let proxy = proxies[name] else { continue }
            let here = Target.redirect(MasqueradeTarget(ports: proxy.port...proxy.port))
            let there = settings.node.primary(settings.family).map {
                Target.dnat(NATTarget(address: $0, port: proxy.port))
            } ?? here
            container.append(portal(service, service.clusterIP, service.port, here))
            host.append(portal(service, service.clusterIP, service.port, there))
            for address in service.externalIPs + service.loadBalancerVIPs {
                container.append(portal(service, address, service.port, here))
                container.append(portal(service, address, service.port, here, onlyLocal: true))
                host.append(portal(service, address, service.port, there, onlyLocal: true))
            }
            if service.nodePort != 0 {
                nodeContainer.append(portal(service, nil, service.nodePort, here))
                nodeHost.append(portal(service, nil, service.nodePort, there))
                var rule = portal(service, nil, proxy.port, .accept)
                rule.matches.append(Words.newConnections)
                nonLocal.append(rule)
            }
        }
        return RuleSet(
            family: settings.family,
            tables: [
                Table(
                    name: .filter,
                    chains: [
                        Chain(
                            name: "INPUT", policy: .accept,
                            rules: [jump("KUBE-NODEPORT-NON-LOCAL", Self.nonLocalComment)]),
                        Chain(name: "FORWARD", policy: .accept), Chain(name: "OUTPUT", policy: .accept),
                        Chain(name: "KUBE-NODEPORT-NON-LOCAL", rules: nonLocal),
                    ]),
                Table(
                    name: .nat,
                    chains: [
                        Chain(name: "PREROUTING", policy: .accept, rules: entry("CONTAINER")),
                        Chain(name: "INPUT", policy: .accept),
                        Chain(name: "OUTPUT", policy: .accept, rules: entry("HOST")),
                        Chain(name: "POSTROUTING", policy: .accept),
                        Chain(name: "KUBE-NODEPORT-CONTAINER", rules: nodeContainer),
                        Chain(name: "KUBE-NODEPORT-HOST", rules: nodeHost),
                        Chain(name: "KUBE-PORTALS-CONTAINER", rules: container),
                        Chain(name: "KUBE-PORTALS-HOST", rules: host),
                    ]),
            ])
    }

    private static let nonLocalComment = "Ensure that non-local NodePort traffic can flow"

    private func jump(_ chain: String, _ comment: String) -> Rule {
        Rule(matches: [.comment(comment)], target: .jump(chain))
    }

    private func entry(_ side: String) -> [Rule] {
        [
            jump("KUBE-PORTALS-\(side)", "handle ClusterIPs; NOTE: this must be before the NodePort rules"),
            Rule(
                matches: [
                    Words.destinationLocal,
                    .comment("handle service NodePorts; NOTE: this must be the last rule in the chain"),
                ], target: .jump("KUBE-NODEPORT-\(side)")),
        ]
    }

    private func portal(
        _ service: ServicePort, _ address: IPAddress?, _ port: UInt16, _ target: Target, onlyLocal: Bool = false
    ) -> Rule {
        var matches: [Match] = [
            .comment(service.name.description), Words.destinationPort(port, service.ipProtocol),
        ]
        if onlyLocal { matches.append(Words.destinationLocal) }
        return Rule(
            destination: address.map { Words.host($0) }, ipProtocol: ProtocolMatch(service.ipProtocol),
            matches: matches, target: target)
    }
}
