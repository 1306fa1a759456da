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
        service.applyDefaults()
        // On an update the old object decides what an address under one of its two names means.
        service.spec.clusterIPs = new.spec.clusterIPs
        try admit(service: &service, old: old)
        store.update(Kubernetes.Service.self, old.key) { $0 = service }
    }

    /// Gives a Service its families, addresses and ports and checks it, or refuses it and takes nothing.
    mutating func admit(service: inout Kubernetes.Service, old: Kubernetes.Service?) throws(StatusError) {
        var taken = TakenByService()
        do throws(StatusError) {
            if let old { ServiceUpdate(old: old).keepAllocated(&service) }
            var errors = ServiceFamilies(families: families).resolve(&service, old: old)
            if !errors.isEmpty { throw StatusError.invalid("Service", service.metadata.name, errors) }
            if let old {
                try allocateUpdate(&service, old: old, &taken)
                ServiceUpdate(old: old).dropUnused(&service)
            } else {
                try allocate(&service, &taken)
            }
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
        _ service: inout Kubernetes.Service, _ taken: inout TakenByService
    ) throws(StatusError) {
        if ServiceDefaults.usesClusterIP(service.spec) { try allocateClusterIPs(&service, &taken) }
        if ServiceDefaults.hasNodePorts(service.spec) { try allocateNodePorts(&service, &taken) }
        if ServiceDefaults.needsHealthCheck(service.spec) { try allocateHealthCheckPort(&service, &taken) }
    }

    /// An update takes only what the old object does not have (`allocateUpdate`): a changed address is left to the
    /// validation, which refuses it.
    private mutating func allocateUpdate(
        _ service: inout Kubernetes.Service, old: Kubernetes.Service, _ taken: inout TakenByService
    ) throws(StatusError) {
        if !ServiceFamilies.keepsPreference(service, old: old), ServiceDefaults.usesClusterIP(service.spec) {
            if old.spec.type == .externalName {
                try allocateClusterIPs(&service, &taken)
            } else if old.spec.clusterIPs.first != "None", old.spec.ipFamilies.count == 1,
                service.spec.ipFamilies.count == 2
            {
                try allocateClusterIPs(&service, from: 1, &taken)
            }
        }
        if ServiceDefaults.hasNodePorts(service.spec) { try updateNodePorts(&service, old: old, &taken) }
        if ServiceDefaults.needsHealthCheck(service.spec), !ServiceDefaults.needsHealthCheck(old.spec) {
            try allocateHealthCheckPort(&service, &taken)
        }
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
        _ service: inout Kubernetes.Service, from first: Int = 0, _ taken: inout TakenByService
    ) throws(StatusError) {
        // An empty text stands for an address still to be chosen.
        while service.spec.clusterIPs.count < service.spec.ipFamilies.count { service.spec.clusterIPs.append("") }
        for (position, family) in service.spec.ipFamilies.enumerated().dropFirst(first) {
            let text = service.spec.clusterIPs[position]
            if let wanted = IPAddress(text) {
                do throws(ClusterIPAllocator.Failure) { try allocate(wanted) } catch {
                    let list = service.spec.clusterIPs.map { FieldError.quoted($0) }.joined(separator: ",")
                    throw StatusError.invalid(
                        "Service", service.metadata.name,
                        [.invalid("spec.clusterIPs", json: "[\(list)]", "failed to allocate IP \(text): \(error)")])
                }
                taken.addresses.append(wanted)
                continue
            }
            do throws(ClusterIPAllocator.Failure) {
                guard let address = try allocateNext(family == .ipv4 ? .ipv4 : .ipv6) else { continue }
                service.spec.clusterIPs[position] = address.description
                taken.addresses.append(address)
            } catch {
                throw StatusError.internalError("failed to allocate a serviceIP: \(error)")
            }
        }
        if first == 0 { service.spec.clusterIP = service.spec.clusterIPs.first ?? "" }
    }

    /// A wanted address comes out of whichever range has it.
    private mutating func allocate(_ address: IPAddress) throws(ClusterIPAllocator.Failure) {
        let ranges = clusterIPs.indices.filter { clusterIPs[$0].contains(address) }
        if ranges.isEmpty { throw .outsideRange }
        // Ranges may overlap.
        for index in ranges { try clusterIPs[index].allocate(address) }
    }

    /// Any address of a family out of any of its ranges, as the real one walks a map of them; nil where the cluster has no
    /// such family.
    private mutating func allocateNext(_ family: AddressFamily) throws(ClusterIPAllocator.Failure) -> IPAddress? {
        var ranges = clusterIPs.indices.filter { clusterIPs[$0].range.family == family }
        if ranges.count > 1 {
            let first = clusterIPs[ranges[0]].choose(among: ranges.count)
            ranges = Array(ranges[first...] + ranges[..<first])
        }
        for index in ranges {
            do throws(ClusterIPAllocator.Failure) {
                let address = try clusterIPs[index].allocateNext()
                for other in ranges where other != index && clusterIPs[other].contains(address) {
                    try clusterIPs[other].allocate(address)
                }
                return address
            } catch {
                if index == ranges.last { throw error }
            }
        }
        return nil
    }

    /// Ranges that a ServiceCIDR brings beside those of the cluster.
    mutating func addRanges(of object: Kubernetes.ServiceCIDR) {
        // Of IPv6 nothing wider than a /64 is allocated from.
        for range in object.spec.cidrs.compactMap({ IPPrefix($0)?.network }) where range.family == .ipv4 || range.length >= 64 {
            let isKnown = clusterIPs.contains { $0.range == range }
            guard !isKnown, clusterIPs.contains(where: { $0.range.family == range.family }) else { continue }
            var allocator = ClusterIPAllocator(range: range, seed: configuration.seed)
            for address in store.ipAddresses.all.compactMap({ IPAddress($0.metadata.name) }) { allocator.keep(address) }
            clusterIPs.append(allocator)
        }
    }

    /// Ranges that no ServiceCIDR has any more.
    mutating func dropRanges(of object: Kubernetes.ServiceCIDR) {
        let kept = store.serviceCIDRs.all.flatMap(\.spec.cidrs).compactMap { IPPrefix($0)?.network }
        let gone = object.spec.cidrs.compactMap { IPPrefix($0)?.network }.filter { !kept.contains($0) }
        // The cluster's first range of a family stays: its families are not for objects to say.
        let first = Set([AddressFamily.ipv4, .ipv6].compactMap { family in clusterIPs.first { $0.range.family == family }?.range })
        clusterIPs.removeAll { gone.contains($0.range) && !first.contains($0.range) }
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
    /// (`initNodePorts`).
    private mutating func allocateNodePorts(
        _ service: inout Kubernetes.Service, _ taken: inout TakenByService
    ) throws(StatusError) {
        let mayChoose = ServiceDefaults.wantsNodePorts(service.spec)
        var byPort: [Int: Int] = [:]
        for index in service.spec.ports.indices {
            let port = service.spec.ports[index]
            if port.nodePort == 0, !mayChoose { continue }
            if let known = byPort[port.port] {
                if port.nodePort == 0 {
                    service.spec.ports[index].nodePort = known
                } else if port.nodePort != known {
                    try allocate(nodePort: port.nodePort, at: index, of: service, &taken)
                }
                continue
            }
            let requested = service.spec.ports.first { $0.port == port.port && $0.nodePort != 0 }?.nodePort ?? 0
            if requested != 0 {
                try allocate(nodePort: requested, at: index, of: service, &taken)
                service.spec.ports[index].nodePort = requested
            } else {
                service.spec.ports[index].nodePort = try chooseNodePort(&taken)
            }
            byPort[port.port] = service.spec.ports[index].nodePort
        }
    }

    /// On an update each port without one gets a node port of its own (`updateNodePorts`).
    private mutating func updateNodePorts(
        _ service: inout Kubernetes.Service, old: Kubernetes.Service, _ taken: inout TakenByService
    ) throws(StatusError) {
        var held = Set(old.spec.ports.map(\.nodePort))
        let mayChoose = ServiceDefaults.wantsNodePorts(service.spec)
        for index in service.spec.ports.indices {
            let wanted = service.spec.ports[index].nodePort
            if wanted != 0 {
                if held.insert(wanted).inserted { try allocate(nodePort: wanted, at: index, of: service, &taken) }
            } else if mayChoose {
                service.spec.ports[index].nodePort = try chooseNodePort(&taken)
            }
        }
    }

    private mutating func chooseNodePort(_ taken: inout TakenByService) throws(StatusError) -> Int {
        do throws(NodePortAllocator.Failure) {
            let port = try nodePorts.allocateNext()
            taken.ports.append(port)
            return port
        } catch {
            throw StatusError.internalError("failed to allocate a nodePort: \(error.description)")
        }
    }

    private mutating func allocate(
        nodePort: Int, at index: Int, of service: Kubernetes.Service, _ taken: inout TakenByService
    ) throws(StatusError) {
        do throws(NodePortAllocator.Failure) { try nodePorts.allocate(nodePort) } catch {
            throw StatusError.invalid(
                "Service", service.metadata.name,
                [.invalid("spec.ports[\(index)].nodePort", nodePort, error.description)])
        }
        taken.ports.append(nodePort)
    }

    private mutating func allocateHealthCheckPort(
        _ service: inout Kubernetes.Service, _ taken: inout TakenByService
    ) throws(StatusError) {
        let requested = service.spec.healthCheckNodePort
        do throws(NodePortAllocator.Failure) {
            if requested == 0 {
                service.spec.healthCheckNodePort = try nodePorts.allocateNext()
                taken.ports.append(service.spec.healthCheckNodePort)
            } else {
                try nodePorts.allocate(requested)
                taken.ports.append(requested)
            }
        } catch {
            let what = requested == 0 ? "a HealthCheck NodePort 0" : "requested HealthCheck NodePort \(requested)"
            throw StatusError.internalError("failed to allocate \(what): \(error.description)")
        }
    }
}
