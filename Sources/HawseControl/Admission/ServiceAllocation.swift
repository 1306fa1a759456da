import HawseWire

extension ClusterState {
    /// What an admission took so far, to be given back when it fails.
    struct TakenByService {
        var addresses: [IPAddress] = []
        var ports: [Int] = []
    }

    /// Creates a Service. The registry allocates before it validates (`BeginCreate` runs before `BeforeCreate`), so
    /// an address that is taken is reported before anything else is looked at.
    mutating func createService(_ service: Kubernetes.Service) throws(StatusError) {
        var service = service
        try admit(service: &service, old: nil)
        store.insert(service)
    }

    mutating func replaceService(_ old: Kubernetes.Service, with new: Kubernetes.Service) throws(StatusError) {
        var service = new
        try admit(service: &service, old: old)
        store.update(Kubernetes.Service.self, old.key) { $0 = service }
    }

    /// Gives a Service its families, addresses and ports and checks it, or refuses it and takes nothing.
    mutating func admit(service: inout Kubernetes.Service, old: Kubernetes.Service?) throws(StatusError) {
        var taken = TakenByService()
        do throws(StatusError) {
            if let old { Self.keepAllocated(&service, from: old) }
            var errors = ServiceFamilies(families: families).resolve(&service, old: old)
            if !errors.isEmpty { throw StatusError.invalid("Service", service.metadata.name, errors) }
            try allocate(&service, old: old, &taken)
            errors = Validation.check(service, old: old)
            if !errors.isEmpty { throw StatusError.invalid("Service", service.metadata.name, errors) }
        } catch {
            for address in taken.addresses { release(clusterIP: address.description) }
            for port in taken.ports { nodePorts.release(port) }
            throw error
        }
        if let old { releaseUnused(old: old, new: service) }
        for address in taken.addresses { record(clusterIP: address, of: service) }
    }

    private mutating func allocate(
        _ service: inout Kubernetes.Service, old: Kubernetes.Service?, _ taken: inout TakenByService
    ) throws(StatusError) {
        if ServiceDefaults.usesClusterIP(service.spec) { try allocateClusterIPs(&service, old: old, &taken) }
        if service.spec.type == .nodePort || service.spec.type == .loadBalancer {
            try allocateNodePorts(&service, old: old, &taken)
        }
        if ServiceDefaults.needsHealthCheck(service.spec) {
            try allocateHealthCheckPort(&service, old: old, &taken)
        }
    }

    /// `patchAllocatedValues`: what an update leaves out of the allocated values stays as it was.
    private static func keepAllocated(_ service: inout Kubernetes.Service, from old: Kubernetes.Service) {
        if ServiceDefaults.usesClusterIP(old.spec), service.spec.type != .externalName {
            if service.spec.clusterIP.isEmpty, service.spec.clusterIPs.isEmpty {
                service.spec.clusterIP = old.spec.clusterIP
                service.spec.clusterIPs = old.spec.clusterIPs
            }
        }
        let hasNodePorts = { (spec: Kubernetes.ServiceSpec) in spec.type == .nodePort || spec.type == .loadBalancer }
        if hasNodePorts(old.spec), hasNodePorts(service.spec) {
            var used = Set(service.spec.ports.map { PortIdentity(port: $0.nodePort, protocol: $0.protocol) })
            for index in service.spec.ports.indices where service.spec.ports[index].nodePort == 0 {
                let port = service.spec.ports[index]
                guard
                    let match = old.spec.ports.first(where: {
                        $0.port == port.port && $0.protocol == port.protocol && $0.nodePort != 0
                    })
                else { continue }
                if used.insert(PortIdentity(port: match.nodePort, protocol: match.protocol)).inserted {
                    service.spec.ports[index].nodePort = match.nodePort
                }
            }
        }
        if ServiceDefaults.needsHealthCheck(old.spec), ServiceDefaults.needsHealthCheck(service.spec),
            service.spec.healthCheckNodePort == 0
        {
            service.spec.healthCheckNodePort = old.spec.healthCheckNodePort
        }
    }

    private struct PortIdentity: Hashable {
        var port: Int
        var `protocol`: Kubernetes.TransportProtocol
    }

    /// Gives back what the new form of a Service has no use for.
    private mutating func releaseUnused(old: Kubernetes.Service, new: Kubernetes.Service) {
        let kept = Set(new.spec.clusterIPs)
        if ServiceDefaults.usesClusterIP(old.spec) {
            for address in old.spec.clusterIPs where !kept.contains(address) || !ServiceDefaults.usesClusterIP(new.spec) {
                release(clusterIP: address)
            }
        }
        let newPorts = Set(new.spec.ports.map(\.nodePort))
        for port in Set(old.spec.ports.map(\.nodePort)) where port != 0 && !newPorts.contains(port) {
            nodePorts.release(port)
        }
        if old.spec.healthCheckNodePort != 0, new.spec.healthCheckNodePort != old.spec.healthCheckNodePort {
            nodePorts.release(old.spec.healthCheckNodePort)
        }
    }

    /// Everything a deleted Service held.
    mutating func releaseAll(of service: Kubernetes.Service) {
        for address in service.spec.clusterIPs where address != "None" { release(clusterIP: address) }
        for port in Set(service.spec.ports.map(\.nodePort)) where port != 0 { nodePorts.release(port) }
        if service.spec.healthCheckNodePort != 0 { nodePorts.release(service.spec.healthCheckNodePort) }
    }

    private mutating func release(clusterIP text: String) {
        guard let address = IPAddress(text) else { return }
        for index in clusterIPs.indices where clusterIPs[index].range.family == address.family {
            clusterIPs[index].release(address)
        }
        store.remove(Kubernetes.IPAddress.self, ObjectKey(name: address.description))
    }

    private mutating func allocateClusterIPs(
        _ service: inout Kubernetes.Service, old: Kubernetes.Service?, _ taken: inout TakenByService
    ) throws(StatusError) {
        let held = Set(old.map { ServiceDefaults.usesClusterIP($0.spec) ? $0.spec.clusterIPs : [] } ?? [])
        for (position, family) in service.spec.ipFamilies.enumerated() {
            guard let index = clusterIPs.firstIndex(where: { ($0.range.family == .ipv4) == (family == .ipv4) }) else {
                continue
            }
            if position < service.spec.clusterIPs.count, let wanted = IPAddress(service.spec.clusterIPs[position]) {
                if held.contains(service.spec.clusterIPs[position]) { continue }
                do throws(ClusterIPAllocator.Failure) { try clusterIPs[index].allocate(wanted) } catch {
                    let list = FieldError.quoted(wanted.description)
                    throw StatusError.invalid(
                        "Service", service.metadata.name,
                        [.invalid("spec.clusterIPs", json: "[\(list)]", "failed to allocate IP \(wanted): \(error)")])
                }
                taken.addresses.append(wanted)
                continue
            }
            do throws(ClusterIPAllocator.Failure) {
                let address = try clusterIPs[index].allocateNext()
                service.spec.clusterIPs.append(address.description)
                taken.addresses.append(address)
            } catch {
                throw StatusError.internalError("failed to allocate a serviceIP: \(error)")
            }
        }
        service.spec.clusterIP = service.spec.clusterIPs.first ?? ""
    }

    private mutating func record(clusterIP address: IPAddress, of service: Kubernetes.Service) {
        var object = Kubernetes.IPAddress()
        object.metadata.name = address.description
        object.metadata.labels = [
            "ipaddress.kubernetes.io/ip-family": address.family == .ipv4 ? "IPv4" : "IPv6",
            "ipaddress.kubernetes.io/managed-by": "ipallocator.k8s.io",
        ]
        var parent = Kubernetes.ParentReference()
        parent.resource = "services"
        parent.namespace = service.metadata.namespace
        parent.name = service.metadata.name
        object.spec.parentRef = parent
        if store.ipAddresses[object.key] == nil { create(object) }
    }

    /// Ports of one Service that have the same number under different protocols share a node port
    /// (`Allocators.initNodePorts`).
    private mutating func allocateNodePorts(
        _ service: inout Kubernetes.Service, old: Kubernetes.Service?, _ taken: inout TakenByService
    ) throws(StatusError) {
        let held = Set(old?.spec.ports.map(\.nodePort) ?? [])
        let mayChoose = ServiceDefaults.wantsNodePorts(service.spec)
        var byPort: [Int: Int] = [:]
        for index in service.spec.ports.indices {
            let port = service.spec.ports[index]
            if let known = byPort[port.port], port.nodePort == 0 || port.nodePort == known {
                service.spec.ports[index].nodePort = known
                continue
            }
            let requested =
                port.nodePort != 0
                ? port.nodePort : service.spec.ports.first { $0.port == port.port && $0.nodePort != 0 }?.nodePort ?? 0
            if requested != 0 {
                if !held.contains(requested) {
                    try allocate(nodePort: requested, at: index, of: service)
                    taken.ports.append(requested)
                }
                service.spec.ports[index].nodePort = requested
            } else if mayChoose {
                do throws(NodePortAllocator.Failure) {
                    service.spec.ports[index].nodePort = try nodePorts.allocateNext()
                    taken.ports.append(service.spec.ports[index].nodePort)
                } catch {
                    throw StatusError.internalError("failed to allocate a nodePort: \(error.description)")
                }
            }
            if service.spec.ports[index].nodePort != 0 { byPort[port.port] = service.spec.ports[index].nodePort }
        }
    }

    private mutating func allocate(
        nodePort: Int, at index: Int, of service: Kubernetes.Service
    ) throws(StatusError) {
        do throws(NodePortAllocator.Failure) { try nodePorts.allocate(nodePort) } catch {
            throw StatusError.invalid(
                "Service", service.metadata.name,
                [.invalid("spec.ports[\(index)].nodePort", nodePort, error.description)])
        }
    }

    private mutating func allocateHealthCheckPort(
        _ service: inout Kubernetes.Service, old: Kubernetes.Service?, _ taken: inout TakenByService
    ) throws(StatusError) {
        let requested = service.spec.healthCheckNodePort
        do throws(NodePortAllocator.Failure) {
            if requested == 0 {
                service.spec.healthCheckNodePort = try nodePorts.allocateNext()
                taken.ports.append(service.spec.healthCheckNodePort)
            } else if requested != old?.spec.healthCheckNodePort {
                try nodePorts.allocate(requested)
                taken.ports.append(requested)
            }
        } catch {
            let what =
                requested == 0
                ? "failed to allocate a HealthCheck NodePort: \(error.description)"
                : "failed to allocate requested HealthCheck NodePort \(requested): \(error.description)"
            throw StatusError.internalError(what)
        }
    }
}
