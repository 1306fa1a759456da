import HawseWire

extension ClusterState {
    /// A cluster with the given manifests applied in their order and run to a fixed point.
    ///
    /// Refused objects are reported with their place and left out. Namespaces are made first, and those that no
    /// manifest brings are made silently; nodes are made up when the manifests have none.
    public static func build(
        from objects: [LoadedObject], configuration: ClusterConfiguration? = nil, seed: UInt64 = 0,
        settle: Bool = true
    ) -> (state: ClusterState, problems: [ManifestDiagnostic]) {
        let chosen = configuration ?? ClusterConfiguration.fitting(objects, seed: seed)
        var state = ClusterState(configuration: chosen)
        let problems = state.applyAll(objects)
        if settle { state.settle() }
        state.isLoaded = true
        return (state, problems)
    }

    /// Applies manifests in order; what is refused is reported with its place.
    public mutating func applyAll(_ objects: [LoadedObject]) -> [ManifestDiagnostic] {
        var problems: [ManifestDiagnostic] = []
        startClock(at: objects)
        makeNamespaces(for: objects)
        dropReplaced(by: objects)
        makeNodes(for: objects)
        reserve(objects)
        noteRecordedSlices(in: objects)
        // Namespaces, priority classes and nodes first: others need them, and a folder's file order says nothing about that.
        let early = ["Namespace", "PriorityClass", "Node"]
        let first = early.flatMap { kind in objects.filter { $0.kind == kind } }
        for object in first + objects.filter({ !early.contains($0.kind) }) {
            do throws(StatusError) {
                switch object.operation {
                case .apply: try apply(object)
                case .delete: try delete(object)
                }
            } catch {
                problems += Self.problems(of: error, for: object)
            }
        }
        return problems
    }

    private mutating func delete(_ object: LoadedObject) throws(StatusError) {
        reconcile()
        settle(limit: 60)
        var key = ObjectKey(namespace: object.metadata.namespace, name: object.metadata.name)
        let isClusterWide = Kubernetes.kinds.first { $0.kind == object.kind }?.isNamespaced == false
        if key.namespace.isEmpty, !isClusterWide { key.namespace = "default" }
        try delete(kind: object.kind, key)
    }

    /// A refusal as diagnostics with the places of its fields.
    public static func problems(of error: StatusError, for object: LoadedObject) -> [ManifestDiagnostic] {
        if error.causes.isEmpty {
            return [
                ManifestDiagnostic(
                    severity: .error, file: object.file, mark: object.mark, field: "", message: error.message)
            ]
        }
        let name = object.metadata.namespace.isEmpty
            ? object.metadata.name : "\(object.metadata.namespace)/\(object.metadata.name)"
        return error.causes.map {
            ManifestDiagnostic(
                severity: .error, file: object.file, mark: object.mark(ofField: $0.field), field: $0.field,
                message: "\(object.kind) \(name): \($0.message)")
        }
    }

    /// A dump's clock goes on where the dump was taken.
    private mutating func startClock(at objects: [LoadedObject]) {
        for object in objects {
            for time in [object.metadata.creationTimestamp] { if let time, time > now { now = time } }
        }
    }

    private mutating func makeNamespaces(for objects: [LoadedObject]) {
        for object in objects {
            let declared = object.of(Kubernetes.Namespace.self) == nil ? object.metadata.namespace : ""
            if !declared.isEmpty, store.namespaces[ObjectKey(name: declared)] == nil { createNamespace(declared) }
        }
    }

    /// Objects of a dump stand for those that a fresh cluster makes itself.
    private mutating func dropReplaced(by objects: [LoadedObject]) {
        for object in objects where !object.metadata.uid.isEmpty {
            let key = ObjectKey(namespace: object.metadata.namespace, name: object.metadata.name)
            switch object.kind {
            case "Service":
                if let old = store.services[key], old.metadata.uid != object.metadata.uid {
                    releaseAll(of: old)
                    store.remove(Kubernetes.Service.self, key)
                }
            case "Endpoints": store.remove(Kubernetes.Endpoints.self, key)
            case "EndpointSlice": store.remove(Kubernetes.EndpointSlice.self, key)
            case "Namespace": store.remove(Kubernetes.Namespace.self, key)
            case "ServiceCIDR": store.remove(Kubernetes.ServiceCIDR.self, key)
            default: break
            }
        }
        for object in objects {
            // A dumped address comes with its Service; recording it twice would say it is taken.
            if let address = object.of(Kubernetes.IPAddress.self) {
                store.remove(Kubernetes.IPAddress.self, address.key)
            }
        }
    }

    private mutating func makeNodes(for objects: [LoadedObject]) {
        guard store.nodes.isEmpty, !objects.contains(where: { $0.kind == "Node" }) else { return }
        let template = configuration.nodeTemplate
        var wanted = (0..<template.count).map { NodeTemplate.name($0) }
        for object in objects {
            let name = object.of(Kubernetes.Pod.self)?.spec.nodeName ?? ""
            if !name.isEmpty, !wanted.contains(name) { wanted.append(name) }
        }
        for (index, name) in wanted.enumerated() where index < 4096 {
            try? createFromUser(template.node(index, name: name, dualStack: configuration.isDualStack, at: now))
        }
    }

    /// Addresses that later objects ask for by name are kept from earlier ones that do not care.
    private mutating func reserve(_ objects: [LoadedObject]) {
        for service in objects.compactMap({ $0.of(Kubernetes.Service.self) }) {
            let ports = service.spec.ports.map(\.nodePort) + [service.spec.healthCheckNodePort]
            nodePorts.reserved.formUnion(ports.filter { $0 != 0 })
            for address in service.spec.clusterIPs.compactMap({ IPAddress($0) }) + [IPAddress(service.spec.clusterIP)].compactMap({ $0 }) {
                for index in clusterIPs.indices where clusterIPs[index].range.family == address.family {
                    clusterIPs[index].reserved.insert(address.bits)
                }
            }
        }
        for object in objects {
            guard let pod = object.of(Kubernetes.Pod.self), !pod.spec.hostNetwork else { continue }
            let wanted = pod.status.podIPs.map(\.ip) + [pod.status.podIP] + PodScript(pod).addresses
            for text in wanted { reservePodAddress(text) }
        }
    }

    private mutating func noteRecordedSlices(in objects: [LoadedObject]) {
        for object in objects {
            guard let slice = object.of(Kubernetes.EndpointSlice.self), !slice.metadata.uid.isEmpty,
                let service = slice.serviceName
            else { continue }
            recordedServices.insert(ObjectKey(namespace: slice.metadata.namespace, name: service))
        }
    }
}
