import HawseModel
import HawseWire

extension ClusterState {
    /// Applies a manifest as `kubectl apply` does: creates the object, or merges it over the one there is.
    public mutating func apply(_ loaded: LoadedObject) throws(StatusError) {
        switch loaded.content {
        case .known(let object):
            guard let stored = object as? any StoredKind else { return }
            try apply(any: stored, node: loaded.node)
        case .unknown(let object): store.put(object)
        }
    }

    private mutating func apply<T: StoredKind>(any object: T, node: ManifestNode) throws(StatusError) {
        let key = namespaced(object).key
        let identity = "\(T.kind)/\(key)"
        guard let old = store.get(T.self, key) else {
            try createFromUser(object)
            lastApplied[identity] = node
            return
        }
        // Without a spec it is the status subresource that is written: nothing is taken away.
        let isPartial = node["spec"] == nil && lastApplied[identity]?["spec"] != nil
        let patch = isPartial ? node : node.applyPatch(after: lastApplied[identity])
        let new = try Self.merged(old, patch)
        if isPartial, node["status"] != nil {
            try writeStatus(old, with: new)
        } else {
            try replace(old, with: new)
        }
        if !isPartial { lastApplied[identity] = node }
    }

    /// A merge patch (`kubectl patch --type merge`).
    public mutating func patch<T: StoredKind>(
        _ type: T.Type, _ key: ObjectKey, _ patch: ManifestNode
    ) throws(StatusError) {
        guard let old = store.get(type, key) else { throw StatusError.notFound(T.plural, key.name) }
        try replace(old, with: Self.merged(old, patch))
    }

    /// Changes an object in place, through the same defaults and checks as a patch.
    public mutating func modify<T: StoredKind>(
        _ type: T.Type, _ key: ObjectKey, _ body: (inout T) -> Void
    ) throws(StatusError) {
        guard let old = store.get(type, key) else { throw StatusError.notFound(T.plural, key.name) }
        var new = old
        body(&new)
        try replace(old, with: new)
    }

    private static func merged<T: StoredKind>(_ old: T, _ patch: ManifestNode) throws(StatusError) -> T {
        var node = old.written().merged(with: patch)
        if case .map(let entries) = node.value {
            node.value = .map(entries.filter { $0.key != "kind" && $0.key != "apiVersion" })
        }
        let context = FieldContext(file: "")
        guard let object = T.read(node, context), !context.hasErrors else {
            let reason = context.diagnostics.first { $0.severity == .error }?.message ?? "cannot be read"
            throw StatusError(
                code: 400, reason: "BadRequest",
                message: "\(T.kind) in version \"\(version(of: T.self))\" cannot be handled as a \(T.kind): \(reason)")
        }
        return object
    }

    private static func version<T: KubernetesObject>(of type: T.Type) -> String {
        String(T.apiVersion.split(separator: "/").last ?? "v1")
    }

    func namespaced<T: KubernetesObject>(_ object: T) -> T {
        var object = object
        if !T.isNamespaced {
            // What has no namespace loses the one that was written.
            object.metadata.namespace = ""
        } else if object.metadata.namespace.isEmpty {
            object.metadata.namespace = "default"
        }
        return object
    }

    /// Creates an object as a POST does. A status is kept: dumps are read this way, too.
    public mutating func createFromUser<T: StoredKind>(_ object: T) throws(StatusError) {
        var object = namespaced(object)
        if T.isNamespaced {
            guard let namespace = store.namespaces[ObjectKey(name: object.metadata.namespace)] else {
                throw StatusError.notFound("namespaces", object.metadata.namespace)
            }
            if namespace.metadata.isTerminating, object.metadata.resourceVersion.isEmpty {
                throw StatusError.forbidden(
                    T.qualifiedPlural, object.metadata.name,
                    "unable to create new content in namespace \(object.metadata.namespace) because it is being terminated")
            }
        }
        if object.metadata.name.isEmpty, !object.metadata.generateName.isEmpty {
            object.metadata.name = names.name(base: object.metadata.generateName)
        }
        if store.get(T.self, object.key) != nil {
            throw StatusError.alreadyExists(T.qualifiedPlural, object.metadata.name)
        }
        object = stamped(object, uid: names.uid())
        prepare(&object)
        try admit(&object)
        object.applyDefaults()
        if let service = object as? Kubernetes.Service {
            try createService(service)
            return
        }
        let errors = Validation.check(object)
        if !errors.isEmpty { throw StatusError.invalid(T.qualifiedKind, object.metadata.name, errors) }
        if object.metadata.generation == 0, Self.countsGenerations(T.self) { object.metadata.generation = 1 }
        store.insert(object)
        created(object)
    }

    /// What the API server's strategies change on creation, before defaults.
    private func prepare<T: StoredKind>(_ object: inout T) {
        if var namespace = object as? Kubernetes.Namespace {
            namespace.metadata.labels["kubernetes.io/metadata.name"] = namespace.metadata.name
            let isRead = !namespace.metadata.resourceVersion.isEmpty
            if !isRead, !namespace.spec.finalizers.contains("kubernetes") { namespace.spec.finalizers.append("kubernetes") }
            if namespace.status.phase.isEmpty { namespace.status.phase = "Active" }
            if let same = namespace as? T { object = same }
        }
        if var pod = object as? Kubernetes.Pod, let node = store.nodes[ObjectKey(name: pod.spec.nodeName)] {
            Self.labelTopology(&pod, node)
            if let same = pod as? T { object = same }
        }
        if var job = object as? Kubernetes.Job {
            JobIdentity.label(&job)
            if let same = job as? T { object = same }
        }
        if var slice = object as? Kubernetes.EndpointSlice {
            NetworkDefaults.dropTopology(&slice, old: nil)
            if let same = slice as? T { object = same }
        }
        if var lease = object as? Kubernetes.Lease {
            lease.dropElection()
            if let same = lease as? T { object = same }
        }
        if var set = object as? Kubernetes.DaemonSet {
            let key = Kubernetes.DaemonSet.templateGeneration
            if set.metadata.annotations[key] == nil { set.metadata.annotations[key] = "1" }
            if let same = set as? T { object = same }
        }
        if var ingress = object as? Kubernetes.Ingress {
            giveDefaultClass(&ingress)
            if let same = ingress as? T { object = same }
        }
        if var secret = object as? Kubernetes.Secret {
            if secret.type.isEmpty { secret.type = "Opaque" }
            if let same = secret as? T { object = same }
        }
    }

    /// The DefaultIngressClass admission: an Ingress that names no class gets the newest default one, of several equally
    /// new ones the first by name. What a dump holds has been through it.
    private func giveDefaultClass(_ ingress: inout Kubernetes.Ingress) {
        guard ingress.spec.ingressClassName == nil, ingress.metadata.resourceVersion.isEmpty,
            ingress.metadata.annotations["kubernetes.io/ingress.class"] == nil
        else { return }
        let defaults = store.ingressClasses.all.filter {
            $0.metadata.annotations["ingressclass.kubernetes.io/is-default-class"] == "true"
        }
        ingress.spec.ingressClassName = defaults.min { a, b in
            let (left, right) = (a.metadata.creationTimestamp ?? now, b.metadata.creationTimestamp ?? now)
            return left == right ? a.metadata.name < b.metadata.name : left > right
        }?.metadata.name
    }

    /// Admission plugins that can refuse an object.
    private func admit<T: StoredKind>(_ object: inout T) throws(StatusError) {
        if var pod = object as? Kubernetes.Pod {
            try giveClassPriority(&pod)
            if let same = pod as? T { object = same }
        }
        if let new = object as? Kubernetes.PriorityClass { try checkDefault(new) }
    }

    static func countsGenerations<T: StoredKind>(_ type: T.Type) -> Bool {
        ["Pod", "Deployment", "ReplicaSet", "ReplicationController", "StatefulSet", "DaemonSet", "Job", "CronJob",
         "EndpointSlice", "Ingress", "IngressClass", "NetworkPolicy", "PriorityClass", "PodDisruptionBudget"].contains(T.kind)
    }

    private mutating func created<T: StoredKind>(_ object: T) {
        if let node = object as? Kubernetes.Node { nodeAdded(node) }
        if let ranges = object as? Kubernetes.ServiceCIDR { addRanges(of: ranges) }
        if let pod = object as? Kubernetes.Pod { podAdopted(pod) }
    }

    /// Replaces an object as a PUT does: defaults, checks, allocation, and a new generation when the spec changed.
    mutating func replace<T: StoredKind>(_ old: T, with new: T) throws(StatusError) {
        var new = new
        new.metadata.uid = old.metadata.uid
        new.metadata.creationTimestamp = old.metadata.creationTimestamp
        new.metadata.name = old.metadata.name
        new.metadata.namespace = old.metadata.namespace
        new.metadata.generation = old.metadata.generation
        // Nobody takes a deletion back.
        if old.metadata.isTerminating { new.metadata.deletionTimestamp = old.metadata.deletionTimestamp }
        if let service = new as? Kubernetes.Service, let before = old as? Kubernetes.Service {
            try replaceService(before, with: service)
            return
        }
        prepareUpdate(&new, old)
        new.applyDefaults()
        if let made = new as? Kubernetes.PriorityClass { try checkDefault(made) }
        let errors = Validation.check(new, old: old)
        if !errors.isEmpty { throw StatusError.invalid(T.qualifiedKind, old.metadata.name, errors) }
        // A Deployment's annotations go on to its ReplicaSets, so they count as well.
        let isRelabelled = new is Kubernetes.Deployment && new.metadata.annotations != old.metadata.annotations
        if Self.countsGenerations(T.self), isRelabelled || Self.desired(old) != Self.desired(new) {
            new.metadata.generation += 1
        }
        countTemplates(&new, old)
        store.update(T.self, old.key) { $0 = new }
        if let ranges = new as? Kubernetes.ServiceCIDR { addRanges(of: ranges) }
        // The last finalizer may have been taken off.
        if new is Kubernetes.Namespace { finishNamespace(new.metadata.name) }
    }

    /// Writes an object's status subresource: nothing but metadata and status is looked at.
    private mutating func writeStatus<T: StoredKind>(_ old: T, with new: T) throws(StatusError) {
        var new = new
        new.applyDefaults()
        let errors = MetadataValidation.check(new.metadata, isNamespaced: T.isNamespaced, name: NameFormat.pathSegment)
            + MetadataValidation.checkUpdate(new.metadata, old: old.metadata) + StatusValidation.check(new, old: old)
        if !errors.isEmpty { throw StatusError.invalid(T.qualifiedKind, old.metadata.name, errors) }
        store.update(T.self, old.key) { $0 = new }
    }

    /// A DaemonSet's templates are counted by the server alone; the number is seen as an annotation.
    private func countTemplates<T: StoredKind>(_ object: inout T, _ old: T) {
        guard var set = object as? Kubernetes.DaemonSet, let before = old as? Kubernetes.DaemonSet else { return }
        let key = Kubernetes.DaemonSet.templateGeneration
        let count = before.metadata.annotations[key].flatMap { Int64($0) } ?? 1
        let isNew = set.spec.template != before.spec.template
        set.metadata.annotations[key] = String(isNew ? count &+ 1 : count)
        if let same = set as? T { object = same }
    }

    /// What the API server's strategies change on an update.
    private func prepareUpdate<T: StoredKind>(_ object: inout T, _ old: T) {
        if var namespace = object as? Kubernetes.Namespace, let before = old as? Kubernetes.Namespace {
            namespace.spec.finalizers = before.spec.finalizers
            if let same = namespace as? T { object = same }
        }
        if var slice = object as? Kubernetes.EndpointSlice, let before = old as? Kubernetes.EndpointSlice,
            slice.endpoints != before.endpoints
        {
            NetworkDefaults.dropTopology(&slice, old: before)
            if let same = slice as? T { object = same }
        }
        if var lease = object as? Kubernetes.Lease {
            lease.dropElection()
            if let same = lease as? T { object = same }
        }
    }

    /// An object without its metadata and status: what a generation counts.
    private static func desired<T: StoredKind>(_ object: T) -> ManifestNode {
        ManifestNode(.map((object.written().entries ?? []).filter { $0.key != "status" && $0.key != "metadata" }))
    }

    /// Sets the replicas of a workload, as the scale subresource does.
    public mutating func scale(_ kind: String, _ key: ObjectKey, to replicas: Int) throws(StatusError) {
        guard replicas >= 0 else {
            throw StatusError.invalid(
                kind, key.name, [.invalid("spec.replicas", replicas, "must be greater than or equal to 0")])
        }
        switch kind {
        case "Deployment": try modify(Kubernetes.Deployment.self, key) { $0.spec.replicas = replicas }
        case "ReplicaSet": try modify(Kubernetes.ReplicaSet.self, key) { $0.spec.replicas = replicas }
        case "StatefulSet": try modify(Kubernetes.StatefulSet.self, key) { $0.spec.replicas = replicas }
        case "ReplicationController":
            try modify(Kubernetes.ReplicationController.self, key) { $0.spec.replicas = replicas }
        default: throw StatusError.notFound(kind.lowercased(), key.name)
        }
    }
}
