extension ClusterState {
    private static let immortalNamespaces = ["default", "kube-system", "kube-public"]

    /// Deletes an object by kind and key. Pods end gracefully; what the object owns goes with it.
    public mutating func delete(
        kind: String, _ key: ObjectKey, gracePeriodSeconds: Int64? = nil
    ) throws(StatusError) {
        if kind == "Pod" {
            try deletePod(key, gracePeriodSeconds: gracePeriodSeconds)
        } else if let type = Kubernetes.kinds.first(where: { $0.kind == kind }) as? any StoredKind.Type {
            try remove(type, key)
        } else if store.unknown[kind]?[key] != nil {
            store.unknown[kind]?[key] = nil
        } else {
            throw StatusError.notFound(kind.lowercased(), key.name)
        }
    }

    private mutating func remove<T: StoredKind>(_ type: T.Type, _ key: ObjectKey) throws(StatusError) {
        if T.kind == "Namespace" {
            // The NamespaceLifecycle admission keeps those that every cluster needs.
            if Self.immortalNamespaces.contains(key.name) {
                throw StatusError.forbidden(T.plural, key.name, "this namespace may not be deleted")
            }
            guard store.namespaces[key] == nil else {
                terminate(namespace: key)
                return
            }
        }
        guard let object = store.remove(type, key) else { throw StatusError.notFound(T.qualifiedPlural, key.name) }
        lastApplied["\(T.kind)/\(key)"] = nil
        if let service = object as? Kubernetes.Service { releaseAll(of: service) }
        if let ranges = object as? Kubernetes.ServiceCIDR { dropRanges(of: ranges) }
        if T.kind == "Node" { orphanPods(onNode: key.name) }
        removeDependents(of: object.metadata.uid, in: key.namespace)
    }

    /// `DELETE` of a pod: a pod that no node has yet goes at once, others get their grace period.
    public mutating func deletePod(_ key: ObjectKey, gracePeriodSeconds: Int64? = nil) throws(StatusError) {
        guard let pod = store.pods[key] else { throw StatusError.notFound("pods", key.name) }
        // No grace goes on beyond the end of time.
        let longest = (Int64.max - max(0, now.microseconds)) / 1_000_000
        var grace = min(max(0, gracePeriodSeconds ?? pod.spec.terminationGracePeriodSeconds ?? 30), longest)
        // Nobody watches over a pod without a node; a finished one has nothing left to end.
        if pod.spec.nodeName.isEmpty || pod.isFinished { grace = 0 }
        let isHeld = PodScript(pod).isHeld
        if grace == 0, !isHeld, pod.metadata.finalizers.isEmpty {
            removePod(key)
            return
        }
        if pod.metadata.isTerminating { return }
        let end = now.adding(seconds: grace)
        store.update(Kubernetes.Pod.self, key) {
            $0.metadata.deletionTimestamp = end
            $0.metadata.deletionGracePeriodSeconds = grace
            $0.metadata.generation += 1
        }
    }

    /// Takes a pod out of the store and gives its addresses back.
    mutating func removePod(_ key: ObjectKey) {
        guard let pod = store.remove(Kubernetes.Pod.self, key) else { return }
        releaseAddresses(of: pod)
        keepContainerEvents(of: pod)
        runtimes[key] = nil
        lastApplied["Pod/\(key)"] = nil
        if store.namespaces[ObjectKey(name: key.namespace)]?.metadata.isTerminating == true { finishNamespace(key.namespace) }
        guard let owner = pod.metadata.controller else { return }
        wakeOwner(owner, namespace: key.namespace)
        // Whoever recreates waits for the last of the old pods.
        if owner.kind == "ReplicaSet", let above = store.replicaSets[key.namespace, owner.name]?.metadata.controller,
            store.deployments[key.namespace, above.name]?.spec.strategy.type == "Recreate"
        {
            queues.add(ObjectKey(namespace: key.namespace, name: above.name), to: .deployment)
        }
    }

    /// Pods of a node that is no more stay for a while: the collector looks every twenty seconds, and takes them when it has
    /// known of the loss for forty (`gcOrphaned`).
    private mutating func orphanPods(onNode name: String) {
        podAddresses[name] = nil
        let period: Int64 = 20_000_000
        let passed = now.microseconds - configuration.start.microseconds
        let seen = configuration.start.microseconds + (max(0, passed) + period - 1) / period * period
        // Noticed a moment after a look, it is over a moment after the second one from there.
        let due = Kubernetes.Time(microseconds: seen + 3 * period)
        collections[name] = due
        wake(.node, ObjectKey(name: name), at: due, isProgress: false)
    }

    mutating func collectOrphans(ofNode name: String) {
        guard let due = collections[name], now >= due else { return }
        collections[name] = nil
        for pod in store.pods.all.filter({ $0.spec.nodeName == name }) {
            if !pod.isFinished {
                disrupt(pod.key, "DeletionByPodGC", "PodGC: node no longer exists")
                store.update(Kubernetes.Pod.self, pod.key) { $0.status.phase = "Failed" }
            }
            try? deletePod(pod.key, gracePeriodSeconds: 0)
        }
    }

    /// Background deletion by the garbage collector.
    private mutating func removeDependents(of uid: String, in namespace: String) {
        func owned(_ metadata: Kubernetes.ObjectMeta) -> Bool { metadata.ownerReferences.contains { $0.uid == uid } }
        for pod in store.pods(ownedBy: uid, in: namespace) {
            // Nobody counts them any more.
            if JobStep.isTracked(pod) { letGo(pod.key) }
            try? deletePod(pod.key)
        }
        for key in store.replicaSets(ownedBy: uid).map(\.key) {
            try? remove(Kubernetes.ReplicaSet.self, key)
        }
        for key in store.jobs.all.filter({ owned($0.metadata) }).map(\.key) { try? remove(Kubernetes.Job.self, key) }
    }

    /// A namespace goes when its last pod has ended; all else that it holds goes at once.
    private mutating func terminate(namespace key: ObjectKey) {
        let time = now
        store.update(Kubernetes.Namespace.self, key) {
            if $0.metadata.deletionTimestamp == nil { $0.metadata.deletionTimestamp = time }
            $0.status.phase = "Terminating"
        }
        func removeAll<T: StoredKind>(_ type: T.Type) {
            for object in store[keyPath: T.shelf].inNamespace(key.name) { try? remove(type, object.key) }
        }
        for type in Kubernetes.kinds where type.isNamespaced && type.kind != "Pod" {
            if let stored = type as? any StoredKind.Type { removeAll(stored) }
        }
        for kind in store.unknown.keys {
            store.unknown[kind]?.removeAll { $0.key.namespace == key.name }
        }
        for pod in store.pods.inNamespace(key.name) { try? deletePod(pod.key) }
        finishNamespace(key.name)
    }

    /// Takes a namespace away that nothing holds any more: neither pods nor finalizers but the namespace controller's own,
    /// which it takes off when all else is gone (`finalizeNamespace`).
    mutating func finishNamespace(_ name: String) {
        let key = ObjectKey(name: name)
        guard let namespace = store.namespaces[key], namespace.metadata.isTerminating,
            !store.pods.keys.contains(where: { $0.namespace == name })
        else { return }
        let holding = namespace.spec.finalizers.filter { $0 != "kubernetes" }
        guard holding.isEmpty, namespace.metadata.finalizers.isEmpty else {
            store.update(Kubernetes.Namespace.self, key) { $0.spec.finalizers = holding }
            return
        }
        store.remove(Kubernetes.Namespace.self, key)
        lastApplied["Namespace/\(key)"] = nil
    }
}
