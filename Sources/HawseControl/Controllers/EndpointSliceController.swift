import OrderedCollections

extension ClusterState {
    static let sliceManager = "endpointslice-controller.k8s.io"
    static let mirrorManager = "endpointslicemirroring-controller.k8s.io"
    static let managedBy = "endpointslice.kubernetes.io/managed-by"

    /// The slices of a Service with a selector (`endpointslice.Reconciler.Reconcile`).
    mutating func syncEndpointSlices(_ key: ObjectKey) {
        guard let service = store.services[key], !service.metadata.isTerminating else {
            sliceTriggers.forget(key)
            for slice in store.slices(of: key) where slice.metadata.labels[Self.managedBy] == Self.sliceManager {
                removeSlice(slice.key)
            }
            return
        }
        guard !service.spec.selector.isEmpty, service.spec.type != .externalName, !recordedServices.contains(key) else {
            return
        }
        let existing = store.slices(of: key).filter { $0.metadata.labels[Self.managedBy] == Self.sliceManager }
        let wanted = service.spec.ipFamilies.isEmpty ? [families[0]] : service.spec.ipFamilies
        let matching = store.pods(in: key.namespace, matching: service.spec.selector)
        let trigger = sliceTriggers.trigger(service, matching)?.text
        let pods = matching.filter { ServiceEndpoints.includes($0, terminating: true) }
        let labels = service.metadata.labels.filter { !ServiceEndpoints.isReserved($0.key) }
        var plan = SlicePlan(limit: configuration.maxEndpointsPerSlice, labels: labels)
        for family in wanted {
            let desired = desiredEndpoints(service, pods, family)
            plan.reconcile(existing.filter { $0.addressType == family.rawValue }, desired, addressType: family.rawValue)
        }
        plan.delete += existing.filter { slice in !wanted.contains { $0.rawValue == slice.addressType } }
        plan.reuseDeleted()
        addHints(service, &plan)
        carryOut(plan, for: service, trigger: trigger)
    }

    private mutating func removeSlice(_ key: ObjectKey) {
        sliceOwners[key] = nil
        store.remove(Kubernetes.EndpointSlice.self, key)
    }

    /// Endpoints grouped by the ports that resolve on their pods.
    private func desiredEndpoints(
        _ service: Kubernetes.Service, _ pods: [Kubernetes.Pod], _ family: Kubernetes.IPFamily
    ) -> OrderedDictionary<[Kubernetes.EndpointPort], [Kubernetes.Endpoint]> {
        var groups: OrderedDictionary<[Kubernetes.EndpointPort], [Kubernetes.Endpoint]> = [:]
        for pod in pods {
            guard let address = ServiceEndpoints.address(of: pod, family) else { continue }
            // A pod on a node that is gone is no endpoint any more. Manifests without nodes say nothing about them.
            let isPlaced = store.nodes[ObjectKey(name: pod.spec.nodeName)] != nil || store.nodes.all.isEmpty
            guard isPlaced || service.spec.publishNotReadyAddresses else { continue }
            let ports = service.spec.ports.compactMap { port -> Kubernetes.EndpointPort? in
                guard let number = ServiceEndpoints.targetPort(of: port, on: pod) else { return nil }
                var result = Kubernetes.EndpointPort()
                result.name = port.name
                result.port = number
                result.protocol = port.protocol
                result.appProtocol = port.appProtocol
                return result
            }
            groups[SpewText.ordered(ports), default: []].append(endpoint(of: pod, address: address, in: service))
        }
        return groups
    }

    private func endpoint(
        of pod: Kubernetes.Pod, address: String, in service: Kubernetes.Service
    ) -> Kubernetes.Endpoint {
        var endpoint = Kubernetes.Endpoint()
        endpoint.addresses = [address]
        let serving = pod.isReady
        let terminating = pod.metadata.isTerminating
        endpoint.conditions.ready = service.spec.publishNotReadyAddresses || serving && !terminating
        endpoint.conditions.serving = serving
        endpoint.conditions.terminating = terminating
        endpoint.hostname = ServiceEndpoints.hostname(of: pod, in: service)
        endpoint.targetRef = ServiceEndpoints.targetReference(of: pod)
        if !pod.spec.nodeName.isEmpty {
            endpoint.nodeName = pod.spec.nodeName
            let zone = store.nodes[ObjectKey(name: pod.spec.nodeName)]?.zone
            endpoint.zone = zone?.isEmpty == true ? nil : zone
        }
        return endpoint
    }

    private func addHints(_ service: Kubernetes.Service, _ plan: inout SlicePlan) {
        let mode = service.metadata.annotations["service.kubernetes.io/topology-aware-hints"]
            ?? service.metadata.annotations["service.kubernetes.io/topology-mode"]
        if mode == "Auto" || mode == "auto" {
            plan.applyHints(TopologyHints(nodes: Array(store.nodes.all)))
        } else {
            plan.applyHints(DistributionHints(service.spec.trafficDistribution))
        }
    }

    private mutating func carryOut(_ plan: SlicePlan, for service: Kubernetes.Service, trigger: String?) {
        var labels = ServiceEndpoints.labels(of: service)
        labels["kubernetes.io/service-name"] = service.metadata.name
        labels[Self.managedBy] = Self.sliceManager
        for slice in plan.delete { removeSlice(slice.key) }
        for slice in plan.keep {
            guard let old = store.endpointSlices[slice.key] else { continue }
            if old.endpoints == slice.endpoints, old.ports == slice.ports, old.metadata.labels == labels { continue }
            store.update(Kubernetes.EndpointSlice.self, slice.key) {
                $0.endpoints = slice.endpoints
                $0.ports = slice.ports
                $0.metadata.labels = labels
                $0.metadata.generation += 1
                $0.metadata.annotations[ServiceEndpoints.triggerAnnotation] = trigger
            }
            sliceOwners[slice.key] = service.key
        }
        for var slice in plan.create {
            slice.metadata.generateName = "\(service.metadata.name)-"
            slice.metadata.namespace = service.metadata.namespace
            slice.metadata.labels = labels
            slice.metadata.annotations[ServiceEndpoints.triggerAnnotation] = trigger
            slice.metadata.generation = 1
            slice.metadata.ownerReferences = [owner(service)]
            let created = create(slice)
            sliceOwners[created.key] = service.key
        }
    }
}
