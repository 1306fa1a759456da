/// What both endpoint controllers ask of pods and Services.
enum ServiceEndpoints {
    /// Has an address, has not finished; ending pods only where asked for (`ShouldPodBeInEndpoints`).
    static func includes(_ pod: Kubernetes.Pod, terminating: Bool) -> Bool {
        if pod.isFinished || pod.status.podIP.isEmpty && pod.status.podIPs.isEmpty { return false }
        return terminating || !pod.metadata.isTerminating
    }

    /// The number behind a Service port on a pod (`podutil.FindPort`): a named port is looked up in the containers,
    /// then in sidecars, by name and protocol.
    static func targetPort(of port: Kubernetes.ServicePort, on pod: Kubernetes.Pod) -> Int? {
        switch port.targetPort {
        case .int(let number): return number
        case .string(let name):
            let sidecars = pod.spec.initContainers.filter { $0.restartPolicy == "Always" }
            for container in pod.spec.containers + sidecars {
                for candidate in container.ports
                where candidate.name == name && (candidate.protocol.isZero ? .tcp : candidate.protocol) == port.protocol {
                    return candidate.containerPort
                }
            }
            return nil
        }
    }

    /// The pod's address of a family.
    static func address(of pod: Kubernetes.Pod, _ family: Kubernetes.IPFamily) -> String? {
        let all = pod.status.podIPs.isEmpty ? [pod.status.podIP] : pod.status.podIPs.map(\.ip)
        return all.first { !$0.isEmpty && $0.contains(":") == (family == .ipv6) }
    }

    /// A pod's name in DNS under a Service: only where it names this Service as its subdomain.
    static func hostname(of pod: Kubernetes.Pod, in service: Kubernetes.Service) -> String? {
        guard !pod.spec.hostname.isEmpty, pod.spec.subdomain == service.metadata.name,
            pod.metadata.namespace == service.metadata.namespace
        else { return nil }
        return pod.spec.hostname
    }

    static func targetReference(of pod: Kubernetes.Pod) -> Kubernetes.ObjectReference {
        Kubernetes.ObjectReference(
            kind: "Pod", namespace: pod.metadata.namespace, name: pod.metadata.name, uid: pod.metadata.uid)
    }

    static func isHeadless(_ service: Kubernetes.Service) -> Bool { service.spec.clusterIP == "None" }

    /// Labels that the controllers themselves write.
    static func isReserved(_ label: String) -> Bool {
        ["kubernetes.io/service-name", "endpointslice.kubernetes.io/managed-by", "service.kubernetes.io/headless"]
            .contains(label)
    }

    /// The Service's labels, without those that the controllers write, and with that of headless Services.
    static func labels(of service: Kubernetes.Service) -> [String: String] {
        var labels = service.metadata.labels.filter { !isReserved($0.key) }
        if isHeadless(service) { labels["service.kubernetes.io/headless"] = "" }
        return labels
    }

    static let triggerAnnotation = "endpoints.kubernetes.io/last-change-trigger-time"
}
