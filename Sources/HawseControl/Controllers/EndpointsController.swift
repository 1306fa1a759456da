extension ClusterState {
    /// The legacy Endpoints object of a Service with a selector.
    mutating func syncEndpoints(_ key: ObjectKey) {
        guard let service = store.services[key] else {
            endpointsTriggers.forget(key)
            if store.endpoints[key] != nil { store.remove(Kubernetes.Endpoints.self, key) }
            return
        }
        guard !service.spec.selector.isEmpty, service.spec.type != .externalName, !recordedServices.contains(key) else {
            return
        }
        var labels = service.metadata.labels
        labels["service.kubernetes.io/headless"] = ServiceEndpoints.isHeadless(service) ? "" : nil
        labels["endpoints.kubernetes.io/managed-by"] = "endpoint-controller"
        var subsets = LegacySubsets()
        let pods = store.pods(in: key.namespace, matching: service.spec.selector)
        for pod in pods where ServiceEndpoints.includes(pod, terminating: service.spec.publishNotReadyAddresses) {
            add(pod, of: service, to: &subsets)
        }
        let (result, isTruncated) = subsets.packed()
        let trigger = endpointsTriggers.trigger(service, pods)?.text
        if let old = store.endpoints[key] {
            let isOver = old.metadata.annotations[LegacySubsets.overCapacity] != nil
            if old.subsets == result, old.metadata.labels == labels, isOver == isTruncated { return }
            store.update(Kubernetes.Endpoints.self, key) {
                $0.subsets = result
                $0.metadata.labels = labels
                $0.metadata.annotations[ServiceEndpoints.triggerAnnotation] = trigger
                $0.metadata.annotations[LegacySubsets.overCapacity] = isTruncated ? "truncated" : nil
            }
            return
        }
        var object = Kubernetes.Endpoints()
        object.metadata.name = key.name
        object.metadata.namespace = key.namespace
        object.metadata.labels = labels
        object.metadata.annotations[ServiceEndpoints.triggerAnnotation] = trigger
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
