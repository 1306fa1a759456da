extension ClusterState {
    /// The Priority admission plugin: a new pod's class gives it its priority and whether it may evict others; a pod that
    /// names none gets the default class. What a dump holds has been through it.
    func giveClassPriority(_ pod: inout Kubernetes.Pod) throws(StatusError) {
        guard pod.metadata.resourceVersion.isEmpty else {
            if pod.spec.priority == nil { pod.spec.priority = 0 }
            if pod.spec.preemptionPolicy == nil { pod.spec.preemptionPolicy = "PreemptLowerPriority" }
            return
        }
        let chosen: Kubernetes.PriorityClass?
        if pod.spec.priorityClassName.isEmpty {
            chosen = defaultPriorityClass
            pod.spec.priorityClassName = chosen?.metadata.name ?? ""
        } else {
            chosen = store.priorityClasses[ObjectKey(name: pod.spec.priorityClassName)]
            guard chosen != nil else {
                throw forbidden(pod, "no PriorityClass with name \(pod.spec.priorityClassName) was found")
            }
        }
        let value = chosen?.value ?? 0
        if let said = pod.spec.priority, said != value {
            throw forbidden(
                pod,
                "the integer value of priority (\(said)) must not be provided in pod spec; priority admission controller "
                    + "computed \(value) from the given PriorityClass name")
        }
        pod.spec.priority = value
        let policy = chosen?.preemptionPolicy ?? "PreemptLowerPriority"
        if let said = pod.spec.preemptionPolicy, said != policy {
            throw forbidden(
                pod,
                "the string value of PreemptionPolicy (\(said)) must not be provided in pod spec; priority admission "
                    + "controller computed \(policy) from the given PriorityClass name")
        }
        pod.spec.preemptionPolicy = policy
    }

    private func forbidden(_ pod: Kubernetes.Pod, _ why: String) -> StatusError {
        StatusError.forbidden("pods", pod.metadata.name.isEmpty ? pod.metadata.generateName : pod.metadata.name, why)
    }

    /// Of several default classes, which a race can make, the one of least value.
    private var defaultPriorityClass: Kubernetes.PriorityClass? {
        store.priorityClasses.all.filter(\.globalDefault).min { $0.value < $1.value }
    }

    /// There is one default class at most.
    func checkDefault(_ new: Kubernetes.PriorityClass) throws(StatusError) {
        guard new.globalDefault, let old = defaultPriorityClass, old.metadata.name != new.metadata.name else { return }
        throw StatusError.forbidden(
            "priorityclasses.scheduling.k8s.io", new.metadata.name,
            "PriorityClass \(old.metadata.name) is already marked as default. Only one default can exist")
    }
}
