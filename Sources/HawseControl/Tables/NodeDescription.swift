/// `kubectl describe node`.
enum NodeDescription {
    static func write(_ node: Kubernetes.Node, _ state: ClusterState, _ writer: inout DescriptionWriter) {
        writer.line("Roles", NodeRow.roles(of: node))
        writer.map("Labels", node.metadata.labels)
        writer.map("Annotations", node.metadata.annotations, separator: ": ")
        if let time = node.metadata.creationTimestamp { writer.line("CreationTimestamp", time.text) }
        writer.list("Taints", node.spec.taints.map { "\($0.key)\($0.value.isEmpty ? "" : "=\($0.value)"):\($0.effect)" })
        writer.line("Unschedulable", node.spec.unschedulable ? "true" : "false")
        writer.line("Conditions")
        for condition in node.status.conditions {
            writer.line(condition.type, "\(condition.status)  \(condition.reason)  \(condition.message)", indent: 1)
        }
        writer.line("Addresses")
        for address in node.status.addresses { writer.line(address.type, address.address, indent: 1) }
        for (label, amounts) in [("Capacity", node.status.capacity), ("Allocatable", node.status.allocatable)] {
            writer.line(label)
            for (name, amount) in amounts.sorted(by: { $0.key < $1.key }) { writer.line(name, amount.text, indent: 1) }
        }
        writer.line("PodCIDR", node.spec.podCIDR)
        writer.line("PodCIDRs", node.spec.podCIDRs.joined(separator: ","))
        let pods = state.store.pods.sorted.filter { $0.spec.nodeName == node.metadata.name && !$0.isFinished }
        writer.line("Non-terminated Pods", "(\(pods.count) in total)")
        for pod in pods { writer.line(pod.metadata.namespace, pod.metadata.name, indent: 1) }
    }
}
