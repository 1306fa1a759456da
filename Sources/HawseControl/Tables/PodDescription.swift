/// `kubectl describe pod`.
enum PodDescription {
    static func write(_ pod: Kubernetes.Pod, _ state: ClusterState, _ writer: inout DescriptionWriter) {
        let (spec, status) = (pod.spec, pod.status)
        writer.line("Name", pod.metadata.name)
        writer.line("Namespace", pod.metadata.namespace)
        if let priority = spec.priority { writer.line("Priority", String(priority)) }
        if !spec.priorityClassName.isEmpty { writer.line("Priority Class Name", spec.priorityClassName) }
        for (label, field) in [("Runtime Class Name", "runtimeClassName"), ("Service Account", "serviceAccountName")] {
            if let name = spec.other[field]?.text, !name.isEmpty { writer.line(label, name) }
        }
        writer.line("Node", spec.nodeName.isEmpty ? "<none>" : "\(spec.nodeName)/\(status.hostIP)")
        if let start = status.startTime { writer.line("Start Time", start.longText) }
        writer.labels(pod.metadata.labels)
        writer.annotations(pod.metadata.annotations)
        if let end = pod.metadata.deletionTimestamp, !pod.isFinished {
            writer.line("Status", "Terminating (lasts \(HumanDuration.age(of: end, at: state.now)))")
            writer.line("Termination Grace Period", "\(pod.metadata.deletionGracePeriodSeconds ?? 0)s")
        } else {
            writer.line("Status", status.phase)
        }
        if !status.reason.isEmpty { writer.line("Reason", status.reason) }
        if !status.message.isEmpty { writer.line("Message", status.message) }
        writer.line("IP", status.podIP)
        if status.podIPs.isEmpty { writer.line("IPs", "<none>") } else { writer.heading("IPs") }
        for address in status.podIPs { writer.line("IP", address.ip, 1) }
        if let owner = pod.metadata.controller { writer.line("Controlled By", "\(owner.kind)/\(owner.name)") }
        if let resources = spec.resources {
            writer.heading("Resources")
            ContainerDescription.resources(resources, 1, &writer)
        }
        let containers = ContainerDescription(pod: pod)
        if !spec.initContainers.isEmpty {
            containers.write("Init Containers", spec.initContainers, status.initContainerStatuses, &writer)
        }
        containers.write("Containers", spec.containers, status.containerStatuses, &writer)
        conditions(pod, &writer)
        VolumeDescription.write(spec, isTemplate: false, &writer)
        writer.line("QoS Class", status.qosClass)
        writer.labels(spec.nodeSelector, as: "Node-Selectors")
        writer.list("Tolerations", tolerations(spec))
        spread(spec, "", &writer)
    }

    private static func conditions(_ pod: Kubernetes.Pod, _ writer: inout DescriptionWriter) {
        if !pod.spec.readinessGates.isEmpty {
            writer.heading("Readiness Gates")
            writer.row(["Type", "Status"])
            for gate in pod.spec.readinessGates {
                writer.row(["\(gate.conditionType) ", "\(pod.condition(gate.conditionType)?.status ?? "<none>") "])
            }
        }
        if pod.status.conditions.isEmpty { return }
        writer.heading("Conditions")
        writer.row(["Type", "Status"])
        for condition in pod.status.conditions { writer.row(["\(condition.type) ", "\(condition.status) "]) }
    }

    static func tolerations(_ spec: Kubernetes.PodSpec) -> [String] {
        spec.tolerations.sorted { $0.key < $1.key }.map { toleration in
            var text = toleration.key
            if !toleration.value.isEmpty { text += "=\(toleration.value)" }
            if !toleration.effect.isEmpty { text += ":\(toleration.effect)" }
            if toleration.op == "Exists", toleration.value.isEmpty { text += text.isEmpty ? "op=Exists" : " op=Exists" }
            if let seconds = toleration.tolerationSeconds { text += " for \(seconds)s" }
            return text
        }
    }

    /// `describeTopologySpreadConstraints`
    static func spread(_ spec: Kubernetes.PodSpec, _ indent: String, _ writer: inout DescriptionWriter) {
        if spec.topologySpreadConstraints.isEmpty { return }
        let texts = spec.topologySpreadConstraints.sorted { $0.topologyKey < $1.topologyKey }.map { constraint in
            let selector = constraint.labelSelector.map { " for selector \(ResourceColumns.selector($0))" } ?? ""
            return "\(constraint.topologyKey):\(constraint.whenUnsatisfiable) when max skew \(constraint.maxSkew) is exceeded"
                + selector
        }
        writer.list("\(indent)Topology Spread Constraints", texts)
    }
}

/// The part `Pod Template:` of workloads (`DescribePodTemplate`).
enum PodTemplateDescription {
    static func write(_ template: Kubernetes.PodTemplate?, _ writer: inout DescriptionWriter) {
        writer.heading("Pod Template")
        guard let template else { return writer.write("<unset>", 1) }
        let spec = template.spec
        writer.labels(template.metadata.labels, as: "  Labels")
        if !template.metadata.annotations.isEmpty { writer.annotations(template.metadata.annotations, as: "  Annotations") }
        if let name = spec.other["serviceAccountName"]?.text, !name.isEmpty { writer.line("Service Account", name, 1) }
        let containers = ContainerDescription(pod: nil)
        if !spec.initContainers.isEmpty { containers.write("Init Containers", spec.initContainers, [], &writer) }
        containers.write("Containers", spec.containers, [], &writer)
        VolumeDescription.write(spec, isTemplate: true, &writer)
        PodDescription.spread(spec, "  ", &writer)
        if !spec.priorityClassName.isEmpty { writer.line("Priority Class Name", spec.priorityClassName, 1) }
        writer.labels(spec.nodeSelector, as: "  Node-Selectors")
        writer.list("  Tolerations", PodDescription.tolerations(spec))
    }
}
