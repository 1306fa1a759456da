extension ClusterState {
    /// A pod out of a template, owned by its controller (`GetPodFromTemplate`).
    func pod<T: KubernetesObject>(from template: Kubernetes.PodTemplate, ownedBy owner: T) -> Kubernetes.Pod {
        var pod = Kubernetes.Pod()
        pod.metadata = template.metadata
        pod.metadata.name = ""
        pod.metadata.uid = ""
        pod.metadata.creationTimestamp = nil
        pod.metadata.namespace = owner.metadata.namespace
        pod.metadata.generateName = Self.generateName(for: owner.metadata.name)
        pod.metadata.ownerReferences = [self.owner(owner)]
        pod.metadata.generation = 1
        pod.spec = template.spec
        PodDefaults.apply(pod: &pod)
        return pod
    }

    /// Creates a controller's pod. One that admission refuses is not there, and its controller says why.
    mutating func createPod<T: KubernetesObject>(
        _ pod: Kubernetes.Pod, for owner: T
    ) throws(StatusError) -> Kubernetes.Pod {
        var pod = pod
        do throws(StatusError) {
            try giveClassPriority(&pod)
        } catch {
            note("FailedCreate", "Error creating: \(error.message)", kind: T.kind, key: owner.key)
            throw error
        }
        let created = create(pod)
        note("SuccessfulCreate", "Created pod: \(created.metadata.name)", kind: T.kind, key: owner.key)
        return created
    }

    /// `web-66ff9b8d96-`, cut where a pod's name would grow too long.
    static func generateName(for name: String) -> String { "\(name.prefix(252))-" }

    /// Hash of a template: FNV-1a of its canonical text, in the letters of `SafeEncodeString`.
    ///
    /// The real hash is taken over Go's printed form of the struct; ours differs in value, not in form.
    static func templateHash(_ template: Kubernetes.PodTemplate, collisions: Int?) -> String {
        RandomNames.hash(JSONWriter.compact(template.written()) + (collisions.map { "#\($0)" } ?? ""))
    }

    /// The name of a template's ControllerRevision. One that a dump brought stays until the template changes.
    mutating func revision(
        of template: Kubernetes.PodTemplate, _ identity: String, recorded: String?, name: (String) -> String
    ) -> String {
        if let known = revisions[identity], known.template == template { return known.name }
        let isFirst = revisions[identity] == nil
        let fresh = isFirst ? recorded : nil
        let result = fresh ?? name(Self.templateHash(template, collisions: nil))
        revisions[identity] = (template, result)
        return result
    }

    /// Pods that count for a controller: neither finished nor on their way out.
    static func isActive(_ pod: Kubernetes.Pod) -> Bool { !pod.isFinished && !pod.metadata.isTerminating }

    /// Ready for `minReadySeconds` (`podutil.IsPodAvailable`).
    func isAvailable(_ pod: Kubernetes.Pod, minReadySeconds: Int) -> Bool {
        guard pod.isReady else { return false }
        guard minReadySeconds > 0 else { return true }
        guard let since = pod.condition("Ready")?.lastTransitionTime else { return false }
        return since.adding(seconds: Int64(minReadySeconds)) <= now
    }

    /// Wakes a controller when the next of its ready pods becomes available.
    mutating func wakeWhenAvailable(
        _ pods: [Kubernetes.Pod], minReadySeconds: Int, _ controller: ControllerName, _ key: ObjectKey
    ) {
        guard minReadySeconds > 0 else { return }
        let times = pods.filter { $0.isReady && !isAvailable($0, minReadySeconds: minReadySeconds) }
            .compactMap { $0.condition("Ready")?.lastTransitionTime }
        guard let first = times.min() else { return }
        let due = first.adding(seconds: Int64(minReadySeconds))
        wake(controller, key, at: due, isProgress: true)
    }
}
