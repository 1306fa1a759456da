/// `kubectl describe node`.
enum NodeDescription {
    static func write(_ node: Kubernetes.Node, _ state: ClusterState, _ writer: inout DescriptionWriter) {
        let status = node.status
        writer.line("Name", node.metadata.name)
        writer.line("Roles", NodeRow.roles(of: node))
        writer.labels(node.metadata.labels)
        writer.annotations(node.metadata.annotations)
        writer.line("CreationTimestamp", node.metadata.createdText)
        let taints = node.spec.taints.sorted { ($0.effect, $0.key) < ($1.effect, $1.key) }
        writer.list("Taints", taints.map(text))
        writer.line("Unschedulable", node.spec.unschedulable ? "true" : "false")
        lease(of: node, state, &writer)
        conditions(status.conditions, &writer)
        writer.heading("Addresses")
        for address in status.addresses { writer.line(address.type, address.address, 1) }
        for (label, amounts) in [("Capacity", status.capacity), ("Allocatable", status.allocatable)] where !amounts.isEmpty {
            writer.heading(label)
            for (name, amount) in amounts.sorted(by: { $0.key < $1.key }) { writer.line(name, amount.text, 1) }
        }
        writer.heading("System Info")
        for (label, field) in [
            ("Machine ID", "machineID"), ("System UUID", "systemUUID"), ("Boot ID", "bootID"),
            ("Kernel Version", "kernelVersion"), ("OS Image", "osImage"), ("Operating System", "operatingSystem"),
            ("Architecture", "architecture"), ("Container Runtime Version", "containerRuntimeVersion"),
            ("Kubelet Version", "kubeletVersion"),
        ] {
            writer.line(label, status.nodeInfo[field]?.text ?? "", 1)
        }
        if !node.spec.podCIDR.isEmpty { writer.line("PodCIDR", node.spec.podCIDR) }
        if !node.spec.podCIDRs.isEmpty { writer.line("PodCIDRs", node.spec.podCIDRs.joined(separator: ",")) }
        NodeResources(node, state).write(&writer)
    }

    /// `Taint.ToString`
    private static func text(_ taint: Kubernetes.Taint) -> String {
        if taint.effect.isEmpty { return taint.value.isEmpty ? taint.key : "\(taint.key)=\(taint.value):" }
        return "\(taint.key)\(taint.value.isEmpty ? "" : "=\(taint.value)"):\(taint.effect)"
    }

    private static func lease(of node: Kubernetes.Node, _ state: ClusterState, _ writer: inout DescriptionWriter) {
        let key = ObjectKey(namespace: "kube-node-lease", name: node.metadata.name)
        guard let lease = state.store[keyPath: Kubernetes.Lease.shelf][key] else {
            writer.line("Lease", "Failed to get lease: leases.coordination.k8s.io \"\(node.metadata.name)\" not found")
            return
        }
        writer.heading("Lease")
        writer.line("HolderIdentity", lease.spec.holderIdentity ?? "<unset>", 1)
        writer.line("AcquireTime", lease.spec.acquireTime?.longText ?? "<unset>", 1)
        writer.line("RenewTime", lease.spec.renewTime?.longText ?? "<unset>", 1)
    }

    private static func conditions(_ conditions: [Kubernetes.Condition], _ writer: inout DescriptionWriter) {
        if conditions.isEmpty { return }
        writer.heading("Conditions")
        writer.header(["Type", "Status", "LastHeartbeatTime", "LastTransitionTime", "Reason", "Message"])
        for condition in conditions {
            let never = "Mon, 01 Jan 0001 00:00:00 +0000"
            writer.row([
                "\(condition.type) ", "\(condition.status) ", "\(condition.lastHeartbeatTime?.longText ?? never) ",
                "\(condition.lastTransitionTime?.longText ?? never) ", "\(condition.reason) ", condition.message,
            ])
        }
    }
}

/// What the pods of a node ask for (`describeNodeResource`).
private struct NodeResources {
    private let allocatable: [String: Kubernetes.Quantity]
    private let pods: [Kubernetes.Pod]
    private let now: Kubernetes.Time

    init(_ node: Kubernetes.Node, _ state: ClusterState) {
        allocatable = node.status.allocatable.isEmpty ? node.status.capacity : node.status.allocatable
        pods = state.store.pods.sorted.filter { $0.spec.nodeName == node.metadata.name && !$0.isFinished }
        now = state.now
    }

    func write(_ writer: inout DescriptionWriter) {
        writer.line("Non-terminated Pods", "(\(pods.count) in total)")
        writer.row(["Namespace", "Name", "", "CPU Requests", "CPU Limits", "Memory Requests", "Memory Limits", "Age"])
        writer.row(["---------", "----", "", "------------", "----------", "---------------", "-------------", "---"])
        var total: (requests: [String: Int64], limits: [String: Int64]) = ([:], [:])
        for pod in pods {
            let requests = SchedulerState.requests(of: pod.spec)
            let limits = SchedulerState.limits(of: pod.spec)
            total.requests.merge(requests, uniquingKeysWith: Kubernetes.Quantity.sum)
            total.limits.merge(limits, uniquingKeysWith: Kubernetes.Quantity.sum)
            writer.row(
                [pod.metadata.namespace, pod.metadata.name, ""]
                    + ["cpu", "memory"].flatMap { [share(requests, $0), share(limits, $0)] }
                    + [HumanDuration.age(of: pod.metadata.creationTimestamp, at: now)])
        }
        writer.heading("Allocated resources")
        writer.plain("(Total limits may be over 100 percent, i.e., overcommitted.)", 1)
        writer.row(["Resource", "Requests", "Limits"])
        writer.row(["--------", "--------", "------"])
        let standard = ["cpu", "memory", "ephemeral-storage"]
        for name in standard { writer.row([name, share(total.requests, name), share(total.limits, name)]) }
        let other = allocatable.keys.filter { !standard.contains($0) && $0 != "pods" && $0 != "storage" }.sorted()
        for name in other.filter({ $0.hasPrefix("hugepages-") }) {
            writer.row([name, share(total.requests, name), share(total.limits, name)])
        }
        for name in other.filter({ !$0.hasPrefix("hugepages-") }) {
            writer.row([name, Self.text(total.requests[name] ?? 0, name), Self.text(total.limits[name] ?? 0, name)])
        }
    }

    /// `250m (6%)`
    private func share(_ amounts: [String: Int64], _ name: String) -> String {
        let amount = amounts[name] ?? 0
        let all = allocatable[name]?.thousandths ?? 0
        return "\(Self.text(amount, name)) (\(all > 0 ? Int64(Double(amount) / Double(all) * 100) : 0)%)"
    }

    /// Thousandths as a quantity: bytes with a binary unit where one fits.
    private static func text(_ thousandths: Int64, _ name: String) -> String {
        guard name == "memory" || name == "ephemeral-storage" || name.hasPrefix("hugepages-"), thousandths % 1000 == 0 else {
            return Kubernetes.Quantity(thousandths: thousandths).text
        }
        var (value, unit) = (thousandths / 1000, 0)
        while value != 0, value % 1024 == 0, unit < 6 { (value, unit) = (value / 1024, unit + 1) }
        return "\(value)\(["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"][unit])"
    }
}
