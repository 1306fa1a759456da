/// `kubectl describe pod`.
enum PodDescription {
    static func write(_ pod: Kubernetes.Pod, _ state: ClusterState, _ writer: inout DescriptionWriter) {
        if let priority = pod.spec.priority { writer.line("Priority", String(priority)) }
        let host = pod.status.hostIP.isEmpty ? "" : "/\(pod.status.hostIP)"
        writer.line("Node", pod.spec.nodeName.isEmpty ? "<none>" : pod.spec.nodeName + host)
        if let start = pod.status.startTime { writer.line("Start Time", start.text) }
        writer.map("Labels", pod.metadata.labels)
        writer.map("Annotations", pod.metadata.annotations, separator: ": ")
        if let end = pod.metadata.deletionTimestamp {
            writer.line("Status", "Terminating (until \(end.text))")
            writer.line("Termination Grace Period", "\(pod.metadata.deletionGracePeriodSeconds ?? 0)s")
        } else {
            writer.line("Status", pod.status.phase)
        }
        if !pod.status.reason.isEmpty { writer.line("Reason", pod.status.reason) }
        writer.line("IP", pod.status.podIP)
        writer.line("IPs", pod.status.podIPs.isEmpty ? "<none>" : "")
        for address in pod.status.podIPs { writer.line("IP", address.ip, indent: 1) }
        if let owner = pod.metadata.controller { writer.line("Controlled By", "\(owner.kind)/\(owner.name)") }
        if !pod.spec.initContainers.isEmpty {
            writer.line("Init Containers")
            containers(pod.spec.initContainers, pod.status.initContainerStatuses, &writer)
        }
        writer.line("Containers")
        containers(pod.spec.containers, pod.status.containerStatuses, &writer)
        writer.line("Conditions")
        for condition in pod.status.conditions { writer.line(condition.type, condition.status, indent: 1) }
        writer.line("QoS Class", pod.status.qosClass)
        writer.line("Node-Selectors", ResourceColumns.labels(pod.spec.nodeSelector))
        writer.list("Tolerations", pod.spec.tolerations.map(toleration))
    }

    private static func toleration(_ toleration: Kubernetes.Toleration) -> String {
        var text = toleration.key
        if !toleration.value.isEmpty { text += "=\(toleration.value)" }
        if !toleration.effect.isEmpty { text += ":\(toleration.effect)" }
        if toleration.op == "Exists", toleration.value.isEmpty { text += " op=Exists" }
        if let seconds = toleration.tolerationSeconds { text += " for \(seconds)s" }
        return text
    }

    private static func containers(
        _ containers: [Kubernetes.Container], _ statuses: [Kubernetes.ContainerStatus],
        _ writer: inout DescriptionWriter
    ) {
        for container in containers {
            let status = statuses.first { $0.name == container.name }
            writer.line(container.name, indent: 1)
            writer.line("Image", container.image, indent: 2)
            let ports = container.ports.map { "\($0.containerPort)/\($0.protocol)\($0.name.isEmpty ? "" : " (\($0.name))")" }
            writer.line(ports.count > 1 ? "Ports" : "Port", ports.isEmpty ? "<none>" : ports.joined(separator: ", "), indent: 2)
            if let status { state(status, &writer) }
            for (label, amounts) in [("Limits", container.resources.limits), ("Requests", container.resources.requests)]
            where !amounts.isEmpty {
                writer.line(label, indent: 2)
                for (name, amount) in amounts.sorted(by: { $0.key < $1.key }) {
                    writer.line(name, amount.text, indent: 3)
                }
            }
            for (label, probe) in [
                ("Liveness", container.livenessProbe), ("Readiness", container.readinessProbe),
                ("Startup", container.startupProbe),
            ] {
                if let probe { writer.line(label, self.probe(probe), indent: 2) }
            }
        }
    }

    private static func state(_ status: Kubernetes.ContainerStatus, _ writer: inout DescriptionWriter) {
        if let running = status.state.running {
            writer.line("State", "Running", indent: 2)
            if let time = running.startedAt { writer.line("Started", time.text, indent: 3) }
        } else if let ended = status.state.terminated {
            writer.line("State", "Terminated", indent: 2)
            writer.line("Reason", ended.reason, indent: 3)
            writer.line("Exit Code", String(ended.exitCode), indent: 3)
        } else {
            writer.line("State", "Waiting", indent: 2)
            if let reason = status.state.waiting?.reason { writer.line("Reason", reason, indent: 3) }
        }
        writer.line("Ready", status.ready ? "True" : "False", indent: 2)
        writer.line("Restart Count", String(status.restartCount), indent: 2)
    }

    /// `http-get http://:8080/ delay=0s timeout=1s period=10s #success=1 #failure=3`
    private static func probe(_ probe: Kubernetes.Probe) -> String {
        var what = "unknown"
        if let http = probe.httpGet {
            what = "http-get \(http.scheme.lowercased())://\(http.host):\(http.port)\(http.path)"
        } else if let tcp = probe.tcpSocket {
            what = "tcp-socket \(tcp.host):\(tcp.port)"
        } else if let grpc = probe.grpc {
            what = "grpc <pod>:\(grpc.port) \(grpc.service ?? "")"
        } else if let exec = probe.exec {
            what = "exec [\(exec.command.joined(separator: " "))]"
        }
        return "\(what) delay=\(probe.initialDelaySeconds)s timeout=\(probe.timeoutSeconds)s "
            + "period=\(probe.periodSeconds)s #success=\(probe.successThreshold) #failure=\(probe.failureThreshold)"
    }
}
