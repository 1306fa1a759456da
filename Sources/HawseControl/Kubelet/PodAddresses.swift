import HawseWire

extension ClusterState {
    /// A node's ranges become allocators.
    mutating func nodeAdded(_ node: Kubernetes.Node) {
        collections[node.metadata.name] = nil
        let ranges = node.spec.podCIDRs.isEmpty ? [node.spec.podCIDR] : node.spec.podCIDRs
        podAddresses[node.metadata.name] = ranges.compactMap { IPPrefix($0) }.map { PodAddressAllocator(range: $0) }
        for text in reservedPodAddresses { reserve(text, on: node.metadata.name) }
        // A node that comes back finds the pods that nobody has collected yet.
        for pod in store.pods.all where pod.spec.nodeName == node.metadata.name && !pod.spec.hostNetwork {
            for address in pod.status.podIPs { reserve(address.ip, on: node.metadata.name) }
        }
    }

    mutating func podAdopted(_ pod: Kubernetes.Pod) {
        if pod.metadata.isTerminating { recordedTerminations.insert(pod.metadata.uid) }
        guard !pod.spec.hostNetwork else { return }
        for address in pod.status.podIPs { reservePodAddress(address.ip) }
    }

    mutating func reservePodAddress(_ text: String) {
        guard !text.isEmpty else { return }
        reservedPodAddresses.insert(text)
        for node in podAddresses.keys { reserve(text, on: node) }
    }

    private mutating func reserve(_ text: String, on node: String) {
        guard let address = IPAddress(text) else { return }
        for index in podAddresses[node]?.indices ?? 0..<0 { podAddresses[node]?[index].reserve(address) }
    }

    /// The addresses of a pod that starts: the node's own for host networking, scripted ones, or the next free ones.
    mutating func allocateAddresses(for pod: Kubernetes.Pod, on node: Kubernetes.Node) -> [String] {
        if pod.spec.hostNetwork {
            let addresses = node.internalIPs
            return configuration.isDualStack ? addresses : Array(addresses.prefix(1))
        }
        let scripted = PodScript(pod).addresses
        if !scripted.isEmpty { return scripted }
        var addresses: [String] = []
        for index in podAddresses[node.metadata.name]?.indices ?? 0..<0 {
            if let address = podAddresses[node.metadata.name]?[index].allocate() {
                addresses.append(address.description)
            }
        }
        return addresses
    }

    mutating func releaseAddresses(of pod: Kubernetes.Pod) {
        guard !pod.spec.hostNetwork else { return }
        for text in pod.status.podIPs.map(\.ip) {
            guard let address = IPAddress(text) else { continue }
            for index in podAddresses[pod.spec.nodeName]?.indices ?? 0..<0 {
                podAddresses[pod.spec.nodeName]?[index].release(address)
            }
        }
    }
}
