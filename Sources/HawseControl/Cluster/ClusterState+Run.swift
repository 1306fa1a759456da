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
                for key in queues.takeAll(controller) { sync(controller, key) }
            }
        }
    }

    /// Runs to a fixed point: the clock moves on through work in progress (starting containers, probes that have not
    /// passed yet, graceful ends), but not for what recurs for ever. Stops after `limit` seconds at the latest.
    public mutating func settle(limit seconds: Int64 = 600) {
        let end = Kubernetes.Time(microseconds: now.microseconds + seconds * 1_000_000)
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
        default: break
        }
    }

    private mutating func podChanged(_ event: WatchEvent) {
        let key = event.key
        var services = servicesOfPod[key] ?? []
        if let pod = store.pods[key] {
            scheduling.count(pod)
            if pod.spec.nodeName.isEmpty {
                queues.add(key, to: .scheduler)
            } else {
                queues.add(key, to: .kubelet)
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
            podRemoved(key)
            retryUnscheduled()
        }
        for service in services.sorted() {
            forgetRecording(of: service)
            queues.add(service, to: .endpoints)
            queues.add(service, to: .endpointSlice)
        }
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
        guard let owner = pod.metadata.controller else { return }
        wakeOwner(owner, namespace: pod.metadata.namespace)
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
