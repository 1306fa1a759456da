import HawseModel
import HawseWire

extension ServicePort {
    /// The annotation that picks an IPVS scheduler for one Service; kube-proxy knows only one for all.
    public static let schedulerAnnotation = "hawse.dev/ipvs-scheduler"

    /// The ports that kube-proxy handles for this Service in one family; none for headless and ExternalName ones.
    public static func ports(of service: Kubernetes.Service, family: AddressFamily) -> [ServicePort] {
        let spec = service.spec
        guard isProxied(service), let clusterIP = clusterIP(of: spec, family: family) else { return [] }
        var common = ServicePort(
            name: ServicePortName(namespace: service.metadata.namespace, service: service.metadata.name),
            clusterIP: clusterIP, port: 0)
        if spec.sessionAffinity == .clientIP {
            let seconds = spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? 10_800
            common.affinitySeconds = UInt32(clamping: seconds)
        }
        common.isInternalPolicyLocal = spec.internalTrafficPolicy == .local
        common.externalIPs = spec.externalIPs.compactMap { address($0, family: family) }
        common.isExternalPolicyLocal = isExternalPolicyLocal(spec)
        common.loadBalancerVIPs = service.status.loadBalancer.ingress.compactMap { ingress in
            ingress.ipMode == "Proxy" ? nil : address(ingress.ip, family: family)
        }
        common.sourceRanges = sourceRanges(spec.loadBalancerSourceRanges, family: family)
        if spec.type == .loadBalancer, spec.externalTrafficPolicy == .local {
            common.healthCheckNodePort = UInt16(exactly: spec.healthCheckNodePort) ?? 0
        }
        common.scheduler = service.metadata.annotations[schedulerAnnotation]
            .flatMap(VirtualService.Scheduler.init(rawValue:))
        return spec.ports.compactMap { port in
            guard let ipProtocol = IPProtocol(transport: port.protocol), let number = UInt16(exactly: port.port)
            else { return nil }
            var result = common
            result.name.port = port.name
            result.name.ipProtocol = ipProtocol
            result.port = number
            result.nodePort = UInt16(exactly: port.nodePort) ?? 0
            return result
        }
    }

    /// kube-proxy's watch leaves out Services labelled for another proxy or as headless.
    private static func isProxied(_ service: Kubernetes.Service) -> Bool {
        let labels = service.metadata.labels
        return service.spec.type != .externalName
            && !service.spec.clusterIP.isEmpty && service.spec.clusterIP != "None"
            && labels["service.kubernetes.io/service-proxy-name"] == nil
            && labels["service.kubernetes.io/headless"] == nil
    }

    private static func clusterIP(of spec: Kubernetes.ServiceSpec, family: AddressFamily) -> IPAddress? {
        if spec.ipFamilies.isEmpty { return address(spec.clusterIP, family: family) }
        let wanted: Kubernetes.IPFamily = family == .ipv4 ? .ipv4 : .ipv6
        for (index, candidate) in spec.ipFamilies.enumerated() where candidate == wanted {
            if index < spec.clusterIPs.count { return address(spec.clusterIPs[index], family: family) }
            if index == 0 { return address(spec.clusterIP, family: family) }
        }
        return nil
    }

    private static func isExternalPolicyLocal(_ spec: Kubernetes.ServiceSpec) -> Bool {
        guard spec.externalTrafficPolicy == .local else { return false }
        return spec.type == .nodePort || spec.type == .loadBalancer || !spec.externalIPs.isEmpty
    }

    private static func address(_ text: String, family: AddressFamily) -> IPAddress? {
        guard let address = IPAddress(text), address.family == family else { return nil }
        return address
    }

    /// Ranges of the family; a range over everything makes the list say nothing.
    private static func sourceRanges(_ texts: [String], family: AddressFamily) -> [IPPrefix] {
        var ranges: [IPPrefix] = []
        for text in texts {
            let trimmed = text.drop { $0 == " " }
            let end = trimmed.lastIndex { $0 != " " }.map { trimmed.index(after: $0) } ?? trimmed.endIndex
            guard let range = IPPrefix(trimmed[..<end]), range.family == family else { continue }
            if range.length == 0 { return [] }
            ranges.append(range.network)
        }
        return ranges
    }
}
