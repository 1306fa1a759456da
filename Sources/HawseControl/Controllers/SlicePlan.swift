import OrderedCollections

/// Which slices of a Service stay, change, come and go (`reconcileByPortMapping`).
struct SlicePlan {
    /// Endpoints in one slice at most.
    let limit: Int
    /// What the slices' labels have to be, those that controllers write left out; nil: whatever they are.
    let labels: [String: String]?
    /// Existing slices as they shall be, and those that are right as they are.
    private(set) var update: [Kubernetes.EndpointSlice] = []
    private(set) var unchanged: [Kubernetes.EndpointSlice] = []
    var keep: [Kubernetes.EndpointSlice] { unchanged + update }
    var create: [Kubernetes.EndpointSlice] = []
    var delete: [Kubernetes.EndpointSlice] = []

    init(limit: Int, labels: [String: String]? = nil) {
        self.limit = max(1, limit)
        self.labels = labels
    }

    mutating func reconcile(
        _ existing: [Kubernetes.EndpointSlice],
        _ desired: OrderedDictionary<[Kubernetes.EndpointPort], [Kubernetes.Endpoint]>, addressType: String
    ) {
        var byPorts: OrderedDictionary<[Kubernetes.EndpointPort], [Kubernetes.EndpointSlice]> = [:]
        for slice in existing { byPorts[SpewText.ordered(slice.ports), default: []].append(slice) }
        let before = (keep.count, create.count)
        for (ports, endpoints) in desired {
            fill(byPorts.removeValue(forKey: ports) ?? [], endpoints, ports: ports, addressType: addressType)
        }
        let unused = byPorts.values.flatMap { $0 }
        if keep.count == before.0, create.count == before.1 {
            // A Service without endpoints keeps one empty slice, so that consumers know it was looked at.
            if let placeholder = unused.first(where: { $0.endpoints.isEmpty && $0.ports.isEmpty }) {
                unchanged.append(placeholder)
                delete += unused.filter { $0.key != placeholder.key }
                return
            }
            create.append(Self.slice(addressType, ports: []))
        }
        delete += unused
    }

    private static func slice(_ addressType: String, ports: [Kubernetes.EndpointPort]) -> Kubernetes.EndpointSlice {
        var slice = Kubernetes.EndpointSlice()
        slice.addressType = addressType
        slice.ports = ports
        return slice
    }

    private mutating func fill(
        _ existing: [Kubernetes.EndpointSlice], _ desired: [Kubernetes.Endpoint], ports: [Kubernetes.EndpointPort],
        addressType: String
    ) {
        var waiting = OrderedDictionary<Identity, Kubernetes.Endpoint>(
            desired.map { (Identity($0), $0) }, uniquingKeysWith: { first, _ in first })
        var changed: [Kubernetes.EndpointSlice] = []
        var untouched: [Kubernetes.EndpointSlice] = []
        for var slice in existing {
            let (kept, differs) = Self.retained(slice.endpoints, &waiting)
            if kept.isEmpty, !slice.endpoints.isEmpty {
                delete.append(slice)
                continue
            }
            if differs {
                slice.endpoints = kept
                changed.append(slice)
            } else if let labels, labels != slice.metadata.labels.filter({ !ServiceEndpoints.isReserved($0.key) }) {
                changed.append(slice)
            } else {
                untouched.append(slice)
            }
        }
        // Slices that have to be written anyway take up new endpoints first, the fullest one first.
        changed.sort { $0.endpoints.count > $1.endpoints.count }
        for index in changed.indices { take(from: &waiting, into: &changed[index]) }
        while !waiting.isEmpty {
            if waiting.count < limit, let index = Self.bestFit(untouched, waiting.count, limit) {
                var slice = untouched.remove(at: index)
                take(from: &waiting, into: &slice)
                changed.append(slice)
            } else {
                var slice = Self.slice(addressType, ports: ports)
                take(from: &waiting, into: &slice)
                create.append(slice)
            }
        }
        unchanged += untouched
        update += changed
    }

    private func take(
        from waiting: inout OrderedDictionary<Identity, Kubernetes.Endpoint>, into slice: inout Kubernetes.EndpointSlice
    ) {
        let count = min(limit - slice.endpoints.count, waiting.count)
        guard count > 0 else { return }
        slice.endpoints += waiting.values.prefix(count)
        waiting.removeFirst(count)
    }

    /// The endpoints of a slice that are still wanted, in their present form.
    private static func retained(
        _ endpoints: [Kubernetes.Endpoint], _ waiting: inout OrderedDictionary<Identity, Kubernetes.Endpoint>
    ) -> (kept: [Kubernetes.Endpoint], differs: Bool) {
        var kept: [Kubernetes.Endpoint] = []
        var differs = false
        var taken: Set<Identity> = []
        for endpoint in endpoints {
            guard let fresh = waiting[Identity(endpoint)], taken.insert(Identity(endpoint)).inserted else {
                differs = true
                continue
            }
            var old = endpoint
            old.hints = nil
            if old != fresh { differs = true }
            kept.append(fresh)
        }
        waiting.removeAll { taken.contains($0.key) }
        return (kept, differs)
    }

    /// Of the slices with room for all of `count` more, the fullest (`getSliceToFill`).
    private static func bestFit(_ slices: [Kubernetes.EndpointSlice], _ count: Int, _ limit: Int) -> Int? {
        slices.indices.filter { slices[$0].endpoints.count + count <= limit }
            .max { slices[$0].endpoints.count < slices[$1].endpoints.count }
    }

    /// A slice that would go lends its name to one that would come: one write instead of two.
    mutating func reuseDeleted() {
        var index = 0
        while index < delete.count, !create.isEmpty {
            guard let position = create.lastIndex(where: { $0.addressType == delete[index].addressType }) else {
                index += 1
                continue
            }
            var slice = delete.remove(at: index)
            let fresh = create.remove(at: position)
            slice.endpoints = fresh.endpoints
            slice.ports = fresh.ports
            update.append(slice)
        }
    }

    mutating func applyHints(_ hints: some SliceHints) {
        let types = Set((unchanged + update + create).map(\.addressType)).sorted()
        var result = (unchanged: [Kubernetes.EndpointSlice](), update: [Kubernetes.EndpointSlice](), create: [Kubernetes.EndpointSlice]())
        // Each address family by itself.
        for type in types {
            var group = HintedSlices(
                unchanged: unchanged.filter { $0.addressType == type }, update: update.filter { $0.addressType == type },
                create: create.filter { $0.addressType == type })
            hints.write(into: &group)
            result.unchanged += group.unchanged
            result.update += group.update
            result.create += group.create
        }
        (unchanged, update, create) = result
    }

    /// What makes two endpoints the same one (`endpointHash`).
    struct Identity: Hashable {
        var addresses: [String]
        var hostname: String?
        var namespace: String?
        var name: String?

        init(_ endpoint: Kubernetes.Endpoint) {
            addresses = endpoint.addresses.sorted()
            hostname = endpoint.hostname
            namespace = endpoint.targetRef?.namespace
            name = endpoint.targetRef?.name
        }
    }
}

/// The slices of one address family on their way to the server.
struct HintedSlices {
    var unchanged: [Kubernetes.EndpointSlice]
    var update: [Kubernetes.EndpointSlice]
    var create: [Kubernetes.EndpointSlice]

    /// Takes all hints away; slices that had some are written again (`RemoveHintsFromSlices`).
    mutating func clear() {
        func cleared(_ slice: Kubernetes.EndpointSlice) -> Kubernetes.EndpointSlice {
            var slice = slice
            for index in slice.endpoints.indices { slice.endpoints[index].hints = nil }
            return slice
        }
        create = create.map(cleared)
        update = update.map(cleared) + unchanged.filter { $0.endpoints.contains { $0.hints != nil } }.map(cleared)
        unchanged.removeAll { $0.endpoints.contains { $0.hints != nil } }
    }
}

/// A way of writing hints into a Service's slices.
protocol SliceHints {
    func write(into slices: inout HintedSlices)
}
