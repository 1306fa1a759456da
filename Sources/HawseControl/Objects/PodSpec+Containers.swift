extension Kubernetes.PodSpec {
    /// Every container with the path of its field, in the order in which the API server visits them.
    func allContainers(at path: String) -> [(Kubernetes.Container, String)] {
        [("initContainers", initContainers), ("containers", containers), ("ephemeralContainers", ephemeralContainers)]
            .flatMap { field, list in list.enumerated().map { ($0.element, "\(path).\(field)[\($0.offset)]") } }
    }

    /// The names under which containers can use the pod's claims.
    var claimNames: [String] {
        (other["resourceClaims"]?.items ?? []).compactMap { $0["name"]?.text }.filter { !$0.isEmpty }
    }

    /// What the containers need together at any time, in thousandths (`AggregateContainerRequests`): all containers and
    /// sidecars side by side, or one init container beside the sidecars that were started before it.
    /// `missing`: what a container counts for that says nothing of a resource.
    func containerSum(
        _ amounts: KeyPath<Kubernetes.ResourceRequirements, [String: Kubernetes.Quantity]>, missing: [String: Int64] = [:]
    ) -> [String: Int64] {
        func add(_ container: Kubernetes.Container, to total: inout [String: Int64]) {
            let own = container.resources[keyPath: amounts]
            let all = own.mapValues(\.thousandths).merging(missing) { own, _ in own }
            total.merge(all, uniquingKeysWith: Kubernetes.Quantity.sum)
        }
        var sidecars: [String: Int64] = [:]
        var starting: [String: Int64] = [:]
        for container in initContainers {
            if container.restartPolicy == "Always" {
                add(container, to: &sidecars)
                starting.merge(sidecars, uniquingKeysWith: max)
            } else {
                var needed = sidecars
                add(container, to: &needed)
                starting.merge(needed, uniquingKeysWith: max)
            }
        }
        var result = sidecars
        for container in containers { add(container, to: &result) }
        return result.merging(starting, uniquingKeysWith: max)
    }

    /// An amount that a container has, for the notation of the sum.
    func firstAmount(
        of name: String, _ amounts: KeyPath<Kubernetes.ResourceRequirements, [String: Kubernetes.Quantity]>
    ) -> Kubernetes.Quantity? {
        (containers + initContainers).lazy.compactMap { $0.resources[keyPath: amounts][name] }.first
    }
}
