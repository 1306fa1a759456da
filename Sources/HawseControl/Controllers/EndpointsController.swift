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
        let sorted = order.compactMap { entries[$0] }.sorted {
            $0.address.ip.utf8.lexicographicallyPrecedes($1.address.ip.utf8)
        }
        let ready = sorted.filter(\.isReady)
        let notReady = sorted.filter { !$0.isReady }
        let kept = ready.prefix(Self.maximum) + notReady.prefix(max(0, Self.maximum - ready.count))
        // Every port with the addresses that have it; ports with the same addresses are one subset.
        var members: [Kubernetes.LegacyEndpointPort?: [Int]] = [:]
        for (index, entry) in kept.enumerated() {
            if entry.ports.isEmpty { members[nil, default: []].append(index) }
            for port in entry.ports { members[port, default: []].append(index) }
        }
        var grouped: [[Int]: [Kubernetes.LegacyEndpointPort]] = [:]
        for (port, indices) in members { grouped[indices, default: []] += port.map { [$0] } ?? [] }
        let subsets = grouped.map { indices, ports -> Kubernetes.EndpointSubset in
            var subset = Kubernetes.EndpointSubset()
            subset.ports = ports.sorted { Self.order($0) < Self.order($1) }
            let chosen = indices.map { kept[$0] }
            subset.addresses = chosen.filter(\.isReady).map(\.address)
            subset.notReadyAddresses = chosen.filter { !$0.isReady }.map(\.address)
            return subset
        }
        return (subsets.sorted(by: Self.precedes), sorted.count > Self.maximum)
    }

    private static func order(_ port: Kubernetes.LegacyEndpointPort) -> (String, Int, String) {
        (port.name, port.port, port.protocol.rawValue)
    }

    private static func precedes(_ a: Kubernetes.EndpointSubset, _ b: Kubernetes.EndpointSubset) -> Bool {
        guard let x = a.ports.first, let y = b.ports.first else { return a.ports.count < b.ports.count }
        return order(x) < order(y)
    }
}
