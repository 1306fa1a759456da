import HawseControl
import HawseWire

/// A cluster's Services, slices, Endpoints and pods with everything taken out that is random in the real system,
/// so that two clusters that follow the same rules give the same text.
struct ClusterSummary {
    var store: [any KubernetesObject]
    private var podNames: [String: String] = [:]
    /// Pods of a controller: which node they are on is the scheduler's dice.
    private var controlled: Set<String> = []
    /// Pods by address, to name endpoints by pod.
    private var podsByAddress: [String: String] = [:]
    /// Values that the manifests fix and that therefore stay.
    let givenAddresses: Set<String>
    let givenPorts: Set<Int>

    init(_ objects: [any KubernetesObject], manifests: [LoadedObject]) {
        store = objects
        let services = manifests.compactMap { $0.of(Kubernetes.Service.self) }
        givenAddresses = Set(services.flatMap { $0.spec.clusterIPs + [$0.spec.clusterIP] } + ["10.96.0.1"])
        givenPorts = Set(services.flatMap { $0.spec.ports.map(\.nodePort) + [$0.spec.healthCheckNodePort] })
        for case let pod as Kubernetes.Pod in objects {
            let owner = pod.metadata.controller
            if owner != nil { controlled.insert(pod.metadata.uid) }
            let name = owner == nil || owner?.kind == "StatefulSet" ? pod.metadata.name : "(of \(Self.stem(pod.metadata.generateName)))"
            podNames[pod.metadata.uid] = name
            for address in pod.status.podIPs where !pod.spec.hostNetwork { podsByAddress[address.ip] = name }
        }
    }

    /// `web-66ff9b8d96-` loses its template hash, `batch-cron-29923520-` its minute.
    private static func stem(_ generateName: String) -> String {
        let parts = generateName.dropLast().split(separator: "-")
        guard parts.count > 1, let last = parts.last, last.count >= 8 else { return generateName }
        return parts.dropLast().joined(separator: "-") + "-"
    }

    var lines: [String] {
        store.flatMap { object -> [String] in
            switch object {
            case let service as Kubernetes.Service: [line(service)]
            case let slice as Kubernetes.EndpointSlice: lines(slice)
            case let endpoints as Kubernetes.Endpoints: lines(endpoints)
            case let pod as Kubernetes.Pod: [line(pod)]
            case let ingress as Kubernetes.Ingress: [line(ingress)]
            default: []
            }
        }.sorted()
    }

    private func address(_ text: String) -> String {
        if givenAddresses.contains(text) { return text }
        guard let address = IPAddress(text) else { return text }
        let band = IPPrefix("10.96.0.0/12")!.contains(address) ? "a dynamic ClusterIP" : "an IPv6 ClusterIP"
        if address.family == .ipv4, address <= IPAddress("10.96.1.0")! { return "a static ClusterIP" }
        if address.family == .ipv6, !IPPrefix("fd00:10:96::/112")!.contains(address) { return "outside" }
        return band
    }

    private func port(_ number: Int) -> String {
        if number == 0 || givenPorts.contains(number) { return String(number) }
        return (30086...32767).contains(number) ? "a dynamic port" : "port \(number) outside the band"
    }

    private func line(_ service: Kubernetes.Service) -> String {
        var shown = service
        shown.metadata = Kubernetes.ObjectMeta(
            name: service.metadata.name, namespace: service.metadata.namespace, labels: service.metadata.labels)
        shown.metadata.annotations = service.metadata.annotations
        shown.spec.clusterIP = address(service.spec.clusterIP)
        shown.spec.clusterIPs = service.spec.clusterIPs.map(address)
        let ports = service.spec.ports.map { port($0.nodePort) }.joined(separator: ",")
        for index in shown.spec.ports.indices { shown.spec.ports[index].nodePort = 0 }
        let health = port(service.spec.healthCheckNodePort)
        shown.spec.healthCheckNodePort = 0
        return "Service \(JSONWriter.compact(shown.written())) nodePorts \(ports) health \(health)"
    }

    private func line(_ ingress: Kubernetes.Ingress) -> String {
        var shown = ingress
        shown.metadata = Kubernetes.ObjectMeta(
            name: ingress.metadata.name, namespace: ingress.metadata.namespace, labels: ingress.metadata.labels)
        return "Ingress \(JSONWriter.compact(shown.written()))"
    }

    private func pod(_ reference: Kubernetes.ObjectReference?) -> String {
        reference.map { podNames[$0.uid] ?? "pod \($0.name)" } ?? "-"
    }

    private func endpointAddress(_ text: String) -> String {
        podsByAddress[text].map { "[\($0) \(text.contains(":") ? 6 : 4)]" } ?? text
    }

    private func lines(_ slice: Kubernetes.EndpointSlice) -> [String] {
        let generated = !slice.metadata.generateName.isEmpty
        let labels = slice.metadata.labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        let ports = slice.ports.map { JSONWriter.compact($0.written()) }.sorted()
        let owner = slice.metadata.ownerReferences.map { "\($0.kind) \($0.name)" }
        let head =
            "Slice \(slice.metadata.namespace)/\(generated ? slice.metadata.generateName + "*" : slice.metadata.name) "
            + "\(slice.addressType) \(labels) \(ports) \(owner)"
        let endpoints = slice.endpoints.map { endpoint in
            var shown = endpoint
            shown.addresses = endpoint.addresses.map(endpointAddress)
            shown.targetRef = nil
            if controlled.contains(endpoint.targetRef?.uid ?? "") {
                shown.nodeName = shown.nodeName == nil ? nil : "a node"
                shown.zone = shown.zone == nil ? nil : "a zone"
            }
            return "\(pod(endpoint.targetRef)) \(JSONWriter.compact(shown.written()))"
        }
        return ["\(head) with \(slice.endpoints.count)"] + endpoints.map { "\(head): \($0)" }
    }

    private func lines(_ endpoints: Kubernetes.Endpoints) -> [String] {
        let labels = endpoints.metadata.labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        let head = "Endpoints \(endpoints.metadata.namespace)/\(endpoints.metadata.name) \(labels)"
        return [head] + endpoints.subsets.flatMap { subset -> [String] in
            let ports = subset.ports.map { JSONWriter.compact($0.written()) }.sorted()
            let all = subset.addresses.map { ($0, "ready") } + subset.notReadyAddresses.map { ($0, "not ready") }
            return all.map { address, state in
                "\(head) \(ports) \(state) \(endpointAddress(address.ip)) \(pod(address.targetRef)) \(address.hostname)"
            }
        }
    }

    private func line(_ pod: Kubernetes.Pod) -> String {
        let name = podNames[pod.metadata.uid] ?? ""
        let isGenerated = name.hasPrefix("(")
        let hashes = ["pod-template-hash", "controller-revision-hash", "controller-uid", "batch.kubernetes.io/controller-uid",
                      "job-name", "batch.kubernetes.io/job-name"]
        var labels = pod.metadata.labels
        for label in hashes where labels[label] != nil { labels[label] = "*" }
        if isGenerated || pod.metadata.controller != nil {
            labels["topology.kubernetes.io/zone"] = labels["topology.kubernetes.io/zone"].map { _ in "a zone" }
        }
        let node = pod.metadata.controller == nil ? pod.spec.nodeName : pod.spec.nodeName.isEmpty ? "no node" : "a node"
        let conditions = pod.status.conditions.map { condition in
            // The lab's kubelet leaves a reason behind when a condition becomes true again.
            let reason = condition.status == "True" && condition.type != "Initialized" ? "" : condition.reason
            return "\(condition.type)=\(condition.status) \(reason)"
        }.sorted()
        var spec = pod.spec
        spec.nodeName = ""
        spec.affinity = nil
        return "Pod \(pod.metadata.namespace)/\(name) on \(node) \(labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }) "
            + "\(pod.status.phase) addresses \(pod.status.podIPs.count) \(conditions) "
            + "ending \(pod.metadata.isTerminating) \(pod.metadata.finalizers) \(JSONWriter.compact(spec.written()))"
    }
}

extension ClusterStore {
    var summarized: [any KubernetesObject] {
        Array(services.all) + Array(endpointSlices.all) + Array(endpoints.all) + Array(pods.all)
            + Array(ingresses.all)
    }
}

extension ManifestLoader {
    var known: [any KubernetesObject] {
        objects.compactMap { if case .known(let object) = $0.content { object } else { nil } }
    }
}
