import HawseModel

/// Names and selectors of a set of manifests that lead nowhere in it. The API server takes them all, and nothing works: the
/// endpoints stay empty, the Ingress answers 503.
///
/// What a reference names is sought among the manifests only where they have objects of that kind in the namespace at all: a
/// Service alone in a file may well have its pods elsewhere.
public struct LooseEnds {
    private var pods: [String: Pods] = [:]
    private var services: [String: [String: Kubernetes.Service]] = [:]
    private var scaled: [String: Set<String>] = [:]
    private var found: [ManifestDiagnostic] = []

    /// A pod, or the pods of a workload.
    private struct PodShape {
        var labels: [String: String]
        var spec: Kubernetes.PodSpec
    }

    /// Those of a namespace, and where each of their labels stands.
    private struct Pods {
        var shapes: [PodShape] = []
        var byLabel: [String: [Int]] = [:]

        mutating func add(_ shape: PodShape) {
            for (key, value) in shape.labels { byLabel["\(key)=\(value)", default: []].append(shapes.count) }
            shapes.append(shape)
        }
    }

    /// A warning for each loose end, in the order of the objects.
    public static func findings(_ objects: [LoadedObject]) -> [ManifestDiagnostic] {
        let applied = objects.filter { $0.operation == .apply }
        var ends = LooseEnds()
        for object in applied { ends.collect(object) }
        for object in applied { ends.check(object) }
        return ends.found
    }

    private static func namespace(_ object: LoadedObject) -> String {
        object.metadata.namespace.isEmpty ? "default" : object.metadata.namespace
    }

    private mutating func collect(_ loaded: LoadedObject) {
        guard case .known(let object) = loaded.content else { return }
        let space = Self.namespace(loaded)
        if let shape = Self.shape(object) { pods[space, default: Pods()].add(shape) }
        switch object {
        case let service as Kubernetes.Service: services[space, default: [:]][service.metadata.name] = service
        case is Kubernetes.Deployment, is Kubernetes.ReplicaSet, is Kubernetes.StatefulSet, is Kubernetes.ReplicationController:
            scaled[space, default: []].insert("\(object.kindName)/\(object.metadata.name)")
        default: break
        }
    }

    private static func shape(_ object: any KubernetesObject) -> PodShape? {
        if let pod = object as? Kubernetes.Pod { return PodShape(labels: pod.metadata.labels, spec: pod.spec) }
        let template: Kubernetes.PodTemplate? =
            switch object {
            case let set as Kubernetes.Deployment: set.spec.template
            case let set as Kubernetes.StatefulSet: set.spec.template
            case let set as Kubernetes.DaemonSet: set.spec.template
            case let set as Kubernetes.ReplicaSet: set.spec.template
            case let set as Kubernetes.ReplicationController: set.spec.template
            case let job as Kubernetes.Job: job.spec.template
            case let job as Kubernetes.CronJob: job.spec.jobTemplate.spec.template
            default: nil
            }
        return template.map { PodShape(labels: $0.metadata.labels, spec: $0.spec) }
    }

    private mutating func check(_ loaded: LoadedObject) {
        guard case .known(let object) = loaded.content else { return }
        switch object {
        case let service as Kubernetes.Service: check(service, loaded)
        case let ingress as Kubernetes.Ingress: check(ingress, loaded)
        case let autoscaler as Kubernetes.HorizontalPodAutoscaler: check(autoscaler, loaded)
        case let set as Kubernetes.StatefulSet: check(set, loaded)
        default: break
        }
    }

    private mutating func warn(_ loaded: LoadedObject, _ field: String, _ message: String, near: String? = nil) {
        var warning = ManifestDiagnostic(
            severity: .warning, file: loaded.file, mark: loaded.mark(ofField: field), field: field, message: message, suggestion: near)
        warning.object = .init(kind: loaded.kind, namespace: loaded.metadata.namespace, name: loaded.metadata.name)
        found.append(warning)
    }
}

extension LooseEnds {
    /// Labels that controllers give to pods: no template has them.
    private static let madeLabels: Set<String> = [
        "apps.kubernetes.io/pod-index", "batch.kubernetes.io/controller-uid", "batch.kubernetes.io/job-completion-index",
        "batch.kubernetes.io/job-name", "controller-revision-hash", "controller-uid", "job-name", "pod-template-generation",
        "pod-template-hash", "statefulset.kubernetes.io/pod-name",
    ]

    private mutating func check(_ service: Kubernetes.Service, _ loaded: LoadedObject) {
        let selector = service.spec.selector.filter { !Self.madeLabels.contains($0.key) }
        guard !selector.isEmpty, service.spec.type != .externalName, let pods = pods[Self.namespace(loaded)] else { return }
        let pairs = selector.map { "\($0.key)=\($0.value)" }.sorted()
        // Of the pods with the rarest of the labels those that have them all.
        let fewest = pairs.map { pods.byLabel[$0] ?? [] }.min { $0.count < $1.count } ?? []
        let chosen = fewest.map { pods.shapes[$0] }.filter { pod in
            selector.allSatisfy { pod.labels[$0.key] == $0.value }
        }
        guard !chosen.isEmpty else {
            let strange = pairs.first { pods.byLabel[$0] == nil }
            warn(
                loaded, "spec.selector", "no pod of these manifests has the labels \(ResourceColumns.labels(service.spec.selector))",
                near: strange.flatMap { nearestWord($0, among: pods.byLabel.keys.sorted()) })
            return
        }
        // `FindPort`: of init containers only those that go on running.
        let containers = chosen.flatMap { $0.spec.containers + $0.spec.initContainers.filter { $0.restartPolicy == "Always" } }
        for (index, port) in service.spec.ports.enumerated() {
            guard case .string(let name) = port.targetPort else { continue }
            let named = containers.flatMap(\.ports).map(\.name).filter { !$0.isEmpty }
            if named.contains(name) { continue }
            warn(
                loaded, "spec.ports[\(index)].targetPort", "no container of the selected pods has a port with the name \"\(name)\"",
                near: nearestWord(name, among: Set(named).sorted()))
        }
    }

    private mutating func check(_ ingress: Kubernetes.Ingress, _ loaded: LoadedObject) {
        guard let services = services[Self.namespace(loaded)] else { return }
        func check(_ backend: Kubernetes.IngressBackend, _ path: String) {
            guard let reference = backend.service else { return }
            guard let service = services[reference.name] else {
                return warn(
                    loaded, "\(path).service.name", "there is no Service \"\(reference.name)\" in these manifests",
                    near: nearestWord(reference.name, among: services.keys.sorted()))
            }
            let (port, isNamed) = (reference.port, !reference.port.name.isEmpty)
            guard service.spec.type != .externalName,
                !service.spec.ports.contains(where: { isNamed ? $0.name == port.name : $0.port == port.number })
            else { return }
            warn(
                loaded, "\(path).service.port.\(isNamed ? "name" : "number")",
                "Service \"\(reference.name)\" has no port \(isNamed ? "\"\(port.name)\"" : String(port.number))",
                near: isNamed ? nearestWord(port.name, among: service.spec.ports.map(\.name).filter { !$0.isEmpty }) : nil)
        }
        if let backend = ingress.spec.defaultBackend { check(backend, "spec.defaultBackend") }
        for (place, rule) in ingress.spec.rules.enumerated() {
            for (index, path) in (rule.http?.paths ?? []).enumerated() {
                check(path.backend, "spec.rules[\(place)].http.paths[\(index)].backend")
            }
        }
    }

    private mutating func check(_ autoscaler: Kubernetes.HorizontalPodAutoscaler, _ loaded: LoadedObject) {
        let target = autoscaler.spec.scaleTargetRef
        guard let known = scaled[Self.namespace(loaded)], Kubernetes.kinds.contains(where: { $0.kind == target.kind }),
            !known.contains("\(target.kind)/\(target.name)")
        else { return }
        let near = nearestWord("\(target.kind)/\(target.name)", among: known.sorted())
        warn(loaded, "spec.scaleTargetRef.name", "there is no \(target.kind) \"\(target.name)\" in these manifests", near: near)
    }

    /// The pods' own names are the Service's, which has to be headless for that.
    private mutating func check(_ set: Kubernetes.StatefulSet, _ loaded: LoadedObject) {
        let name = set.spec.serviceName
        guard !name.isEmpty, let services = services[Self.namespace(loaded)] else { return }
        guard let service = services[name] else {
            return warn(
                loaded, "spec.serviceName", "there is no Service \"\(name)\" in these manifests",
                near: nearestWord(name, among: services.keys.sorted()))
        }
        if service.spec.clusterIP != "None" {
            warn(loaded, "spec.serviceName", "Service \"\(name)\" is not headless: the pods get no names of their own")
        }
    }
}
