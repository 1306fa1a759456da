extension ClusterState {
    /// The legacy Endpoints object of a Service with a selector.
    mutating func syncEndpoints(_ key: ObjectKey) {
        guard let service = store.services[key] else {
            if store.endpoints[key] != nil { store.remove(Kubernetes.Endpoints.self, key) }
            return
        }
        guard !service.spec.selector.isEmpty, service.spec.type != .externalName, !recordedServices.contains(key) else {
            return
        }
        var labels = ServiceEndpoints.labels(of: service)
        labels["endpoints.kubernetes.io/managed-by"] = "endpoint-controller"
        var subsets = LegacySubsets()
        let pods = store.pods(in: key.namespace, matching: service.spec.selector)
        for pod in pods where ServiceEndpoints.includes(pod, terminating: service.spec.publishNotReadyAddresses) {
            add(pod, of: service, to: &subsets)
        }
        let (result, isTruncated) = subsets.packed()
        let trigger = now.text
        if let old = store.endpoints[key] {
            let isOver = old.metadata.annotations[LegacySubsets.overCapacity] != nil
            if old.subsets == result, old.metadata.labels == labels, isOver == isTruncated { return }
            store.update(Kubernetes.Endpoints.self, key) {
                $0.subsets = result
                $0.metadata.labels = labels
                $0.metadata.annotations[ServiceEndpoints.triggerAnnotation] = result.isEmpty ? nil : trigger
                $0.metadata.annotations[LegacySubsets.overCapacity] = isTruncated ? "truncated" : nil
            }
            return
        }
        var object = Kubernetes.Endpoints()
        object.metadata.name = key.name
        object.metadata.namespace = key.namespace
        object.metadata.labels = labels
        object.metadata.annotations = [ServiceEndpoints.triggerAnnotation: trigger]
        if isTruncated { object.metadata.annotations[LegacySubsets.overCapacity] = "truncated" }
        object.subsets = result
        create(object)
    }

    private func add(_ pod: Kubernetes.Pod, of service: Kubernetes.Service, to subsets: inout LegacySubsets) {
        guard let ip = ServiceEndpoints.address(of: pod, service.spec.ipFamilies.first ?? families[0]) else { return }
        var address = Kubernetes.EndpointAddress()
        address.ip = ip
        address.nodeName = pod.spec.nodeName.isEmpty ? nil : pod.spec.nodeName
        address.targetRef = ServiceEndpoints.targetReference(of: pod)
        address.hostname = ServiceEndpoints.hostname(of: pod, in: service) ?? ""
        let isReady = service.spec.publishNotReadyAddresses || pod.isReady
        if service.spec.ports.isEmpty {
            if ServiceEndpoints.isHeadless(service) { subsets.add(address, port: nil, isReady: isReady) }
            return
        }
        for port in service.spec.ports {
            guard let number = ServiceEndpoints.targetPort(of: port, on: pod) else { continue }
            var endpointPort = Kubernetes.LegacyEndpointPort()
            endpointPort.name = port.name
            endpointPort.port = number
            endpointPort.protocol = port.protocol
            endpointPort.appProtocol = port.appProtocol
            subsets.add(address, port: endpointPort, isReady: isReady)
        }
    }
}

/// Addresses with equal sets of ports share a subset (`endpoints.RepackSubsets`).
struct LegacySubsets {
    static let overCapacity = "endpoints.kubernetes.io/over-capacity"
    /// Endpoints objects stop here.
    static let maximum = 1000

    private struct Entry {
        var address: Kubernetes.EndpointAddress
        var isReady: Bool
        var ports: [Kubernetes.LegacyEndpointPort]
    }

    private var order: [String] = []
    private var entries: [String: Entry] = [:]

    mutating func add(_ address: Kubernetes.EndpointAddress, port: Kubernetes.LegacyEndpointPort?, isReady: Bool) {
        let identity = "\(address.ip) \(address.targetRef?.uid ?? "")"
        if entries[identity] == nil {
            order.append(identity)
            entries[identity] = Entry(address: address, isReady: isReady, ports: [])
        }
        guard let port, entries[identity]?.ports.contains(port) == false else { return }
        entries[identity]?.ports.append(port)
    }

    func packed() -> (subsets: [Kubernetes.EndpointSubset], isTruncated: Bool) {
        var subsets: [Kubernetes.EndpointSubset] = []
        var positions: [[Kubernetes.LegacyEndpointPort]: Int] = [:]
        let sorted = order.compactMap { entries[$0] }.sorted {
            $0.address.ip.utf8.lexicographicallyPrecedes($1.address.ip.utf8)
        }
        let ready = sorted.filter(\.isReady)
        let notReady = sorted.filter { !$0.isReady }
        let kept = ready.prefix(Self.maximum) + notReady.prefix(max(0, Self.maximum - ready.count))
        for entry in kept {
            let ports = entry.ports.sorted {
                ($0.name, $0.port, $0.protocol.rawValue) < ($1.name, $1.port, $1.protocol.rawValue)
            }
            let position = positions[ports] ?? subsets.count
            if position == subsets.count {
                positions[ports] = position
                subsets.append(Kubernetes.EndpointSubset())
                subsets[position].ports = ports
            }
            if entry.isReady {
                subsets[position].addresses.append(entry.address)
            } else {
                subsets[position].notReadyAddresses.append(entry.address)
            }
        }
        return (subsets, sorted.count > Self.maximum)
    }
}
