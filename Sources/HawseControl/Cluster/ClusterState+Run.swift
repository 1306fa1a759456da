import OrderedCollections

extension ClusterState {
    /// Rounds without an end would be a controller fighting another one: a bug, to be seen and not to hang on.
    private static let roundLimit = 100_000

    /// Runs the controllers until nothing more changes at this instant.
    public mutating func reconcile() {
        guard isReachableAPI else {
            runKubelets()
            return
        }
        for _ in 0..<Self.roundLimit {
            dispatchEvents()
            if queues.isEmpty { return }
            // Autoscalers look at what has come to rest: their queue keeps a key for its first fifteen seconds.
            if queues.isEmpty(but: .autoscaler) {
                for key in queues.takeAll(.autoscaler) { sync(.autoscaler, key) }
                continue
            }
            for controller in ControllerName.allCases where controller != .autoscaler {
                let keys = queues.takeAll(controller)
                if controller == .scheduler {
                    for key in byPriority(keys) { sync(controller, key) }
                } else {
                    for key in keys { sync(controller, key) }
                }
            }
        }
    }

    /// Runs to a fixed point: the clock moves on through work in progress (starting containers, probes that have not
    /// passed yet, graceful ends), but not for what recurs for ever. Stops after `limit` seconds at the latest.
    public mutating func settle(limit seconds: Int64 = 600) {
        let end = now.adding(seconds: seconds)
        reconcile()
        while let time = timers.nextProgress(), time <= end {
            advance(to: max(time, now))
        }
    }

    /// Lets time pass: every timer up to and including `time` fires in order.
    public mutating func advance(to time: Kubernetes.Time) {
        reconcile()
        while let timer = timers.next, timer.time <= time {
            now = max(now, timer.time)
            while let due = timers.next, due.time <= now, let fired = timers.popFirst() {
                _ = due
                queues.add(fired.key, to: fired.controller)
            }
            reconcile()
        }
        now = max(now, time)
    }

    public mutating func advance(bySeconds seconds: Double) {
        advance(to: Kubernetes.Time(microseconds: now.microseconds + Int64(seconds * 1_000_000)))
    }

    /// Wakes a controller for a key later; `isProgress` when settling should wait for it.
    mutating func wake(_ controller: ControllerName, _ key: ObjectKey, at time: Kubernetes.Time, isProgress: Bool) {
        timers.add(time, controller, key, isProgress: isProgress)
    }

    mutating func wake(
        _ controller: ControllerName, _ key: ObjectKey, inSeconds seconds: Double, isProgress: Bool
    ) {
        let later = Kubernetes.Time(microseconds: now.microseconds + Int64(seconds * 1_000_000))
        wake(controller, key, at: later, isProgress: isProgress)
    }

    private mutating func sync(_ controller: ControllerName, _ key: ObjectKey) {
        switch controller {
        case .autoscaler: syncAutoscaler(key)
        case .cronJob: syncCronJob(key)
        case .deployment: syncDeployment(key)
        case .replicaSet: syncReplicaSet(key)
        case .replicationController: syncReplicationController(key)
        case .statefulSet: syncStatefulSet(key)
        case .daemonSet: syncDaemonSet(key)
        case .job: syncJob(key)
        case .node: syncNode(key)
        case .disruption: syncDisruptionBudget(key)
        case .eviction: retryEviction(key)
        case .scheduler: schedule(key)
        case .kubelet: syncPod(key)
        case .endpoints: syncEndpoints(key)
        case .endpointSlice: syncEndpointSlices(key)
        case .mirroring: syncMirroring(key)
        }
    }

    /// Hands the store's changes to the controllers that care.
    private mutating func dispatchEvents() {
        while store.revision > seen {
            let fresh = Array(store.events(after: seen))
            seen = store.revision
            for event in fresh { dispatch(event) }
        }
        store.compact(through: min(seen, watchedRevision))
    }

    private mutating func dispatch(_ event: WatchEvent) {
        let key = event.key
        switch event.kind {
        case "Pod": podChanged(event)
        case "Service": serviceChanged(event)
        case "Node": nodeChanged(event)
        case "Endpoints": queues.add(key, to: .mirroring)
        case "EndpointSlice": sliceChanged(event)
        case "Deployment": queues.add(key, to: .deployment)
        case "ReplicaSet":
            queues.add(key, to: .replicaSet)
            if let owner = store.replicaSets[key]?.metadata.controller {
                queues.add(ObjectKey(namespace: key.namespace, name: owner.name), to: .deployment)
            }
        case "ReplicationController": queues.add(key, to: .replicationController)
        case "StatefulSet": queues.add(key, to: .statefulSet)
        case "DaemonSet": queues.add(key, to: .daemonSet)
        case "Job":
            queues.add(key, to: .job)
            if let owner = store.jobs[key]?.metadata.controller {
                queues.add(ObjectKey(namespace: key.namespace, name: owner.name), to: .cronJob)
            }
        case "CronJob": queues.add(key, to: .cronJob)
        case "HorizontalPodAutoscaler": queues.add(key, to: .autoscaler)
        case "PodDisruptionBudget": queues.add(key, to: .disruption)
        case "PriorityClass": if event.change == .added { retryCreations() }
        default: break
        }
    }

    private mutating func podChanged(_ event: WatchEvent) {
        let key = event.key
        var services = servicesOfPod[key] ?? []
        if let pod = store.pods[key] {
            if scheduling.count(pod) { retryUnscheduled() }
            if pod.spec.nodeName.isEmpty {
                scheduling.nominate(key, pod.isFinished ? "" : pod.status.nominatedNodeName)
                queues.add(key, to: .scheduler)
            } else {
                scheduling.nominate(key, "")
                queues.add(key, to: .kubelet)
                let node = ObjectKey(name: pod.spec.nodeName)
                if store.nodes[node].map(Self.evicts) ?? false { queues.add(node, to: .node) }
            }
            wakeOwner(of: pod)
            let current = serviceIndex.candidates(namespace: key.namespace, labels: pod.metadata.labels).filter {
                guard let selector = store.services[$0]?.spec.selector, !selector.isEmpty else { return false }
                return selector.allSatisfy { pod.metadata.labels[$0.key] == $0.value }
            }
            servicesOfPod[key] = Set(current)
            services.formUnion(current)
        } else {
            servicesOfPod[key] = nil
            scheduling.forget(key)
            scheduling.nominate(key, "")
            evictions[key] = nil
            podRemoved(key)
            retryUnscheduled()
        }
        if !store.disruptionBudgets.isEmpty { countDisruptions(in: key.namespace) }
        for service in services.sorted() {
            forgetRecording(of: service)
            queues.add(service, to: .endpoints)
            queues.add(service, to: .endpointSlice)
        }
    }

    /// Whoever was refused pods for want of their class may have them now.
    private mutating func retryCreations() {
        for key in store.replicaSets.keys { queues.add(key, to: .replicaSet) }
        for key in store.replicationControllers.keys { queues.add(key, to: .replicationController) }
        for key in store.statefulSets.keys { queues.add(key, to: .statefulSet) }
        for key in store.daemonSets.keys { queues.add(key, to: .daemonSet) }
        for key in store.jobs.keys { queues.add(key, to: .job) }
    }

    /// Budgets that the pod counts for, or that count a scale of its controller.
    private mutating func countDisruptions(in namespace: String) {
        for key in store.disruptionBudgets.keys where key.namespace == namespace { queues.add(key, to: .disruption) }
    }

    /// Room was made: pods that found none may try again.
    private mutating func retryUnscheduled() {
        for key in scheduling.waiting { queues.add(key, to: .scheduler) }
    }

    /// Slices out of a dump are the truth until a pod or the Service itself changes; in a dump without pods they
    /// stay it, since nothing else could say what they should be.
    private mutating func forgetRecording(of service: ObjectKey) {
        if isLoaded, !store.pods.isEmpty { recordedServices.remove(service) }
    }

    mutating func wakeOwner(of pod: Kubernetes.Pod) {
        guard let owner = pod.metadata.controller else {
            wakeAdopters(of: pod)
            return
        }
        wakeOwner(owner, namespace: pod.metadata.namespace)
    }

    /// A pod of nobody's may be somebody's.
    private mutating func wakeAdopters(of pod: Kubernetes.Pod) {
        guard Self.isActive(pod) else { return }
        let labels = pod.metadata.labels
        func fits(_ metadata: Kubernetes.ObjectMeta, _ selector: Kubernetes.LabelSelector?) -> Bool {
            metadata.namespace == pod.metadata.namespace && selector.map { !$0.isEmpty && $0.matches(labels) } ?? false
        }
        for set in store.replicaSets.all where fits(set.metadata, set.spec.selector) { queues.add(set.key, to: .replicaSet) }
        for set in store.statefulSets.all where fits(set.metadata, set.spec.selector) { queues.add(set.key, to: .statefulSet) }
        for set in store.daemonSets.all where fits(set.metadata, set.spec.selector) { queues.add(set.key, to: .daemonSet) }
        for owner in store.replicationControllers.all
        where fits(owner.metadata, Kubernetes.LabelSelector(matchLabels: owner.spec.selector)) {
            queues.add(owner.key, to: .replicationController)
        }
    }

    mutating func wakeOwner(_ owner: Kubernetes.OwnerReference, namespace: String) {
        let key = ObjectKey(namespace: namespace, name: owner.name)
        switch owner.kind {
        case "ReplicaSet": queues.add(key, to: .replicaSet)
        case "ReplicationController": queues.add(key, to: .replicationController)
        case "StatefulSet": queues.add(key, to: .statefulSet)
        case "DaemonSet": queues.add(key, to: .daemonSet)
        case "Job": queues.add(key, to: .job)
        default: break
        }
    }

    private mutating func serviceChanged(_ event: WatchEvent) {
        serviceIndex.set(event.key, selector: store.services[event.key]?.spec.selector)
        forgetRecording(of: event.key)
        queues.add(event.key, to: .endpoints)
        queues.add(event.key, to: .endpointSlice)
        queues.add(event.key, to: .mirroring)
    }

    private mutating func nodeChanged(_ event: WatchEvent) {
        if !evictions.isEmpty || store.nodes[event.key].map(Self.evicts) ?? false { queues.add(event.key, to: .node) }
        for key in store.daemonSets.keys { queues.add(key, to: .daemonSet) }
        for pod in store.pods.all {
            if pod.spec.nodeName.isEmpty {
                queues.add(pod.key, to: .scheduler)
            } else if pod.spec.nodeName == event.key.name {
                queues.add(pod.key, to: .kubelet)
            }
        }
        for key in store.services.keys { queues.add(key, to: .endpointSlice) }
    }

    /// A slice of ours that somebody else changed or removed is put right again.
    private mutating func sliceChanged(_ event: WatchEvent) {
        guard event.change != .added, let service = sliceOwners[event.key] else { return }
        queues.add(service, to: .endpointSlice)
        if event.change == .deleted { sliceOwners[event.key] = nil }
    }
}
