/// A node's row (`printNode`).
enum NodeRow {
    static func cells(_ node: Kubernetes.Node, _ state: ClusterState) -> [String] {
        func info(_ key: String) -> String {
            let text = node.status.nodeInfo[key]?.text ?? ""
            return text.isEmpty ? "<unknown>" : text
        }
        func address(_ type: String) -> String { node.status.addresses.first { $0.type == type }?.address ?? "<none>" }
        return [
            node.metadata.name, status(of: node), roles(of: node), ResourceColumns.age(node, state),
            node.status.nodeInfo["kubeletVersion"]?.text ?? "", address("InternalIP"), address("ExternalIP"),
            info("osImage"), info("kernelVersion"), info("containerRuntimeVersion"),
        ]
    }

    static func status(of node: Kubernetes.Node) -> String {
        let ready = node.status.conditions.first { $0.type == "Ready" }?.status
        let word = ready == nil ? "Unknown" : ready == "True" ? "Ready" : "NotReady"
        return node.spec.unschedulable ? "\(word),SchedulingDisabled" : word
    }

    static func roles(of node: Kubernetes.Node) -> String {
        let prefix = "node-role.kubernetes.io/"
        var roles = node.metadata.labels.keys.filter { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) }
        if let role = node.metadata.labels["kubernetes.io/role"], !role.isEmpty { roles.append(role) }
        return roles.isEmpty ? "<none>" : roles.sorted().joined(separator: ",")
    }
}
