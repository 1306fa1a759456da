/// What the controller writes on Deployments and their ReplicaSets (`deploymentutil`).
enum DeploymentAnnotation {
    static let revision = "deployment.kubernetes.io/revision"
    static let history = "deployment.kubernetes.io/revision-history"
    static let desired = "deployment.kubernetes.io/desired-replicas"
    static let maximum = "deployment.kubernetes.io/max-replicas"
    /// Letters of a ReplicaSet's former revisions at most.
    static let historyLimit = 2000

    /// Whether each side has its own, and copies none of the other's.
    static func staysBehind(_ name: String) -> Bool {
        [
            "kubectl.kubernetes.io/last-applied-configuration", revision, history, desired, maximum,
            "deprecated.deployment.rollback.to",
        ].contains(name)
    }

    static func revision(of set: Kubernetes.ReplicaSet) -> Int {
        set.metadata.annotations[revision].flatMap { Int64($0) }.map { Int($0) } ?? 0
    }

    /// Brings a ReplicaSet's annotations up to date; a former one that is taken up again keeps its number in its history
    /// (`SetNewReplicaSetAnnotations`).
    static func write(_ deployment: Kubernetes.Deployment, _ next: Int, on metadata: inout Kubernetes.ObjectMeta) {
        for (name, value) in deployment.metadata.annotations where !staysBehind(name) { metadata.annotations[name] = value }
        let old = metadata.annotations[revision]
        let number: Int
        switch old {
        case nil, "": number = 0
        case let text?:
            guard let value = Int64(text) else { return }
            number = Int(value)
        }
        guard number < next else { return }
        metadata.annotations[revision] = String(next)
        guard let old else { return }
        let known = metadata.annotations[history] ?? ""
        if known.isEmpty {
            metadata.annotations[history] = old
            return
        }
        var numbers = known.split(separator: ",", omittingEmptySubsequences: false)[...]
        var length = known.utf8.count + old.utf8.count + 1
        while length > historyLimit, let first = numbers.popFirst() { length -= first.utf8.count + 1 }
        if length <= historyLimit { metadata.annotations[history] = (numbers + [old[...]]).joined(separator: ",") }
    }
}

extension ClusterState {
    /// The ReplicaSet of the Deployment's template, made where wanted and missing, and all others; with their revisions
    /// (`getAllReplicaSetsAndSyncRevision`).
    mutating func syncRevision(
        of deployment: Kubernetes.Deployment, creates: Bool
    ) -> (current: Kubernetes.ReplicaSet?, old: [Kubernetes.ReplicaSet]) {
        let sets = replicaSets(of: deployment)
        let current = sets.first { Self.sameTemplate($0.spec.template, deployment.spec.template) }
        let old = sets.filter { $0.key != current?.key }
        let next = max(0, old.map(DeploymentAnnotation.revision).max() ?? 0) &+ 1
        guard let current else { return (creates ? createReplicaSet(for: deployment, old, next) : nil, old) }
        store.update(Kubernetes.ReplicaSet.self, current.key) {
            DeploymentAnnotation.write(deployment, next, on: &$0.metadata)
            if $0.spec.minReadySeconds != deployment.spec.minReadySeconds {
                $0.spec.minReadySeconds = deployment.spec.minReadySeconds
                $0.metadata.generation += 1
            }
        }
        guard let fresh = store.replicaSets[current.key] else { return (nil, old) }
        let hasDeadline = Self.hasDeadline(deployment)
        let time = now
        store.update(Kubernetes.Deployment.self, deployment.key) {
            $0.metadata.annotations[DeploymentAnnotation.revision] = fresh.metadata.annotations[DeploymentAnnotation.revision]
            if hasDeadline, !$0.status.conditions.contains(where: { $0.type == "Progressing" }) {
                Self.put(
                    &$0.status, "Progressing", "True", "FoundNewReplicaSet",
                    "Found new replica set \"\(fresh.metadata.name)\"", time)
            }
        }
        return (fresh, old)
    }

    private mutating func createReplicaSet(
        for deployment: Kubernetes.Deployment, _ old: [Kubernetes.ReplicaSet], _ next: Int
    ) -> Kubernetes.ReplicaSet? {
        let set = newReplicaSet(for: deployment, old, next)
        guard store.replicaSets[set.key] == nil else {
            // Another template has the same hash, or somebody else has the name: the next try counts one up.
            store.update(Kubernetes.Deployment.self, deployment.key) {
                $0.status.collisionCount = ($0.status.collisionCount ?? 0) + 1
            }
            return nil
        }
        let created = create(set)
        let count = set.spec.replicas ?? 0
        if count > 0 {
            note(
                "ScalingReplicaSet", "Scaled up replica set \(set.metadata.name) from 0 to \(count)", kind: "Deployment",
                key: deployment.key)
        }
        let time = now
        store.update(Kubernetes.Deployment.self, deployment.key) {
            $0.metadata.annotations[DeploymentAnnotation.revision] = String(next)
            guard Self.hasDeadline($0) else { return }
            Self.put(
                &$0.status, "Progressing", "True", "NewReplicaSetCreated",
                "Created new replica set \"\(created.metadata.name)\"", time)
        }
        return created
    }

    private func newReplicaSet(
        for deployment: Kubernetes.Deployment, _ old: [Kubernetes.ReplicaSet], _ next: Int
    ) -> Kubernetes.ReplicaSet {
        var template = deployment.spec.template
        let hash = Self.templateHash(template, collisions: deployment.status.collisionCount)
        template.metadata.labels["pod-template-hash"] = hash
        var set = Kubernetes.ReplicaSet()
        // A name too long for the hash behind it is cut.
        set.metadata.name = "\(deployment.metadata.name.prefix(max(0, 252 - hash.utf8.count)))-\(hash)"
        set.metadata.namespace = deployment.metadata.namespace
        set.metadata.labels = template.metadata.labels
        set.metadata.generation = 1
        set.metadata.ownerReferences = [owner(deployment)]
        let wanted = deployment.spec.replicas ?? 1
        DeploymentAnnotation.write(deployment, next, on: &set.metadata)
        set.metadata.annotations[DeploymentAnnotation.desired] = String(wanted)
        set.metadata.annotations[DeploymentAnnotation.maximum] = String(wanted + Self.fenceposts(deployment).surge)
        set.spec.selector = deployment.spec.selector
        set.spec.selector?.matchLabels["pod-template-hash"] = hash
        set.spec.minReadySeconds = deployment.spec.minReadySeconds
        set.spec.template = template
        let others = old.reduce(0) { $0 + ($1.spec.replicas ?? 0) }
        set.spec.replicas = Self.newReplicas(deployment, current: 0, all: others)
        return set
    }

    /// Takes the template and the annotations of an earlier revision again (`kubectl rollout undo`); 0 is the one before
    /// the latest. What the Deployment has already is left as it is.
    public mutating func rollBack(_ key: ObjectKey, toRevision wanted: Int = 0) throws(StatusError) {
        guard let deployment = store.deployments[key] else { throw StatusError.notFound("deployments.apps", key.name) }
        func refuse(_ message: String) -> StatusError { StatusError(code: 0, reason: "", message: message) }
        let sets = replicaSets(of: deployment).filter {
            $0.metadata.annotations[DeploymentAnnotation.revision].flatMap { Int64($0) } != nil
        }
        let target: Kubernetes.ReplicaSet?
        if wanted == 0 {
            target = sets.sorted { DeploymentAnnotation.revision(of: $0) > DeploymentAnnotation.revision(of: $1) }.dropFirst().first
        } else {
            target = sets.first { DeploymentAnnotation.revision(of: $0) == wanted }
        }
        guard let target else {
            throw refuse(
                wanted == 0
                    ? "no rollout history found for deployment \"\(key.name)\""
                    : "unable to find specified revision \(wanted) in history")
        }
        if deployment.spec.paused {
            throw refuse(
                "you cannot rollback a paused deployment; resume it first with 'kubectl rollout resume' and try again")
        }
        if Self.sameTemplate(target.spec.template, deployment.spec.template) { return }
        try modify(Kubernetes.Deployment.self, key) {
            $0.spec.template = target.spec.template
            $0.spec.template.metadata.labels["pod-template-hash"] = nil
            let own = $0.metadata.annotations.filter { DeploymentAnnotation.staysBehind($0.key) }
            let kept = target.metadata.annotations.filter { !DeploymentAnnotation.staysBehind($0.key) }
            $0.metadata.annotations = kept.merging(own) { $1 }
        }
    }
}
