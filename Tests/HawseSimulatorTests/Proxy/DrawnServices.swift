import HawseControl
import HawseModel
import HawseWire

/// Services and EndpointSlices by chance, with everything that rules of a proxy depend on, as node-a of three sees them; and
/// edits of them, one after the other.
struct DrawnServices {
    typealias Service = Kubernetes.Service
    typealias Slice = Kubernetes.EndpointSlice

    private let draw: Draw
    private(set) var services: [ObjectKey: Service] = [:]
    private(set) var slices: [ObjectKey: Slice] = [:]
    private(set) var labels = ["topology.kubernetes.io/zone": "zone-1"]
    private var count = 0

    static let nodeIPv4 = "192.168.50.11", nodeIPv6 = "fd00:192:168:50::11"

    init(_ draw: Draw, count: Int) {
        self.draw = draw
        for _ in 0..<count { addService() }
    }

    var objects: ProxyRenderer.Objects {
        ProxyRenderer.Objects(
            services: services.keys.sorted().compactMap { services[$0] }, slices: slices.keys.sorted().compactMap { slices[$0] },
            ranges: [])
    }

    var node: ProxyNode {
        var node = ProxyNode(name: "node-a", labels: labels, podCIDRs: [IPPrefix("10.244.0.0/24"), IPPrefix("fd00:10:244::/64")].compactMap { $0 })
        node.primaryIPv4 = IPAddress(Self.nodeIPv4)
        node.primaryIPv6 = IPAddress(Self.nodeIPv6)
        node.localAddresses = ["127.0.0.1", "::1", Self.nodeIPv4, Self.nodeIPv6, "10.244.0.1", "fd00:10:244::1"].compactMap { IPAddress($0) }
        return node
    }

    /// Settings of the proxy, of every kind that rules show.
    static func configuration(_ draw: Draw) -> ProxyConfiguration {
        var result = ProxyConfiguration()
        result.iptables.masqueradeAll = draw.oneIn(6)
        result.nftables.masqueradeAll = result.iptables.masqueradeAll
        result.iptables.masqueradeBit = draw.oneIn(5) ? draw.below(32) : nil
        result.nftables.masqueradeBit = result.iptables.masqueradeBit
        result.iptables.localhostNodePorts = draw.oneIn(4) ? draw.oneIn(2) : nil
        result.conntrack.tcpBeLiberal = draw.oneIn(6)
        switch draw.below(6) {
        case 0: result.detectLocalMode = "NodeCIDR"
        case 1: result.detectLocalMode = "ClusterCIDR"
        case 2:
            result.detectLocalMode = "BridgeInterface"
            result.detectLocal.bridgeInterface = "eth1"
        case 3:
            result.detectLocalMode = "InterfaceNamePrefix"
            result.detectLocal.interfaceNamePrefix = draw.pick(["eth1", "et"])
        default: result.clusterCIDR = draw.pick(["10.244.0.0/16,fd00:10:244::/48", "10.244.0.0/16", "fd00:10:244::/48"])
        }
        switch draw.below(8) {
        case 0: result.nodePortAddresses = ["primary"]
        case 1: result.nodePortAddresses = ["192.168.50.0/24", "fd00:192:168:50::/64"]
        case 2: result.nodePortAddresses = ["10.244.0.0/24", "127.0.0.0/8"]
        case 3: result.nodePortAddresses = ["fd00:10:244::/64", "::1/128", "192.168.0.0/16", "192.168.50.0/24"]
        case 4: result.nodePortAddresses = ["0.0.0.0/0", "192.168.50.0/24", "::/0"]
        default: break
        }
        result.ipvs.scheduler = draw.pick(["", "rr", "mh", "wlc"])
        return result
    }

    // MARK: Services

    private mutating func addService() {
        count += 1
        var service = Service()
        service.metadata = Kubernetes.ObjectMeta(name: "s\(count)", namespace: draw.pick(["default", "shop"]))
        service.spec.clusterIP = "10.96.0.\(count + 9)"
        service.spec.clusterIPs = draw.pick([
            ["10.96.0.\(count + 9)", "fd00:10:96::\(count + 9)"], ["10.96.0.\(count + 9)", "fd00:10:96::\(count + 9)"],
            ["10.96.0.\(count + 9)"], ["fd00:10:96::\(count + 9)"], ["fd00:10:96::\(count + 9)", "10.96.0.\(count + 9)"],
        ])
        service.spec.clusterIP = service.spec.clusterIPs[0]
        service.spec.ipFamilies = service.spec.clusterIPs.map { $0.contains(":") ? .ipv6 : .ipv4 }
        change(&service)
        services[service.key] = service
        for index in 0..<draw.pick([0, 1, 1, 2, 2, 3]) { put(slice(of: service, index + draw.below(2))) }
    }

    /// Type, ports and policies anew.
    private func change(_ service: inout Service) {
        let type = draw.below(8)
        service.spec.type = [.clusterIP, .clusterIP, .nodePort, .nodePort, .loadBalancer, .loadBalancer, .loadBalancer, .externalName][type]
        let isOutside = type >= 2 && type < 7
        service.spec.ports = ports(hasNodePorts: isOutside && !draw.oneIn(6))
        service.spec.internalTrafficPolicy = draw.oneIn(4) ? .local : .cluster
        let number = draw.between(1...4)
        service.spec.externalIPs = draw.oneIn(2) ? [] : draw.shuffled(["203.0.113.\(number)", "2001:db8:f::\(number)", "203.0.113.9"])
        service.spec.externalTrafficPolicy = isOutside || !service.spec.externalIPs.isEmpty ? (draw.oneIn(2) ? .local : .cluster) : ""
        service.spec.sessionAffinity = draw.oneIn(4) ? .clientIP : .none
        if draw.oneIn(2) {
            service.spec.sessionAffinityConfig = Kubernetes.SessionAffinityConfig()
            service.spec.sessionAffinityConfig?.clientIP?.timeoutSeconds = draw.pick([60, 600, 86400])
        }
        service.metadata.labels = draw.oneIn(14) ? [draw.pick(["service.kubernetes.io/service-proxy-name", "service.kubernetes.io/headless"]): "x"] : [:]
        service.status.loadBalancer.ingress = []
        service.spec.loadBalancerSourceRanges = []
        service.spec.healthCheckNodePort = 0
        guard service.spec.type == .loadBalancer else { return }
        for address in draw.shuffled(["203.0.113.\(number + 20)", "2001:db8:f::2\(number)", "203.0.113.\(number + 30)"]).prefix(draw.below(4)) {
            var ingress = Kubernetes.LoadBalancerIngress()
            ingress.ip = address
            ingress.ipMode = draw.pick([nil, "VIP", "VIP", "Proxy"])
            service.status.loadBalancer.ingress.append(ingress)
        }
        if service.spec.externalTrafficPolicy == .local { service.spec.healthCheckNodePort = 31000 + count }
        if draw.oneIn(2) {
            service.spec.loadBalancerSourceRanges = Array(
                draw.shuffled([
                    "198.51.100.0/24", " 192.168.50.0/24", "2001:db8:a::/48", "fd00:192:168:50::/64", "10.244.0.0/16", "0.0.0.0/0", "::/0",
                    "198.51.100.7/32",
                ]).prefix(draw.between(1...3)))
        }
    }

    private func ports(hasNodePorts: Bool) -> [Kubernetes.ServicePort] {
        let kinds = draw.shuffled([("", "TCP", 80), ("web", "TCP", 80), ("dns", "UDP", 53), ("dns-tcp", "TCP", 53), ("sig", "SCTP", 80), ("alt", "UDP", 80)])
        let number = draw.pick([1, 1, 1, 2, 3])
        let chosen = number == 1 ? kinds.prefix(1) : kinds.filter { !$0.0.isEmpty }.prefix(number)
        return chosen.enumerated().map { index, kind in
            var port = Kubernetes.ServicePort()
            (port.name, port.protocol, port.port) = (kind.0, .init(rawValue: kind.1), kind.2 + (kind.0 == "web" ? 1 : 0))
            // One number for several protocols.
            if hasNodePorts, !draw.oneIn(6) { port.nodePort = 30000 + count * 10 + (kind.1 == "TCP" ? index : 0) }
            return port
        }
    }

    // MARK: Slices

    private mutating func put(_ slice: Slice) { slices[slice.key] = slice }

    private func slice(of service: Service, _ index: Int) -> Slice {
        var slice = Slice()
        slice.metadata = Kubernetes.ObjectMeta(name: "\(service.metadata.name)-\(index)", namespace: service.metadata.namespace)
        slice.metadata.labels = ["kubernetes.io/service-name": service.metadata.name]
        if draw.oneIn(20) { slice.metadata.labels["service.kubernetes.io/headless"] = "" }
        // A slice keeps its type as long as it lives.
        let isIPv6 = index & 1 == 1
        slice.addressType = index == 4 ? "FQDN" : isIPv6 ? "IPv6" : "IPv4"
        let target = draw.pick([8080, 8080, 8081])
        slice.ports = service.spec.ports.filter { _ in !draw.oneIn(8) }.map { port in
            var result = Kubernetes.EndpointPort()
            (result.name, result.protocol) = (port.name, port.protocol)
            result.port = draw.oneIn(30) ? draw.pick([nil, 0]) : target
            return result
        }
        let hints = draw.below(5)
        slice.endpoints = (0..<draw.pick([0, 1, 1, 2, 3, 5])).map { _ in endpoint(isIPv6, hints) }
        return slice
    }

    private func endpoint(_ isIPv6: Bool, _ hints: Int) -> Kubernetes.Endpoint {
        var endpoint = Kubernetes.Endpoint()
        let node = draw.pick([0, 0, 1, 2])
        let host = draw.between(5...9)
        let four = node == 0 && draw.oneIn(6) ? Self.nodeIPv4 : "10.244.\(node).\(host)"
        let six = node == 0 && draw.oneIn(6) ? Self.nodeIPv6 : "fd00:10:244:\(node)::\(host)".replacing(":0::", with: "::")
        endpoint.addresses = [isIPv6 != draw.oneIn(20) ? six : four]
        endpoint.nodeName = draw.oneIn(12) ? nil : ["node-a", "node-b", "node-c"][node]
        switch draw.below(8) {
        case 0: (endpoint.conditions.ready, endpoint.conditions.serving, endpoint.conditions.terminating) = (false, true, true)
        case 1: (endpoint.conditions.ready, endpoint.conditions.serving) = (false, false)
        // Published though it is not ready, and ending at that.
        case 2: (endpoint.conditions.ready, endpoint.conditions.serving, endpoint.conditions.terminating) = (true, draw.oneIn(2), draw.oneIn(2))
        case 3: endpoint.conditions.ready = true
        default: break
        }
        if hints > 1, !draw.oneIn(8) {
            endpoint.hints = Kubernetes.EndpointHints()
            if hints != 2 { endpoint.hints?.forZones = [.init(draw.pick(["zone-1", "zone-2"]))] }
            if hints != 3 { endpoint.hints?.forNodes = [.init(draw.pick(["node-a", "node-b"]))] }
        }
        return endpoint
    }

    // MARK: Edits

    enum Edit {
        case service(ObjectKey, Service?)
        case slice(ObjectKey, Slice?, owner: ObjectKey)
        case labels([String: String])
    }

    /// Makes one change and says which.
    mutating func edit() -> [Edit] {
        let keys = services.keys.sorted()
        let slice = slices.isEmpty ? nil : draw.pick(slices.keys.sorted())
        switch draw.below(12) {
        case 0:
            let before = Set(slices.keys)
            addService()
            let new = services.keys.filter { !keys.contains($0) }
            return new.map { .service($0, services[$0]) } + slices.keys.filter { !before.contains($0) }.sorted().map(told)
        case 1 where !keys.isEmpty:
            let key = draw.pick(keys)
            services[key] = nil
            return [.service(key, nil)]
        case 2, 3, 4:
            guard let key = keys.isEmpty ? nil : draw.pick(keys), var service = services[key] else { return [] }
            change(&service)
            services[key] = service
            return [.service(key, service)]
        case 5 where draw.oneIn(3):
            labels["topology.kubernetes.io/zone"] = draw.pick(["zone-1", "zone-2", nil])
            return [.labels(labels)]
        case 6:
            guard let slice, let old = slices.removeValue(forKey: slice) else { return [] }
            return [.slice(slice, nil, owner: owner(of: old))]
        case 7, 8:
            guard let key = keys.isEmpty ? nil : draw.pick(keys), let service = services[key] else { return [] }
            let new = self.slice(of: service, draw.below(5))
            put(new)
            return [told(new.key)]
        default:
            guard let slice, var changed = slices[slice] else { return [] }
            if changed.endpoints.isEmpty || draw.oneIn(2) {
                changed.endpoints.append(endpoint(changed.addressType == "IPv6", draw.below(5)))
            } else if draw.oneIn(2) {
                changed.endpoints.removeLast()
            } else {
                changed.endpoints[draw.below(changed.endpoints.count)] = endpoint(changed.addressType == "IPv6", draw.below(5))
            }
            put(changed)
            return [told(slice)]
        }
    }

    private func owner(of slice: Slice) -> ObjectKey { ObjectKey(namespace: slice.metadata.namespace, name: slice.serviceName ?? "") }
    private func told(_ key: ObjectKey) -> Edit { .slice(key, slices[key], owner: slices[key].map(owner) ?? key) }
}

extension KubeProxy {
    mutating func apply(_ edit: DrawnServices.Edit) {
        switch edit {
        case .service(let key, let service): if let service { apply(service) } else { deleteService(key) }
        case .slice(let key, let slice, let owner): if let slice { apply(slice) } else { deleteSlice(key.name, of: owner) }
        case .labels(let labels): apply(labels: labels)
        }
    }
}
