import HawseModel

/// What the API server and its admission plugins fill into pods and pod templates.
public enum PodDefaults {
    /// `SetDefaults_PodSpec` and `SetDefaults_Container`, as far as they are stored in templates as well.
    public static func apply(template spec: inout Kubernetes.PodSpec) {
        for index in spec.containers.indices { apply(container: &spec.containers[index]) }
        for index in spec.initContainers.indices { apply(container: &spec.initContainers[index]) }
        for index in spec.ephemeralContainers.indices { apply(container: &spec.ephemeralContainers[index]) }
        if spec.dnsPolicy.isEmpty { spec.dnsPolicy = "ClusterFirst" }
        if spec.restartPolicy.isEmpty { spec.restartPolicy = "Always" }
        if spec.schedulerName.isEmpty { spec.schedulerName = "default-scheduler" }
        if spec.terminationGracePeriodSeconds == nil { spec.terminationGracePeriodSeconds = 30 }
        if spec.other["securityContext"] == nil { spec.other["securityContext"] = ManifestNode(.map([])) }
        if let list = spec.other["volumes"], var volumes = list.items {
            for index in volumes.indices { VolumeDefaults.apply(volume: &volumes[index]) }
            spec.other["volumes"] = ManifestNode(.list(volumes), mark: list.mark)
        }
    }

    /// A pod of its own has, beside the template's defaults, service links and two tolerations.
    public static func apply(pod: inout Kubernetes.Pod) {
        apply(template: &pod.spec)
        for index in pod.spec.containers.indices { request(&pod.spec.containers[index].resources) }
        for index in pod.spec.initContainers.indices { request(&pod.spec.initContainers[index].resources) }
        requestForWhole(&pod.spec)
        if pod.metadata.resourceVersion.isEmpty { LabelKeyMerge.apply(&pod) }
        if pod.spec.hostNetwork {
            // Templates keep their ports without a host port.
            for index in pod.spec.containers.indices { mirrorPorts(of: &pod.spec.containers[index]) }
            for index in pod.spec.initContainers.indices { mirrorPorts(of: &pod.spec.initContainers[index]) }
        }
        if pod.spec.enableServiceLinks == nil { pod.spec.enableServiceLinks = true }
        for key in ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"] {
            // DefaultTolerationSeconds leaves pods alone that tolerate the taint already.
            let known = pod.spec.tolerations.contains {
                ($0.key == key || $0.key.isEmpty) && ($0.effect == "NoExecute" || $0.effect.isEmpty)
            }
            if !known {
                pod.spec.tolerations.append(
                    .init(key: key, op: "Exists", effect: "NoExecute", tolerationSeconds: 300))
            }
        }
        if pod.status.phase.isEmpty { pod.status.phase = "Pending" }
        if pod.status.qosClass.isEmpty { pod.status.qosClass = qualityOfService(pod.spec) }
    }

    static func apply(container: inout Kubernetes.Container) {
        if container.imagePullPolicy.isEmpty { container.imagePullPolicy = pullPolicy(of: container.image) }
        if let list = container.other["env"], var variables = list.items {
            for index in variables.indices { VolumeDefaults.apply(variable: &variables[index]) }
            container.other["env"] = ManifestNode(.list(variables), mark: list.mark)
        }
        if container.terminationMessagePath.isEmpty { container.terminationMessagePath = "/dev/termination-log" }
        if container.terminationMessagePolicy.isEmpty { container.terminationMessagePolicy = "File" }
        for index in container.ports.indices {
            if container.ports[index].protocol.isZero { container.ports[index].protocol = .tcp }
        }
        if var lifecycle = container.lifecycle {
            apply(hook: &lifecycle.postStart)
            apply(hook: &lifecycle.preStop)
            container.lifecycle = lifecycle
        }
        apply(probe: &container.livenessProbe)
        apply(probe: &container.readinessProbe)
        apply(probe: &container.startupProbe)
    }

    /// What is always new has to be pulled always.
    static func pullPolicy(of image: String) -> String {
        let name = image.split(separator: "/").last ?? ""
        let isLatest = !image.contains("@") && (!name.contains(":") || name.hasSuffix(":latest"))
        return isLatest ? "Always" : "IfNotPresent"
    }

    private static func mirrorPorts(of container: inout Kubernetes.Container) {
        for index in container.ports.indices where container.ports[index].hostPort == 0 {
            container.ports[index].hostPort = container.ports[index].containerPort
        }
    }

    private static func apply(probe: inout Kubernetes.Probe?) {
        guard probe != nil else { return }
        if probe?.timeoutSeconds == 0 { probe?.timeoutSeconds = 1 }
        if probe?.periodSeconds == 0 { probe?.periodSeconds = 10 }
        if probe?.successThreshold == 0 { probe?.successThreshold = 1 }
        if probe?.failureThreshold == 0 { probe?.failureThreshold = 3 }
        if let request = probe?.httpGet { probe?.httpGet = completed(request) }
        if probe?.grpc != nil, probe?.grpc?.service == nil { probe?.grpc?.service = "" }
    }

    private static func apply(hook: inout Kubernetes.LifecycleHandler?) {
        if let request = hook?.httpGet { hook?.httpGet = completed(request) }
    }

    private static func completed(_ request: Kubernetes.HTTPGetAction) -> Kubernetes.HTTPGetAction {
        var request = request
        if request.path.isEmpty { request.path = "/" }
        if request.scheme.isEmpty { request.scheme = "HTTP" }
        return request
    }

    /// What is limited is asked for; pods only, templates are stored as they came.
    private static func request(_ resources: inout Kubernetes.ResourceRequirements) {
        for (name, limit) in resources.limits where resources.requests[name] == nil { resources.requests[name] = limit }
    }

    /// A pod with resources of its own asks for what its containers ask together, else for what it is limited to
    /// (`setDefaultPodRequests`).
    private static func requestForWhole(_ spec: inout Kubernetes.PodSpec) {
        guard var own = spec.resources, !own.requests.isEmpty || !own.limits.isEmpty else { return }
        func isShared(_ name: String) -> Bool { name == "cpu" || name == "memory" || name.hasPrefix("hugepages-") }
        // Huge pages are limited to what the containers may have together.
        for (name, sum) in spec.containerSum(\.limits)
        where name.hasPrefix("hugepages-") && own.limits[name] == nil && own.requests[name] == nil {
            own.limits[name] = spec.firstAmount(of: name, \.limits).map { Kubernetes.Quantity(thousandths: sum, like: $0) }
        }
        spec.resources = own
        if own.limits.isEmpty { return }
        for (name, sum) in spec.containerSum(\.requests) where own.requests[name] == nil && isShared(name) && !name.hasPrefix("hugepages-") {
            let like = spec.firstAmount(of: name, \.requests)
            own.requests[name] = like.map { Kubernetes.Quantity(thousandths: sum, like: $0) }
        }
        for (name, limit) in own.limits where own.requests[name] == nil && isShared(name) { own.requests[name] = limit }
        spec.resources = own
    }

    /// `ComputePodQOS`
    static func qualityOfService(_ spec: Kubernetes.PodSpec) -> String {
        // Resources of the pod as a whole stand for those of its containers.
        let own = spec.resources.flatMap { $0.requests.isEmpty && $0.limits.isEmpty ? nil : $0 }
        let limits = own.map { [$0] } ?? (spec.containers + spec.initContainers).map(\.resources)
        if limits.allSatisfy({ $0.requests.isEmpty && $0.limits.isEmpty }) { return "BestEffort" }
        let guaranteed = limits.allSatisfy { resources in
            ["cpu", "memory"].allSatisfy { name in
                resources.limits[name] != nil
                    && (resources.requests[name] ?? resources.limits[name]) == resources.limits[name]
            }
        }
        return guaranteed ? "Guaranteed" : "Burstable"
    }
}
