import HawseModel

extension ClusterState {
    /// One step of a StatefulSet: pods by ordinal, one after another unless its management is parallel.
    mutating func syncStatefulSet(_ key: ObjectKey) {
        guard let set = store.statefulSets[key], !set.metadata.isTerminating else { return }
        let recorded = set.status.updateRevision.isEmpty ? nil : set.status.updateRevision
        let hash = revision(of: set.spec.template, "StatefulSet/\(key)", recorded: recorded) {
            "\(set.metadata.name)-\($0)"
        }
        let current = set.status.currentRevision.isEmpty ? hash : set.status.currentRevision
        if set.status.updateRevision != hash {
            store.update(Kubernetes.StatefulSet.self, key) {
                $0.status.currentRevision = current
                $0.status.updateRevision = hash
                if $0.status.collisionCount == nil { $0.status.collisionCount = 0 }
            }
            revisionTemplates["\(key)/\(hash)"] = set.spec.template
        }
        if let selector = set.spec.selector {
            claim(selector, owner: set) { pod in
                Self.ordinal(of: pod).map { pod.metadata.name == "\(set.metadata.name)-\($0)" } ?? false
            }
        }
        stepStatefulSet(set, current: current, update: hash)
        writeStatefulSetStatus(key, current: current, update: hash)
    }

    static func ordinal(of pod: Kubernetes.Pod) -> Int? {
        guard let dash = pod.metadata.name.lastIndex(of: "-") else { return nil }
        return Int(pod.metadata.name[pod.metadata.name.index(after: dash)...])
    }

    private mutating func stepStatefulSet(_ set: Kubernetes.StatefulSet, current: String, update: String) {
        let isOrdered = set.spec.podManagementPolicy != "Parallel"
        let pods = store.pods(ownedBy: set.metadata.uid, in: set.metadata.namespace)
        var byOrdinal: [Int: Kubernetes.Pod] = [:]
        for pod in pods { if let ordinal = Self.ordinal(of: pod) { byOrdinal[ordinal] = pod } }
        let start = set.spec.ordinals?.start ?? 0
        let wanted = start..<(start + max(0, set.spec.replicas ?? 1))
        for ordinal in wanted {
            if let pod = byOrdinal[ordinal] {
                if pod.isFinished {
                    if !pod.metadata.isTerminating { removeStatefulPod(pod, of: set) }
                    if isOrdered { return }
                    continue
                }
                let isHealthy = isAvailable(pod, minReadySeconds: set.spec.minReadySeconds) && !pod.metadata.isTerminating
                if !isHealthy, isOrdered {
                    wakeWhenAvailable([pod], minReadySeconds: set.spec.minReadySeconds, .statefulSet, set.key)
                    return
                }
                continue
            }
            let partition = set.spec.updateStrategy.rollingUpdate?.partition ?? 0
            let isOld = set.spec.updateStrategy.type == "RollingUpdate" && ordinal < start + partition
            createStatefulPod(set, ordinal, revision: isOld ? current : update)
            if isOrdered { return }
        }
        let condemned = byOrdinal.keys.filter { !wanted.contains($0) }.sorted(by: >)
        // The lowest one that is not well may go in whatever state it is; others are waited for.
        let sick = condemned.last { !isUp(byOrdinal[$0], set) }
        for ordinal in condemned {
            guard let pod = byOrdinal[ordinal] else { continue }
            if pod.metadata.isTerminating {
                if isOrdered { return }
                continue
            }
            if isOrdered, ordinal != sick, !isAvailable(pod, minReadySeconds: set.spec.minReadySeconds) { return }
            removeStatefulPod(pod, of: set)
            if isOrdered { return }
        }
        updateStatefulPods(set, byOrdinal.filter { wanted.contains($0.key) }, update: update)
    }

    private func isUp(_ pod: Kubernetes.Pod?, _ set: Kubernetes.StatefulSet) -> Bool {
        pod.map { isAvailable($0, minReadySeconds: set.spec.minReadySeconds) && !$0.metadata.isTerminating } ?? false
    }

    private mutating func removeStatefulPod(_ pod: Kubernetes.Pod, of set: Kubernetes.StatefulSet) {
        try? deletePod(pod.key)
        note(
            "SuccessfulDelete", "delete Pod \(pod.metadata.name) in StatefulSet \(set.metadata.name) successful",
            kind: "StatefulSet", key: set.key)
    }

    /// RollingUpdate: from the highest ordinal down to the partition, one at a time. A pod of the old template goes in
    /// whatever state it is; one of the new template that is not available yet is waited for.
    private mutating func updateStatefulPods(
        _ set: Kubernetes.StatefulSet, _ byOrdinal: [Int: Kubernetes.Pod], update: String
    ) {
        guard set.spec.updateStrategy.type == "RollingUpdate" else { return }
        let start = set.spec.ordinals?.start ?? 0
        let lowest = start + (set.spec.updateStrategy.rollingUpdate?.partition ?? 0)
        for ordinal in (start..<(start + max(0, set.spec.replicas ?? 1))).reversed() where ordinal >= lowest {
            // None is there yet: it has only just been made.
            guard let pod = byOrdinal[ordinal], !pod.metadata.isTerminating else { return }
            if pod.metadata.labels["controller-revision-hash"] != update {
                removeStatefulPod(pod, of: set)
                return
            }
            if !isAvailable(pod, minReadySeconds: set.spec.minReadySeconds) {
                wakeWhenAvailable([pod], minReadySeconds: set.spec.minReadySeconds, .statefulSet, set.key)
                return
            }
        }
    }

    private mutating func createStatefulPod(_ set: Kubernetes.StatefulSet, _ ordinal: Int, revision: String) {
        let template = revisionTemplates["\(set.key)/\(revision)"] ?? set.spec.template
        var pod = pod(from: template, ownedBy: set)
        pod.metadata.name = "\(set.metadata.name)-\(ordinal)"
        pod.metadata.generateName = "\(set.metadata.name)-"
        pod.metadata.labels["statefulset.kubernetes.io/pod-name"] = pod.metadata.name
        pod.metadata.labels["apps.kubernetes.io/pod-index"] = String(ordinal)
        pod.metadata.labels["controller-revision-hash"] = revision
        pod.spec.hostname = pod.metadata.name
        pod.spec.subdomain = set.spec.serviceName
        Self.mountClaims(of: set, ordinal, &pod.spec)
        guard store.pods[pod.key] == nil else { return }
        do throws(StatusError) {
            try giveClassPriority(&pod)
        } catch {
            note(
                "FailedCreate",
                "create Pod \(pod.metadata.name) in StatefulSet \(set.metadata.name) failed error: \(error.message)",
                kind: "StatefulSet", key: set.key)
            return
        }
        create(pod)
        note(
            "SuccessfulCreate", "create Pod \(pod.metadata.name) in StatefulSet \(set.metadata.name) successful",
            kind: "StatefulSet", key: set.key)
    }

    /// Each claim template becomes a volume of its name, before those of the template that have other names
    /// (`updateStorage`).
    private static func mountClaims(of set: Kubernetes.StatefulSet, _ ordinal: Int, _ spec: inout Kubernetes.PodSpec) {
        let names = set.spec.volumeClaimTemplates.compactMap { $0["metadata"]?["name"]?.text }
        guard !names.isEmpty else { return }
        let claims = names.map { name in
            ManifestNode(.map([
                .init("name", .string(name)),
                .init("persistentVolumeClaim", ManifestNode(.map([
                    .init("claimName", .string("\(name)-\(set.metadata.name)-\(ordinal)"))
                ]))),
            ]))
        }
        let others = (spec.other["volumes"]?.items ?? []).filter { !names.contains($0["name"]?.text ?? "") }
        spec.other["volumes"] = ManifestNode(.list(claims + others))
    }

    private mutating func writeStatefulSetStatus(_ key: ObjectKey, current: String, update: String) {
        guard let set = store.statefulSets[key] else { return }
        let pods = store.pods(ownedBy: set.metadata.uid, in: key.namespace)
        // What runs counts until it has ended, whether or not it is on its way out.
        let running = pods.filter { $0.status.phase == "Running" && $0.isReady }
        func count(_ revision: String) -> Int {
            pods.filter { !$0.metadata.isTerminating && $0.metadata.labels["controller-revision-hash"] == revision }.count
        }
        var status = set.status
        status.observedGeneration = set.metadata.generation
        status.replicas = pods.count
        status.readyReplicas = running.count
        status.availableReplicas = running.filter { isAvailable($0, minReadySeconds: set.spec.minReadySeconds) }.count
        status.updatedReplicas = count(update)
        let isDone =
            set.spec.updateStrategy.type == "RollingUpdate" && status.updatedReplicas == status.replicas
            && status.readyReplicas == status.replicas && status.replicas == set.spec.replicas ?? 1
        status.currentRevision = isDone ? update : current
        status.currentReplicas = count(status.currentRevision)
        store.update(Kubernetes.StatefulSet.self, key) { $0.status = status }
    }
}
