import HawseModel

/// Containers of a pod, or of the template of pods (`describeContainers`).
struct ContainerDescription {
    /// `nil`: a template.
    let pod: Kubernetes.Pod?

    /// A template is indented by one level, and its containers' names by half a level more.
    private var indent: String { pod == nil ? "  " : "" }

    func write(
        _ label: String, _ containers: [Kubernetes.Container], _ statuses: [Kubernetes.ContainerStatus],
        _ writer: inout DescriptionWriter
    ) {
        writer.plain("\(indent)\(label):\(containers.isEmpty ? " <none>" : "")")
        for container in containers {
            let status = statuses.last { $0.name == container.name }
            writer.plain("\(indent.isEmpty ? "" : " ")\(container.name):", 1)
            if let status { writer.line("Container ID", status.containerID, 2) }
            writer.line("Image", container.image, 2)
            if let status { writer.line("Image ID", status.imageID, 2) }
            ports("Port", container.ports, \.containerPort, &writer)
            ports("Host Port", container.ports, \.hostPort, &writer)
            words("Command", container.command, &writer)
            words("Args", container.args, &writer)
            if let status { self.status(status, &writer) }
            Self.resources(container.resources, 2, &writer)
            for (name, probe) in [
                ("Liveness", container.livenessProbe), ("Readiness", container.readinessProbe),
                ("Startup", container.startupProbe),
            ] {
                if let probe { writer.line(name, Self.text(probe), 2) }
            }
            environmentSources(container, &writer)
            environment(container, &writer)
            mounts(container, &writer)
        }
    }

    private func ports(
        _ label: String, _ ports: [Kubernetes.ContainerPort], _ number: KeyPath<Kubernetes.ContainerPort, Int>,
        _ writer: inout DescriptionWriter
    ) {
        let texts = ports.map { "\($0[keyPath: number])/\($0.protocol)\($0.name.isEmpty ? "" : " (\($0.name))")" }
        writer.line(texts.count > 1 ? label + "s" : label, texts.isEmpty ? "<none>" : texts.joined(separator: ", "), 2)
    }

    private func words(_ label: String, _ words: [String], _ writer: inout DescriptionWriter) {
        if words.isEmpty { return }
        writer.heading(label, 2)
        for word in words {
            for line in word.split(separator: "\n", omittingEmptySubsequences: false) { writer.plain(String(line), 3) }
        }
    }

    static func resources(
        _ resources: Kubernetes.ResourceRequirements, _ level: Int, _ writer: inout DescriptionWriter
    ) {
        for (label, amounts) in [("Limits", resources.limits), ("Requests", resources.requests)] where !amounts.isEmpty {
            writer.heading(label, level)
            for (name, amount) in amounts.sorted(by: { $0.key < $1.key }) { writer.line(name, amount.text, level + 1) }
        }
    }

    // MARK: state

    private func status(_ status: Kubernetes.ContainerStatus, _ writer: inout DescriptionWriter) {
        state("State", status.state, &writer)
        if status.lastState.terminated != nil { state("Last State", status.lastState, &writer) }
        writer.line("Ready", status.ready ? "True" : "False", 2)
        writer.line("Restart Count", String(status.restartCount), 2)
    }

    private func state(_ label: String, _ state: Kubernetes.ContainerState, _ writer: inout DescriptionWriter) {
        if let running = state.running {
            writer.line(label, "Running", 2)
            if let time = running.startedAt { writer.line("Started", time.longText, 3) }
        } else if let ended = state.terminated, state.waiting == nil {
            writer.line(label, "Terminated", 2)
            if !ended.reason.isEmpty { writer.line("Reason", ended.reason, 3) }
            if !ended.message.isEmpty { writer.line("Message", ended.message, 3) }
            writer.line("Exit Code", String(ended.exitCode), 3)
            if let time = ended.startedAt { writer.line("Started", time.longText, 3) }
            if let time = ended.finishedAt { writer.line("Finished", time.longText, 3) }
        } else {
            writer.line(label, "Waiting", 2)
            if let reason = state.waiting?.reason, !reason.isEmpty { writer.line("Reason", reason, 3) }
        }
    }

    /// `http-get http://:8080/ delay=0s timeout=1s period=10s #success=1 #failure=3`
    static func text(_ probe: Kubernetes.Probe) -> String {
        var what = "unknown"
        if let exec = probe.exec {
            what = "exec [\(exec.command.joined(separator: " "))]"
        } else if let http = probe.httpGet {
            let host = http.host.contains(":") ? "[\(http.host)]" : http.host
            what = "http-get \(http.scheme.isEmpty ? "" : http.scheme.lowercased() + ":")//\(host):\(http.port)\(http.path)"
        } else if let tcp = probe.tcpSocket {
            what = "tcp-socket \(tcp.host):\(tcp.port)"
        } else if let grpc = probe.grpc {
            what = "grpc <pod>:\(grpc.port) \(grpc.service ?? "")"
        }
        return "\(what) delay=\(probe.initialDelaySeconds)s timeout=\(probe.timeoutSeconds)s "
            + "period=\(probe.periodSeconds)s #success=\(probe.successThreshold) #failure=\(probe.failureThreshold)"
    }

    // MARK: environment

    private func items(_ container: Kubernetes.Container, _ field: String) -> [ManifestNode] {
        guard case .list(let items)? = container.other[field]?.value else { return [] }
        return items
    }

    private func isOptional(_ reference: ManifestNode) -> String { reference["optional"]?.text == "true" ? "true" : "false" }

    private func environmentSources(_ container: Kubernetes.Container, _ writer: inout DescriptionWriter) {
        let sources = items(container, "envFrom")
        if sources.isEmpty { return }
        writer.heading("Environment Variables from", 2)
        for source in sources {
            let map = source["configMapRef"]
            let reference = map ?? source["secretRef"] ?? source
            let kind = map != nil ? "ConfigMap" : source["secretRef"] != nil ? "Secret" : ""
            let prefix = source["prefix"]?.text ?? ""
            writer.row(
                [
                    reference["name"]?.text ?? "", prefix.isEmpty ? kind : "\(kind) with prefix '\(prefix)'",
                    "Optional: \(isOptional(reference))",
                ], 3)
        }
    }

    private func environment(_ container: Kubernetes.Container, _ writer: inout DescriptionWriter) {
        let variables = items(container, "env")
        writer.plain("Environment:\(variables.isEmpty ? "\t<none>" : "")", 2)
        for variable in variables {
            let name = variable["name"]?.text ?? ""
            guard let source = variable["valueFrom"] else {
                let lines = (variable["value"]?.text ?? "").split(separator: "\n", omittingEmptySubsequences: false)
                writer.line(name, String(lines.first ?? ""), 3)
                for line in lines.dropFirst() { writer.plain("\t\(line)", 3) }
                continue
            }
            if let field = source["fieldRef"] {
                let path = field["fieldPath"]?.text ?? ""
                writer.line(name, "\(value(of: path)) (\(field["apiVersion"]?.text ?? "v1"):\(path))", 3)
            } else if let resource = source["resourceFieldRef"]?["resource"]?.text {
                writer.line(name, "\(amount(resource, container)) (\(resource))", 3)
            } else if let key = source["secretKeyRef"] {
                let text = "<set to the key '\(key["key"]?.text ?? "")' in secret '\(key["name"]?.text ?? "")'>"
                writer.line(name, "\(text)\tOptional: \(isOptional(key))", 3)
            } else if let key = source["configMapKeyRef"] {
                let text = "<set to the key '\(key["key"]?.text ?? "")' of config map '\(key["name"]?.text ?? "")'>"
                writer.line(name, "\(text)\tOptional: \(isOptional(key))", 3)
            }
        }
    }

    /// `limits.cpu` in whole units, rounded up.
    private func amount(_ resource: String, _ container: Kubernetes.Container) -> String {
        let parts = resource.split(separator: ".", maxSplits: 1).map(String.init)
        guard parts.count == 2 else { return "" }
        let amounts = parts[0] == "limits" ? container.resources.limits : container.resources.requests
        guard let amount = amounts[parts[1]] else { return parts[0] == "limits" ? "node allocatable" : "0" }
        return String(amount.units)
    }

    /// A field of the pod that an environment variable may name.
    private func value(of path: String) -> String {
        guard let pod else { return "" }
        switch path {
        case "metadata.name": return pod.metadata.name
        case "metadata.namespace": return pod.metadata.namespace
        case "metadata.uid": return pod.metadata.uid
        case "spec.nodeName": return pod.spec.nodeName
        case "spec.serviceAccountName": return pod.spec.other["serviceAccountName"]?.text ?? ""
        case "status.hostIP": return pod.status.hostIP
        case "status.podIP": return pod.status.podIP
        case "status.podIPs": return pod.status.podIPs.map(\.ip).joined(separator: ",")
        default:
            func key(_ field: String) -> String? {
                path.hasPrefix("\(field)['") && path.hasSuffix("']") ? String(path.dropFirst(field.count + 2).dropLast(2)) : nil
            }
            if let name = key("metadata.labels") { return pod.metadata.labels[name] ?? "" }
            if let name = key("metadata.annotations") { return pod.metadata.annotations[name] ?? "" }
            return ""
        }
    }

    // MARK: mounts

    private func mounts(_ container: Kubernetes.Container, _ writer: inout DescriptionWriter) {
        let mounts = items(container, "volumeMounts")
        writer.plain("Mounts:\(mounts.isEmpty ? "\t<none>" : "")", 2)
        for mount in mounts.sorted(by: { ($0["mountPath"]?.text ?? "") < ($1["mountPath"]?.text ?? "") }) {
            var flags = [mount["readOnly"]?.text == "true" ? "ro" : "rw"]
            if let path = mount["subPath"]?.text, !path.isEmpty { flags.append("path=\"\(path)\"") }
            writer.plain("\(mount["mountPath"]?.text ?? "") from \(mount["name"]?.text ?? "") (\(flags.joined(separator: ",")))", 3)
        }
        let devices = items(container, "volumeDevices")
        if devices.isEmpty { return }
        writer.plain("Devices:\(mounts.isEmpty ? "\t<none>" : "")", 2)
        for device in devices.sorted(by: { ($0["devicePath"]?.text ?? "") < ($1["devicePath"]?.text ?? "") }) {
            writer.plain("\(device["devicePath"]?.text ?? "") from \(device["name"]?.text ?? "")", 3)
        }
    }
}
