import HawseWire

extension ClusterState {
    /// What a fresh cluster holds: four namespaces, the service ranges and the `kubernetes` Service.
    mutating func createFirstObjects() {
        for name in ["default", "kube-node-lease", "kube-public", "kube-system"] { createNamespace(name) }
        var ranges = Kubernetes.ServiceCIDR()
        ranges.metadata.name = "kubernetes"
        ranges.metadata.finalizers = ["networking.k8s.io/service-cidr-finalizer"]
        ranges.spec.cidrs = configuration.serviceCIDRs.map(\.description)
        ranges.status.conditions = [
            Kubernetes.Condition(type: "Ready", status: true, message: "Kubernetes Service CIDR is ready", at: now)
        ]
        create(ranges)
        createKubernetesService()
        createPriorityClasses()
    }

    /// Their UIDs are drawn apart, so that everybody else's are the same with and without them.
    private mutating func createPriorityClasses() {
        var own = RandomNames(seed: configuration.seed ^ 0x7072_696f)
        for priority in Kubernetes.PriorityClass.system { store.insert(stamped(priority, uid: own.uid())) }
    }

    mutating func createNamespace(_ name: String) {
        var namespace = Kubernetes.Namespace()
        namespace.metadata.name = name
        namespace.metadata.labels = ["kubernetes.io/metadata.name": name]
        namespace.spec.finalizers = ["kubernetes"]
        namespace.status.phase = "Active"
        create(namespace)
    }

    private mutating func createKubernetesService() {
        var service = Kubernetes.Service()
        service.metadata.name = "kubernetes"
        service.metadata.namespace = "default"
        service.metadata.labels = ["component": "apiserver", "provider": "kubernetes"]
        var port = Kubernetes.ServicePort()
        port.name = "https"
        port.port = 443
        port.protocol = .tcp
        port.targetPort = .int(configuration.apiServerPort)
        service.spec.ports = [port]
        service.spec.type = .clusterIP
        let first = IPAddress(
            family: clusterIPs[0].range.family, bits: clusterIPs[0].range.address.bits.adding(1))
        service.spec.clusterIP = first.description
        service.spec.clusterIPs = [first.description]
        ServiceDefaults.apply(&service)
        // The configured range is always large enough for its first address.
        _ = try? admit(service: &service, old: nil)
        create(service)
        createKubernetesEndpoints()
    }

    /// Kept by the API server itself, not by a controller: no owner, no serving or terminating condition.
    private mutating func createKubernetesEndpoints() {
        var address = Kubernetes.EndpointAddress()
        address.ip = configuration.apiServerAddress.description
        var port = Kubernetes.LegacyEndpointPort()
        port.name = "https"
        port.port = configuration.apiServerPort
        port.protocol = .tcp
        var subset = Kubernetes.EndpointSubset()
        subset.addresses = [address]
        subset.ports = [port]
        var endpoints = Kubernetes.Endpoints()
        endpoints.metadata.name = "kubernetes"
        endpoints.metadata.namespace = "default"
        endpoints.metadata.labels = ["endpointslice.kubernetes.io/skip-mirror": "true"]
        endpoints.subsets = [subset]
        create(endpoints)

        var endpoint = Kubernetes.Endpoint()
        endpoint.addresses = [address.ip]
        endpoint.conditions.ready = true
        var slicePort = Kubernetes.EndpointPort()
        slicePort.name = "https"
        slicePort.port = port.port
        slicePort.protocol = .tcp
        var slice = Kubernetes.EndpointSlice()
        slice.metadata.name = "kubernetes"
        slice.metadata.namespace = "default"
        slice.metadata.labels = ["kubernetes.io/service-name": "kubernetes"]
        slice.metadata.generation = 1
        slice.addressType = configuration.apiServerAddress.family == .ipv4 ? "IPv4" : "IPv6"
        slice.endpoints = [endpoint]
        slice.ports = [slicePort]
        create(slice)
    }
}
