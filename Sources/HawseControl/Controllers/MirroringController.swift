extension ClusterState {
    /// Copies an Endpoints object that somebody wrote for a Service without selector into slices.
    mutating func syncMirroring(_ key: ObjectKey) {
        let mirrored = store.slices(of: key).filter { $0.metadata.labels[Self.managedBy] == Self.mirrorManager }
        guard let endpoints = store.endpoints[key], let service = store.services[key], service.spec.selector.isEmpty,
            endpoints.metadata.labels["endpointslice.kubernetes.io/skip-mirror"] != "true",
            endpoints.metadata.annotations["control-plane.alpha.kubernetes.io/leader"] == nil
        else {
            if !recordedServices.contains(key) {
                for slice in mirrored { store.remove(Kubernetes.EndpointSlice.self, slice.key) }
            }
            return
        }
        if recordedServices.contains(key), !mirrored.isEmpty { return }
        var labels = endpoints.metadata.labels
        labels["kubernetes.io/service-name"] = key.name
        labels[Self.managedBy] = Self.mirrorManager
        var notes = endpoints.metadata.annotations
        notes[ServiceEndpoints.triggerAnnotation] = nil
        notes["kubectl.kubernetes.io/last-applied-configuration"] = nil
        tellOfSkipped(endpoints)
        var left = mirrored
        var missing: [Kubernetes.EndpointSlice] = []
        func renew(_ key: ObjectKey, _ wanted: Kubernetes.EndpointSlice) {
            store.update(Kubernetes.EndpointSlice.self, key) {
                $0.endpoints = wanted.endpoints
                $0.ports = wanted.ports
                $0.metadata.labels = labels
                $0.metadata.annotations = notes
                $0.metadata.generation += 1
            }
        }
        for wanted in Self.mirrorSlices(of: endpoints) {
            guard let index = left.firstIndex(where: { Self.isSameKind($0, wanted) }) else {
                missing.append(wanted)
                continue
            }
            let old = left.remove(at: index)
            if old.endpoints != wanted.endpoints || old.metadata.labels != labels || old.metadata.annotations != notes {
                renew(old.key, wanted)
            }
        }
        for wanted in missing {
            // A slice that would go is used again under its name.
            if let index = left.firstIndex(where: { $0.addressType == wanted.addressType }) {
                renew(left.remove(at: index).key, wanted)
                continue
            }
            var slice = wanted
            slice.metadata.namespace = key.namespace
            slice.metadata.generateName = "\(key.name)-"
            slice.metadata.labels = labels
            slice.metadata.annotations = notes
            slice.metadata.generation = 1
            slice.metadata.ownerReferences = [owner(endpoints)]
            create(slice)
        }
        for slice in left { store.remove(Kubernetes.EndpointSlice.self, slice.key) }
    }

    /// Of one family and with the same ports, in whatever order.
    private static func isSameKind(_ a: Kubernetes.EndpointSlice, _ b: Kubernetes.EndpointSlice) -> Bool {
        a.addressType == b.addressType && Set(a.ports) == Set(b.ports)
    }

    /// Addresses of one subset, or of one slice, at most (`--mirroring-max-endpoints-per-subset`).
    private static let mirroredAtMost = 1000

    private mutating func tellOfSkipped(_ endpoints: Kubernetes.Endpoints) {
        let skipped = endpoints.subsets.reduce(0) {
            $0 + max(0, $1.addresses.count + $1.notReadyAddresses.count - Self.mirroredAtMost)
        }
        guard skipped > 0 else { return }
        note(
            "TooManyAddressesToMirror",
            "A max of \(Self.mirroredAtMost) addresses can be mirrored to EndpointSlices per Endpoints subset. \(skipped) "
                + "addresses were skipped", kind: "Endpoints", key: endpoints.key)
    }

    /// Subsets of the same ports are one.
    private static func merged(_ subsets: [Kubernetes.EndpointSubset]) -> [Kubernetes.EndpointSubset] {
        var place: [Set<Kubernetes.LegacyEndpointPort>: Int] = [:]
        var result: [Kubernetes.EndpointSubset] = []
        for subset in subsets {
            // The first thousand of a subset, ready ones before the others.
            var kept = subset
            kept.addresses = Array(subset.addresses.prefix(mirroredAtMost))
            kept.notReadyAddresses = Array(subset.notReadyAddresses.prefix(mirroredAtMost - kept.addresses.count))
            if let index = place[Set(subset.ports)] {
                result[index].addresses += kept.addresses
                result[index].notReadyAddresses += kept.notReadyAddresses
            } else {
                place[Set(subset.ports)] = result.count
                result.append(kept)
            }
        }
        return result
    }

    /// One slice for each set of ports and address family, its endpoints by address.
    private static func mirrorSlices(of endpoints: Kubernetes.Endpoints) -> [Kubernetes.EndpointSlice] {
        var slices: [Kubernetes.EndpointSlice] = []
        for subset in merged(endpoints.subsets) {
            let ports = SpewText.ordered(subset.ports.map { port -> Kubernetes.EndpointPort in
                var result = Kubernetes.EndpointPort()
                result.name = port.name
                result.port = port.port
                result.protocol = port.protocol.isZero ? .tcp : port.protocol
                result.appProtocol = port.appProtocol
                return result
            })
            let all = subset.addresses.map { ($0, true) } + subset.notReadyAddresses.map { ($0, false) }
            for (type, isIPv6) in [("IPv4", false), ("IPv6", true)] {
                let members = all.filter { $0.0.ip.contains(":") == isIPv6 }
                guard !members.isEmpty else { continue }
                var slice = Kubernetes.EndpointSlice()
                slice.addressType = type
                slice.ports = ports
                slice.endpoints = Self.distinct(members).map { address, isReady in
                    var endpoint = Kubernetes.Endpoint()
                    endpoint.addresses = [address.ip]
                    endpoint.conditions.ready = isReady
                    endpoint.hostname = address.hostname.isEmpty ? nil : address.hostname
                    endpoint.nodeName = address.nodeName
                    endpoint.targetRef = address.targetRef
                    return endpoint
                }
                slices.append(slice)
            }
        }
        return slices
    }

    /// An address that stands there twice, of the same hostname and target, is one endpoint, as it was named last; sorted by
    /// address (`EndpointSet`).
    private static func distinct(
        _ members: [(Kubernetes.EndpointAddress, Bool)]
    ) -> ArraySlice<(Kubernetes.EndpointAddress, Bool)> {
        var places: [[String]: Int] = [:]
        var result: [(Kubernetes.EndpointAddress, Bool)] = []
        for member in members {
            let address = member.0
            let identity = [address.ip, address.hostname, address.targetRef?.namespace ?? "", address.targetRef?.name ?? ""]
            if let index = places[identity] {
                result[index] = member
            } else {
                places[identity] = result.count
                result.append(member)
            }
        }
        return result.sorted { $0.0.ip.utf8.lexicographicallyPrecedes($1.0.ip.utf8) }.prefix(mirroredAtMost)
    }
}
